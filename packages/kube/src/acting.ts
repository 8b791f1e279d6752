import type { Access, AccessSource } from './access.ts';
import { KubeError } from './error.ts';

/**
 * Somebody else than the client's own identity: a person's bearer token, or a person that the client's identity has the right
 * to impersonate. An API server adds `system:authenticated` by itself.
 */
export type ActAs = { readonly token: string } | Impersonated;

interface Impersonated {
  readonly user: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

type Headers = Readonly<Record<string, string | readonly string[]>>;
type WornAccess = Pick<Access, 'origin' | 'connections'> & { readonly headers: Headers };

/** What requests are made with: their own identity, or the one that is acted as. */
export interface Wardrobe {
  access(): Promise<WornAccess>;
  /** After a refused or failed request. `refused`: the server did not take the credentials. */
  renew(refused: boolean): void;
}

export function ownIdentity(source: AccessSource): Wardrobe {
  return { access: () => source.access(), renew: () => source.renew() };
}

/** @param who asked before each request, so that a token may be renewed meanwhile; what it throws fails the request */
export function otherIdentity(source: AccessSource, who: () => Promise<ActAs>): Wardrobe {
  let withToken = false;
  return {
    access: async () => {
      const [access, person] = [await source.access(), await who()];
      withToken = 'token' in person;
      return 'token' in person ? withTheirToken(access, person.token) : impersonating(access, person);
    },
    renew: (refused) => {
      // a person's bad token says nothing about our own credentials
      if (!(refused && withToken)) source.renew();
    },
  };
}

function withTheirToken({ origin, nameless }: Access, token: string): WornAccess {
  if (nameless === undefined) {
    throw new KubeError(
      'invalid',
      'use a token',
      'over a Unix socket everybody is its owner, whatever token they show',
    );
  }
  return { origin, headers: { authorization: headerValue('token', `Bearer ${token}`) }, connections: nameless() };
}

function impersonating({ origin, headers, connections }: Access, { user, groups, extra = {} }: Impersonated) {
  const already = Object.keys(headers).find((name) => name.toLowerCase().startsWith('impersonate-'));
  if (already !== undefined) {
    throw new KubeError('invalid', 'impersonate', 'the kubeconfig impersonates somebody itself (its field as)');
  }
  if (user === '') throw new KubeError('invalid', 'impersonate', 'the user has no name');
  const worn: Record<string, string | readonly string[]> = {
    ...headers,
    'impersonate-user': headerValue('user', user),
  };
  if (groups.length > 0) worn['impersonate-group'] = groups.map((group) => headerValue('group', group));
  for (const [key, values] of Object.entries(extra)) {
    worn[`impersonate-extra-${encodeURIComponent(key).toLowerCase()}`] = values.map((value) => headerValue(key, value));
  }
  return { origin, headers: worn, connections };
}

/** UTF-8 as it goes over the wire: Node sends one byte for each character. The value itself is in no error. */
function headerValue(field: string, value: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(value))
    throw new KubeError('invalid', 'act as somebody', `${field}: control characters`);
  return Buffer.from(value, 'utf8').toString('latin1');
}
