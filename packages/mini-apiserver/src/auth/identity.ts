import type { JsonObject } from '../object.ts';

/** Who asks, as user.Info of Kubernetes. */
export interface Identity {
  readonly name: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: { readonly [key: string]: readonly string[] };
}

/** Whoever is in it may do everything, whatever roles say. */
export const MASTERS = 'system:masters';
export const AUTHENTICATED = 'system:authenticated';

/** Whoever may open the Unix socket: file permissions are the proof. */
export const SOCKET_OWNER: Identity = { name: 'system:admin', groups: [MASTERS, AUTHENTICATED] };

/** authentication.k8s.io/v1 UserInfo */
export const userInfo = ({ name, uid, groups, extra = {} }: Identity): JsonObject => ({
  username: name,
  ...(uid === undefined ? {} : { uid }),
  ...(groups.length === 0 ? {} : { groups: [...groups] }),
  ...(Object.keys(extra).length === 0
    ? {}
    : { extra: Object.fromEntries(Object.entries(extra).map(([key, values]) => [key, [...values]])) }),
});

const ACCOUNT = /^system:serviceaccount:([^:]+):([^:]+)$/;

export const accountUser = (namespace: string, name: string): string => `system:serviceaccount:${namespace}:${name}`;

/** The ServiceAccount behind a user's name. */
export function accountOf(user: string): { namespace: string; name: string } | undefined {
  const [, namespace, name] = ACCOUNT.exec(user) ?? [];
  return namespace === undefined || name === undefined ? undefined : { namespace, name };
}

/** Groups of every ServiceAccount of a namespace, besides `system:authenticated`. */
export const accountGroups = (namespace: string): string[] => [
  'system:serviceaccounts',
  `system:serviceaccounts:${namespace}`,
];
