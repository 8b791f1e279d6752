import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { ApiError, forbidden } from '../status.ts';
import type { Verb } from './request.ts';

/** `none`: who they are is known, and that is all. */
export type Access = 'admin' | 'view' | 'none';

export interface User {
  readonly token: string;
  readonly name: string;
  readonly groups: readonly string[];
  readonly access: Access;
  /** Namespaces in which they may write RoutingOverrides besides. */
  readonly steers?: readonly string[];
}

/** Who asks. `access` is undefined for somebody this server knows no rights of. */
export interface Identity {
  readonly name: string;
  readonly groups: readonly string[];
  readonly access: Access | undefined;
  readonly steers?: readonly string[];
}

export interface Attributes {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly namespace?: string;
  readonly name?: string;
}

const MASTERS = 'system:masters';
/** Whoever may open the Unix socket: file permissions are the proof. */
export const SOCKET_OWNER: Identity = {
  name: 'system:admin',
  groups: [MASTERS, 'system:authenticated'],
  access: 'admin',
};

const READING: ReadonlySet<string> = new Set<Verb>(['get', 'list', 'watch']);
/** Questions about oneself, which every authenticated user may ask. */
const SELF_REVIEWS = new Set(['selfsubjectreviews', 'selfsubjectaccessreviews']);

/** The users of a server and what they may do. */
export class Users {
  readonly #users: readonly User[];

  constructor(users: readonly User[]) {
    this.#users = users;
  }

  byToken(token: string): Identity | undefined {
    const user = this.#users.find((one) => sameSecret(one.token, token));
    return user && identityOf(user);
  }

  byName(name: string, groups: readonly string[]): Identity {
    if (groups.includes(MASTERS)) return { name, groups, access: 'admin' };
    const { access, steers } = this.#users.find((one) => one.name === name) ?? {};
    return { name, groups, access, steers };
  }

  token(name: string): string | undefined {
    return this.#users.find((one) => one.name === name)?.token;
  }

  /** @throws ApiError Unauthorized */
  authenticate(request: IncomingMessage): Identity {
    const [scheme, token] = (request.headers.authorization ?? '').split(' ');
    const user = scheme?.toLowerCase() === 'bearer' && token ? this.byToken(token) : undefined;
    if (user === undefined) throw new ApiError('Unauthorized', 'Unauthorized');
    return user;
  }

  /** `kubectl --as`: an admin may act as somebody else. @throws ApiError Forbidden */
  impersonated(request: IncomingMessage, asking: Identity): Identity {
    const name = request.headers['impersonate-user'];
    if (name === undefined) return asking;
    if (asking.access !== 'admin') {
      const why = `User "${asking.name}" cannot impersonate resource "users" in API group "" at the cluster scope`;
      throw forbidden({ group: '', kind: 'users', name: String(name) }, why);
    }
    const given = request.headersDistinct['impersonate-group'] ?? [];
    return this.byName(String(name), [...given, 'system:authenticated']);
  }
}

const identityOf = ({ name, groups, access, steers }: User): Identity => ({
  name,
  groups: [...groups, 'system:authenticated'],
  access,
  steers,
});

export function mayDo({ access, steers = [] }: Identity, { verb, group, resource, namespace }: Attributes): boolean {
  if (access === 'admin' || (verb === 'create' && SELF_REVIEWS.has(resource))) return true;
  if (access === 'view' && READING.has(verb)) return true;
  return (
    group === 'kubecity.dev' && resource === 'routingoverrides' && namespace !== undefined && steers.includes(namespace)
  );
}

/** @throws ApiError Forbidden in the words of kube-apiserver */
export function authorize(identity: Identity, attributes: Attributes): void {
  if (mayDo(identity, attributes)) return;
  const { verb, group, resource, namespace, name } = attributes;
  const where = namespace === undefined ? 'at the cluster scope' : `in the namespace "${namespace}"`;
  const why = `User "${identity.name}" cannot ${verb} resource "${resource}" in API group "${group}" ${where}`;
  throw forbidden({ group, kind: resource, name }, why);
}

/** Compares digests, so that the time taken tells nothing of the token. */
function sameSecret(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
