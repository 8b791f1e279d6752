import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Cluster } from '../cluster.ts';
import { forbiddenField } from '../field-error.ts';
import type { JsonObject, KubeObject } from '../object.ts';
import { apiVersionOf, type ResourceType } from '../resource-type.ts';
import { objectSelector, type Predicate } from '../selectors.ts';
import { asApiError, invalid } from '../status.ts';
import type { Change } from '../store.ts';
import { listPage } from './list.ts';
import type { Query } from './query.ts';
import { served, tableOf } from './table.ts';

export interface WatchTarget {
  readonly type: ResourceType;
  readonly namespace: string | undefined;
  /** A watch of one object, by its name in the path. */
  readonly name: string | undefined;
  readonly query: Query;
  readonly table: boolean;
}

export interface WatchPace {
  readonly bookmarkEveryMs: number;
}

/** A reader that lags this far behind is cut off: it comes back with its resourceVersion and loses nothing. */
const MAX_UNREAD_BYTES = 16 * 1024 * 1024;
/** kube-apiserver ends a watch without a wish of its own after 30 minutes or more. */
const DEFAULT_SECONDS = 1800;

/** Streams changes as lines of JSON until the client, the server or the time limit ends it. */
export function serveWatch(
  cluster: Cluster,
  target: WatchTarget,
  pace: WatchPace,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const { type, namespace, name, query } = target;
  if (query.sendInitialEvents !== undefined) {
    const why = 'sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled';
    throw invalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, [forbiddenField('sendInitialEvents', why)]);
  }
  const selector = objectSelector(query.labelSelector, query.fieldSelector, type.fieldSelectors);
  const wanted: Predicate = (object) =>
    (namespace === undefined || object.metadata.namespace === namespace) &&
    (name === undefined || object.metadata.name === name) &&
    selector(object);
  response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-cache, private' });
  response.flushHeaders();
  const send = (event: string, object: JsonObject) => {
    if (response.destroyed) return;
    response.write(`${JSON.stringify({ type: event, object })}\n`);
    if (response.writableLength > MAX_UNREAD_BYTES) response.destroy();
  };
  const show = (event: string, object: KubeObject) => send(event, shown(cluster, target, object));
  const follow = (change: Change) => {
    if (change.resource !== type.key) return;
    const event = eventFor(change, wanted);
    if (event !== undefined) show(event.type, event.object);
    // Its resource is gone with its definition: nothing more will come.
    if (change.type === 'DELETED' && !cluster.types.all().includes(type)) response.end();
  };
  try {
    start(cluster, target, show, follow);
  } catch (error) {
    response.end(`${JSON.stringify({ type: 'ERROR', object: asApiError(error).toStatus() })}\n`);
    return;
  }
  const unsubscribe = cluster.store.subscribe(follow);
  const bookmark = () => send('BOOKMARK', bookmarkOf(type, cluster.store.revision));
  const bookmarks = query.allowWatchBookmarks ? setInterval(bookmark, pace.bookmarkEveryMs) : undefined;
  const limit = setTimeout(
    () => {
      if (query.allowWatchBookmarks) bookmark();
      response.end();
    },
    (query.timeoutSeconds ?? DEFAULT_SECONDS) * 1000,
  );
  response.once('close', () => {
    unsubscribe();
    clearInterval(bookmarks);
    clearTimeout(limit);
  });
  request.resume();
}

/** Replays what the client has missed; without a version, what there is. @throws ApiError Expired */
function start(
  { store }: Cluster,
  { type, namespace, query }: WatchTarget,
  show: (event: string, object: KubeObject) => void,
  follow: (change: Change) => void,
): void {
  if (query.resourceVersion === '' || query.resourceVersion === '0') {
    const everything = { ...query, resourceVersion: '', limit: 0, continue: '' };
    for (const object of listPage(store, type, namespace, everything).objects) show('ADDED', object);
    return;
  }
  for (const change of store.changesAfter(type.key, Number(query.resourceVersion))) follow(change);
}

/** What a change means to a watcher that sees only some objects: they enter and leave its view. */
function eventFor(
  { type, object, previous }: Change,
  wanted: Predicate,
): { type: string; object: KubeObject } | undefined {
  const before = previous !== undefined && wanted(previous);
  const after = type !== 'DELETED' && wanted(object);
  if (before && after) return { type: 'MODIFIED', object };
  if (after) return { type: 'ADDED', object };
  if (!before) return undefined;
  const { resourceVersion } = object.metadata;
  return { type: 'DELETED', object: { ...previous, metadata: { ...previous.metadata, resourceVersion } } };
}

function shown({ now }: Cluster, { type, query, table }: WatchTarget, object: KubeObject): JsonObject {
  if (!table) return served(type, object);
  const { resourceVersion } = object.metadata;
  return tableOf(type, [object], { resourceVersion }, query.includeObject, now());
}

function bookmarkOf(type: ResourceType, revision: number): JsonObject {
  return {
    kind: type.kind,
    apiVersion: apiVersionOf(type),
    metadata: { resourceVersion: String(revision), creationTimestamp: null },
  };
}
