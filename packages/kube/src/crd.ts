import { setTimeout } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { KubeClient } from './client.ts';
import { isKubeError, KubeError } from './error.ts';
import { specSchema, statusSchema } from './override-schema.ts';
import { type Resource, resources } from './resource.ts';

const column = (title: string, type: string, jsonPath: string) => ({ name: title, type, jsonPath });

/** Of both kinds; only one of a namespace can name a Service. */
function columnsOf(cluster: boolean) {
  const condition = (type: string) => column(type, 'string', `.status.conditions[?(@.type=="${type}")].status`);
  return [
    ...(cluster ? [] : [column('Service', 'string', '.spec.service')]),
    column('Weight', 'integer', '.spec.weight'),
    column('Share', 'integer', '.spec.share'),
    column('Drain', 'string', '.spec.drain.existing'),
    ...['Accepted', 'Programmed', 'Drained'].map(condition),
    // a column of type date tells how long ago: of what is to come kubectl would say <invalid>
    column('Expires', 'string', '.spec.expiresAt'),
    column('Age', 'date', '.metadata.creationTimestamp'),
  ];
}

function definition(resource: Resource, kind: string, shortName: string, description: string) {
  const { group, version, plural, namespaced } = resource;
  const text = { type: 'string' };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      names: { kind, listKind: `${kind}List`, plural, singular: kind.toLowerCase(), shortNames: [shortName] },
      scope: namespaced ? 'Namespaced' : 'Cluster',
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: {
              type: 'object',
              description,
              required: ['spec'],
              properties: {
                apiVersion: text,
                kind: text,
                metadata: { type: 'object' },
                spec: specSchema(!namespaced),
                status: statusSchema,
              },
            },
          },
          subresources: { status: {} },
          additionalPrinterColumns: columnsOf(!namespaced),
        },
      ],
    },
  };
}
type Definition = ReturnType<typeof definition>;

export const routingOverrideCrd = definition(
  resources.routingOverrides,
  'RoutingOverride',
  'ro',
  "An operator's wish about backends of the Services of a namespace: a weight for each, a share for all, or a drain.",
);

export const clusterRoutingOverrideCrd = definition(
  resources.clusterRoutingOverrides,
  'ClusterRoutingOverride',
  'cro',
  "An operator's wish about backends of every Service of the cluster: a weight for each, a share for all, or a drain.",
);

interface StoredCrd {
  metadata: { name: string; resourceVersion?: string };
  spec: { versions: { schema?: unknown; additionalPrinterColumns?: unknown; subresources?: unknown }[] };
  status?: { conditions?: { type: string; status: string }[] };
}

const ESTABLISH_TRIES = 50;
const ESTABLISH_PAUSE_MILLISECONDS = 200;

/**
 * Creates both CRDs or brings their schemas up to ours, and waits until the server serves them. Rejects with a KubeError:
 * `forbidden` when this identity may not, `unreachable` when the server does not establish one within ten seconds.
 */
export async function ensureCrd(client: KubeClient): Promise<void> {
  for (const crd of [routingOverrideCrd, clusterRoutingOverrideCrd]) await ensure(client, crd);
}

/** How the definition in the cluster stands to ours, of each kind. Rejects with a KubeError other than `not-found`. */
export async function crdStates(client: KubeClient): Promise<{ name: string; state: 'same' | 'other' | 'absent' }[]> {
  return Promise.all(
    [routingOverrideCrd, clusterRoutingOverrideCrd].map(async (crd) => {
      const { name } = crd.metadata;
      const stored = await client
        .get<StoredCrd>(resources.customResourceDefinitions, { name })
        .catch(ignore('not-found'));
      if (stored === undefined) return { name, state: 'absent' };
      return { name, state: sameAs(stored, crd) ? 'same' : 'other' };
    }),
  );
}

async function ensure(client: KubeClient, crd: Definition): Promise<void> {
  const crds = resources.customResourceDefinitions;
  const address = { name: crd.metadata.name };
  const stored = await client.get<StoredCrd>(crds, address).catch(ignore('not-found'));
  if (stored === undefined) {
    // somebody else may create it at the same moment, from the same text
    await client.create(crds, crd).catch(ignore('already-exists'));
  } else if (!sameAs(stored, crd)) {
    const { resourceVersion } = stored.metadata;
    await client.replace(crds, { ...crd, metadata: { ...address, resourceVersion } });
  }
  for (let tries = 0; tries < ESTABLISH_TRIES; tries++) {
    const { status } = await client.get<StoredCrd>(crds, address);
    if (status?.conditions?.some(({ type, status }) => type === 'Established' && status === 'True')) return;
    await setTimeout(ESTABLISH_PAUSE_MILLISECONDS);
  }
  throw new KubeError('unreachable', `establish ${address.name}`, 'the API server does not serve it yet');
}

const sameAs = (stored: StoredCrd, crd: Definition): boolean =>
  isDeepStrictEqual(ours(stored.spec.versions[0]), ours(crd.spec.versions[0]));

const ours = (stored: StoredCrd['spec']['versions'][0] | undefined) => ({
  schema: stored?.schema,
  subresources: stored?.subresources,
  additionalPrinterColumns: stored?.additionalPrinterColumns,
});

function ignore(code: 'not-found' | 'already-exists') {
  return (error: unknown): undefined => {
    if (!isKubeError(error, code)) throw error;
  };
}
