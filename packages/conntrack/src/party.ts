import type { EdgeClient, EdgeKey } from '@kubecity/protocol';

/** Somebody behind an address. */
export interface Party {
  /** Two parties are the same exactly when their keys are. */
  readonly key: string;
  readonly client: EdgeClient;
  /** Where a pod runs, or the node itself. */
  readonly node: string | undefined;
}

export const partyOf = (client: EdgeClient, node?: string): Party => ({
  // A blank occurs in no uid, name or address.
  key: client.kind === 'pod' ? `pod ${client.uid}` : client.kind === 'node' ? `node ${client.name}` : client.network,
  client,
  node,
});

/** The pod as the backend of an edge. */
export function backendPod({ client }: Party): EdgeKey['pod'] {
  if (client.kind !== 'pod') return undefined;
  const { uid, namespace, name } = client;
  return { uid, namespace, name };
}
