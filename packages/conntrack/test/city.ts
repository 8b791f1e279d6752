import type { DirectoryChange, DirectoryPod, DirectoryServicePort } from '../src/index.ts';

/** Changes for a directory, as short as a test wants them. */
export const podChange = (
  uid: string,
  node: string,
  addresses: readonly string[],
  more: Partial<DirectoryPod> = {},
): DirectoryChange => ({
  kind: 'pod',
  uid,
  value: { uid, namespace: 'shop', name: uid, node, addresses, hostNetwork: false, finished: false, ...more },
});

export const podGone = (uid: string): DirectoryChange => ({ kind: 'pod', uid, value: undefined });

/** @param key `namespace/name:portName/PROTOCOL` */
export const serviceChange = (
  key: string,
  port: number,
  addresses: readonly string[],
  more: { readonly nodePort?: number; readonly id?: string } = {},
): DirectoryChange => ({
  kind: 'servicePort',
  id: more.id ?? key,
  value: {
    key,
    protocol: key.slice(key.lastIndexOf('/') + 1) as DirectoryServicePort['protocol'],
    port,
    addresses,
    ...(more.nodePort !== undefined && { nodePort: more.nodePort }),
  },
});

export const serviceGone = (id: string): DirectoryChange => ({ kind: 'servicePort', id, value: undefined });

export const nodeChange = (name: string, addresses: readonly string[]): DirectoryChange => ({
  kind: 'node',
  name,
  value: { name, addresses },
});
