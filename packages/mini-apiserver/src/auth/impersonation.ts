import type { IncomingMessage } from 'node:http';
import { ApiError } from '../status.ts';
import type { ResourceAttributes } from './attributes.ts';
import type { Authorizer } from './authorizer.ts';
import { AUTHENTICATED, accountGroups, accountOf, type Identity } from './identity.ts';

const ANONYMOUS = 'system:anonymous';
const UNAUTHENTICATED = 'system:unauthenticated';
const EXTRA = 'impersonate-extra-';
const AUTHENTICATION = 'authentication.k8s.io';

/**
 * Who a request acts as (`kubectl --as`): the one who asks, or somebody they may `impersonate`.
 * @throws ApiError Forbidden, InternalError (groups, uid or extra of no user)
 */
export function impersonated(request: IncomingMessage, asking: Identity, authorizer: Authorizer): Identity {
  const wish = readWish(request);
  if (wish === undefined) return asking;
  for (const attributes of rightsFor(wish)) authorizer.require(asking, attributes);
  const { name, uid, groups, extra } = wish;
  const account = accountOf(name);
  const given = groups.length === 0 && account !== undefined ? accountGroups(account.namespace) : groups;
  const everybody = name === ANONYMOUS ? UNAUTHENTICATED : AUTHENTICATED;
  const all = given.includes(everybody) ? given : [...given, everybody];
  return { name, ...(uid === undefined ? {} : { uid }), groups: all, extra };
}

interface Wish {
  readonly name: string;
  readonly uid: string | undefined;
  readonly groups: readonly string[];
  readonly extra: { readonly [key: string]: readonly string[] };
}

function readWish({ headersDistinct }: IncomingMessage): Wish | undefined {
  const values = (header: string) => (headersDistinct[header] ?? []).map(fromWire);
  const extra = Object.keys(headersDistinct)
    .filter((header) => header.startsWith(EXTRA))
    .map((header) => [unescaped(header.slice(EXTRA.length)), values(header)] as const);
  const [name = ''] = values('impersonate-user');
  const [uid] = values('impersonate-uid');
  const groups = values('impersonate-group');
  if (name !== '') return { name, uid, groups, extra: Object.fromEntries(extra) };
  if (uid === undefined && groups.length === 0 && extra.length === 0) return undefined;
  throw new ApiError('InternalError', 'Internal error occurred: requested impersonation without impersonating a user');
}

/** Node reads headers as one character a byte; they are UTF-8. */
const fromWire = (value: string): string => Buffer.from(value, 'latin1').toString('utf8');

/** Keys of extra values come percent-encoded, as headers know no slash. */
function unescaped(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    // kube-apiserver takes a key that is not encoded as it stands.
    return key;
  }
}

function rightsFor({ name, uid, groups, extra }: Wish): ResourceAttributes[] {
  const right = (group: string, resource: string, value: string): ResourceAttributes => ({
    verb: 'impersonate',
    group,
    resource,
    name: value,
  });
  const account = accountOf(name);
  return [
    account === undefined
      ? right('', 'users', name)
      : { ...right('', 'serviceaccounts', account.name), namespace: account.namespace },
    ...groups.map((group) => right('', 'groups', group)),
    ...(uid === undefined ? [] : [right(AUTHENTICATION, 'uids', uid)]),
    ...Object.entries(extra).flatMap(([key, values]) =>
      values.map((value) => ({ ...right(AUTHENTICATION, 'userextras', value), subresource: key })),
    ),
  ];
}
