import { z } from 'zod';
import type { Json, JsonObject, KubeObject } from '../object.ts';
import { apiVersionOf, type ResourceType } from '../resource-type.ts';
import { objectSelector } from '../selectors.ts';
import { badRequest } from '../status.ts';
import { objectKey, type Store } from '../store.ts';
import type { Query } from './query.ts';

export interface Page {
  readonly objects: readonly KubeObject[];
  /** ListMeta: resourceVersion, and what is needed to go on when there is more. */
  readonly metadata: JsonObject;
}

const continueToken = z.object({ revision: z.int().nonnegative(), after: z.string() });

/** One page of a list, ordered by namespace and name. Every page of one list shows the same moment. */
export function listPage(store: Store, type: ResourceType, namespace: string | undefined, query: Query): Page {
  const from = query.continue === '' ? undefined : parseToken(query.continue);
  const revision = from?.revision ?? wantedRevision(store, query);
  const selected = objectSelector(query.labelSelector, query.fieldSelector, type.fieldSelectors);
  const objects = [...store.snapshot(type.key, revision).values()]
    .filter((object) => (namespace === undefined || object.metadata.namespace === namespace) && selected(object))
    .map((object) => ({ object, key: keyOf(object) }))
    .filter(({ key }) => from === undefined || key > from.after)
    .sort((a, b) => (a.key < b.key ? -1 : 1));
  const shown = query.limit > 0 ? objects.slice(0, query.limit) : objects;
  const left = objects.length - shown.length;
  const metadata: JsonObject = { resourceVersion: String(revision) };
  if (left > 0) {
    metadata.continue = makeToken({ revision, after: shown.at(-1)?.key ?? '' });
    metadata.remainingItemCount = left;
  }
  return { objects: shown.map(({ object }) => object), metadata };
}

export function listOf(type: ResourceType, { metadata }: Page, items: readonly Json[]): JsonObject {
  return { kind: `${type.kind}List`, apiVersion: apiVersionOf(type), metadata, items: [...items] };
}

const keyOf = ({ metadata }: KubeObject): string => objectKey(metadata.namespace, metadata.name);

function wantedRevision(store: Store, { resourceVersion, resourceVersionMatch }: Query): number {
  if (resourceVersion === '' || resourceVersion === '0') return store.revision;
  const wanted = Number(resourceVersion);
  if (resourceVersionMatch === 'Exact' || wanted > store.revision) return wanted;
  return store.revision;
}

const makeToken = (token: z.infer<typeof continueToken>): string =>
  Buffer.from(JSON.stringify(token)).toString('base64url');

function parseToken(text: string): z.infer<typeof continueToken> {
  try {
    return continueToken.parse(JSON.parse(Buffer.from(text, 'base64url').toString('utf8')));
  } catch (cause) {
    throw badRequest('continue key is not valid', cause);
  }
}
