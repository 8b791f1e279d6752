import { setTimeout } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { MAX_WEIGHT } from '@kubecity/routing';
import type { KubeClient } from './client.ts';
import { isKubeError, KubeError } from './error.ts';
import { resources } from './resource.ts';

const name = { type: 'string', minLength: 1, maxLength: 253 };
const listOf = (items: object, maxItems: number) => ({ type: 'array', items, maxItems });
const count = { type: 'integer', format: 'int64', minimum: 0 };

const backends = {
  type: 'object',
  description: 'Who: all given fields must match; every backend of the Service when absent.',
  properties: {
    selector: {
      type: 'object',
      required: ['matchLabels'],
      properties: { matchLabels: { type: 'object', additionalProperties: { type: 'string', maxLength: 63 } } },
    },
    podNames: listOf(name, 1000),
    nodeNames: listOf(name, 1000),
    zones: listOf(name, 100),
    addresses: listOf({ type: 'string', minLength: 1, maxLength: 45 }, 1000),
  },
};

const spec = {
  type: 'object',
  required: ['service'],
  properties: {
    service: { ...name, description: 'Name of a Service in this namespace.' },
    ports: {
      ...listOf({ type: 'string', maxLength: 63 }, 100),
      description: 'Names of ports of the Service; every port when absent.',
    },
    backends,
    weight: {
      type: 'integer',
      minimum: 0,
      maximum: MAX_WEIGHT,
      description: 'Share of new connections of each backend, relative to the others; 100 is neutral, 0 is none.',
    },
    drain: {
      type: 'object',
      description: 'No new connections; what is open goes on.',
      properties: {
        existing: {
          type: 'string',
          enum: ['wait'],
          default: 'wait',
          description: 'What becomes of open connections: they are waited for.',
        },
        sticky: {
          type: 'string',
          enum: ['keep', 'expire'],
          default: 'expire',
          description: 'Whether clients that session affinity holds here may still come back until their window ends.',
        },
      },
    },
    allowEmpty: {
      type: 'boolean',
      default: false,
      description: 'Without it the agents lift this override rather than leave a Service with no backend.',
    },
    reason: { type: 'string', maxLength: 1024, description: 'Why, for whoever finds it later.' },
  },
  oneOf: [{ required: ['weight'] }, { required: ['drain'] }],
};

const condition = {
  type: 'object',
  required: ['type', 'status', 'lastTransitionTime', 'reason', 'message'],
  properties: {
    type: { type: 'string', enum: ['Accepted', 'Programmed', 'Drained'] },
    status: { type: 'string', enum: ['True', 'False', 'Unknown'] },
    observedGeneration: count,
    lastTransitionTime: { type: 'string', format: 'date-time' },
    reason: { type: 'string', maxLength: 1024 },
    message: { type: 'string', maxLength: 32_768 },
  },
};

const status = {
  type: 'object',
  properties: {
    observedGeneration: count,
    conditions: {
      ...listOf(condition, 8),
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['type'],
    },
    nodes: {
      type: 'object',
      description: 'Nodes whose kernels are to hold this override, and those that have not confirmed it.',
      properties: {
        desired: count,
        acknowledged: count,
        waitingFor: { ...listOf(name, 100), description: 'The first hundred by name.' },
      },
    },
    connections: {
      type: 'object',
      description: 'Still open on the backends of this override, over all nodes.',
      properties: {
        moving: count,
        idle: count,
        closing: count,
        waiting: count,
        coverage: { type: 'string', enum: ['complete', 'atLeast'] },
      },
    },
  },
};

const column = (title: string, type: string, jsonPath: string) => ({ name: title, type, jsonPath });

const version = {
  name: resources.routingOverrides.version,
  served: true,
  storage: true,
  schema: {
    openAPIV3Schema: {
      type: 'object',
      description: "An operator's wish about the backends of one Service: a weight for each, or a drain.",
      required: ['spec'],
      properties: {
        apiVersion: { type: 'string' },
        kind: { type: 'string' },
        metadata: { type: 'object' },
        spec,
        status,
      },
    },
  },
  subresources: { status: {} },
  additionalPrinterColumns: [
    column('Service', 'string', '.spec.service'),
    column('Weight', 'integer', '.spec.weight'),
    column('Drain', 'string', '.spec.drain.existing'),
    column('Accepted', 'string', '.status.conditions[?(@.type=="Accepted")].status'),
    column('Programmed', 'string', '.status.conditions[?(@.type=="Programmed")].status'),
    column('Age', 'date', '.metadata.creationTimestamp'),
  ],
};

const { group, plural } = resources.routingOverrides;

/** What `overrideSpec` of @kubecity/routing says, in the words of apiextensions.k8s.io/v1. */
export const routingOverrideCrd = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${plural}.${group}` },
  spec: {
    group,
    names: {
      kind: 'RoutingOverride',
      listKind: 'RoutingOverrideList',
      plural,
      singular: 'routingoverride',
      shortNames: ['ro'],
    },
    scope: 'Namespaced',
    versions: [version],
  },
};

interface StoredCrd {
  metadata: { name: string; resourceVersion?: string };
  spec: { versions: { schema?: unknown; additionalPrinterColumns?: unknown; subresources?: unknown }[] };
  status?: { conditions?: { type: string; status: string }[] };
}

const ESTABLISH_TRIES = 50;
const ESTABLISH_PAUSE_MILLISECONDS = 200;

/**
 * Creates the CRD or brings its schema up to ours, and waits until the server serves it. Rejects with a KubeError:
 * `forbidden` when this identity may not, `unreachable` when the server does not establish it within ten seconds.
 */
export async function ensureCrd(client: KubeClient): Promise<void> {
  const crds = resources.customResourceDefinitions;
  const address = { name: routingOverrideCrd.metadata.name };
  const stored = await client.get<StoredCrd>(crds, address).catch(ignore('not-found'));
  if (stored === undefined) {
    // somebody else may create it at the same moment, from the same text
    await client.create(crds, routingOverrideCrd).catch(ignore('already-exists'));
  } else if (!isDeepStrictEqual(ours(stored.spec.versions[0]), ours(version))) {
    const { resourceVersion } = stored.metadata;
    await client.replace(crds, { ...routingOverrideCrd, metadata: { ...address, resourceVersion } });
  }
  for (let tries = 0; tries < ESTABLISH_TRIES; tries++) {
    const { status } = await client.get<StoredCrd>(crds, address);
    if (status?.conditions?.some(({ type, status }) => type === 'Established' && status === 'True')) return;
    await setTimeout(ESTABLISH_PAUSE_MILLISECONDS);
  }
  throw new KubeError('unreachable', `establish ${address.name}`, 'the API server does not serve it yet');
}

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
