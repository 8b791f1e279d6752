import { CHANGE_ANNOTATION, type KubeRoutingOverride } from '@kubecity/routing';
import type { KubeClient } from './client.ts';
import { isKubeError, KubeError } from './error.ts';
import { overrideResource } from './override-change.ts';
import { resources } from './resource.ts';

/** One object to be written, as a plan has it. */
export interface OverrideWrite {
  readonly verb: 'create' | 'replace' | 'delete';
  /** For `create` and `replace` as it shall be, with the generation and version that it replaces; for `delete` as it is. */
  readonly object: KubeRoutingOverride;
  /** Of `replace`: what there was, to put it back. */
  readonly previous?: KubeRoutingOverride;
}

export interface WriteOptions {
  /** Acts as the person who asks. */
  readonly client: KubeClient;
  /** Sees every override; `client` when absent. */
  readonly observer?: Pick<KubeClient, 'list'>;
  /** Becomes an annotation of the object. */
  readonly changeId: string;
  /**
   * Whether somebody was faster: judged on all overrides of the moment of the write. In words what; then the write is taken
   * back, so that of two who write at the same moment exactly one wins.
   */
  readonly overtaken?: (then: readonly KubeRoutingOverride[]) => string | undefined;
}

export class WriteRefusal extends Error {
  readonly code: 'forbidden' | 'conflict';
  /** Was written for a moment and taken back. */
  readonly withdrawn?: KubeRoutingOverride;

  constructor(code: WriteRefusal['code'], message: string, withdrawn?: KubeRoutingOverride) {
    super(message);
    this.code = code;
    this.withdrawn = withdrawn;
  }
}

const VERBS = { create: 'create', replace: 'update', delete: 'delete' } as const;
/** A status that is written meanwhile is no change of the wish. */
const MOST_TRIES = 5;

/**
 * Writes one override, after asking the cluster whether this person may, and only if it still is what was decided on.
 * Returns it as it is stored; undefined of a deletion. Rejects with a WriteRefusal, or a KubeError.
 */
export async function writeOverride(
  write: OverrideWrite,
  options: WriteOptions,
): Promise<KubeRoutingOverride | undefined> {
  await requireRight(write, options.client);
  if (write.verb === 'delete') {
    await remove(write.object, options.client);
    return undefined;
  }
  const annotations = { ...write.object.metadata.annotations, [CHANGE_ANNOTATION]: options.changeId };
  const object = { ...write.object, metadata: { ...write.object.metadata, annotations } };
  const stored = write.verb === 'create' ? await create(object, options.client) : await replace(object, options.client);
  const why = options.overtaken?.(await overridesThen(stored, options.observer ?? options.client));
  if (why === undefined) return stored;
  await takeBack(write, stored, options.client);
  throw new WriteRefusal(
    'conflict',
    `Somebody else was faster: ${why}. Nothing was done; look again and repeat.`,
    stored,
  );
}

async function requireRight({ verb: action, object }: OverrideWrite, client: KubeClient): Promise<void> {
  const { namespace, name } = object.metadata;
  const { group, plural: resource } = overrideResource(object.metadata);
  const verb = VERBS[action];
  const { allowed, reason } = await client.selfAccess({ verb, group, resource, namespace, name });
  if (allowed) return;
  const what = namespace === undefined ? 'ClusterRoutingOverrides' : `RoutingOverrides in namespace ${namespace}`;
  throw new WriteRefusal('forbidden', `You may not ${verb} ${what}${reason ? ` (${reason})` : ''}.`);
}

function create(object: KubeRoutingOverride, client: KubeClient): Promise<KubeRoutingOverride> {
  const { resourceVersion: _, uid: __, generation: ___, creationTimestamp: ____, ...metadata } = object.metadata;
  return client.create<KubeRoutingOverride>(overrideResource(metadata), { ...object, metadata });
}

function replace(object: KubeRoutingOverride, client: KubeClient): Promise<KubeRoutingOverride> {
  // a watch keeps only half of each manager, which an API server would refuse to read
  const { managedFields: _, ...metadata } = object.metadata as KubeRoutingOverride['metadata'] & {
    managedFields?: unknown;
  };
  return unlessChanged(object, client, (resourceVersion) =>
    client.replace<KubeRoutingOverride>(overrideResource(metadata), {
      ...object,
      metadata: { ...metadata, resourceVersion },
    }),
  );
}

function remove(object: KubeRoutingOverride, client: KubeClient): Promise<void> {
  const { namespace, name, uid } = object.metadata;
  return unlessChanged(object, client, (resourceVersion) =>
    client.delete(overrideResource(object.metadata), { namespace, name }, { uid, resourceVersion }),
  );
}

/** Tries again with the version that there is now, as long as it is the same object with the same spec. */
async function unlessChanged<T>(
  { metadata }: KubeRoutingOverride,
  client: KubeClient,
  attempt: (resourceVersion: string | undefined) => Promise<T>,
): Promise<T> {
  const { namespace, name, uid, generation } = metadata;
  let { resourceVersion } = metadata;
  for (let tries = 1; ; tries++) {
    try {
      return await attempt(resourceVersion);
    } catch (error) {
      if (!isKubeError(error, 'conflict') || tries === MOST_TRIES) throw error;
      const current = await client.get<KubeRoutingOverride>(overrideResource(metadata), { namespace, name });
      if (current.metadata.uid !== uid || current.metadata.generation !== generation) throw error;
      resourceVersion = current.metadata.resourceVersion;
    }
  }
}

/**
 * All overrides at the very version at which this one was written, so that whoever wrote before is seen and whoever wrote
 * later is not: the order is the API server's, and both sides see the same.
 */
async function overridesThen(stored: KubeRoutingOverride, observer: Pick<KubeClient, 'list'>) {
  const { resourceVersion: at, namespace } = stored.metadata;
  const lists = await Promise.all(
    [resources.routingOverrides, resources.clusterRoutingOverrides].map((resource) =>
      observer
        .list<KubeRoutingOverride>(resource, { at, namespace: resource.namespaced ? namespace : undefined })
        .catch((error: unknown) => {
          // a person who sees one namespace only, or a cluster without the second kind
          if (isKubeError(error, 'forbidden') || isKubeError(error, 'not-found')) return { items: [] };
          throw error;
        }),
    ),
  );
  return lists.flatMap(({ items }) => items);
}

async function takeBack(
  { verb, previous }: OverrideWrite,
  stored: KubeRoutingOverride,
  client: KubeClient,
): Promise<void> {
  try {
    if (verb === 'create') await remove(stored, client);
    else if (previous) {
      const { labels, annotations } = previous.metadata;
      await replace({ ...stored, metadata: { ...stored.metadata, labels, annotations }, spec: previous.spec }, client);
    }
  } catch (error) {
    const gone = error instanceof KubeError && (error.code === 'not-found' || error.code === 'conflict');
    if (!gone) throw error; // somebody changed it again: that is theirs now
  }
}
