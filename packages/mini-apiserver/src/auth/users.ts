import { createHash, timingSafeEqual } from 'node:crypto';
import { AUTHENTICATED, type Identity } from './identity.ts';
import type { PolicyRule } from './policy-rule.ts';

/** `admin` is bound to the ClusterRole cluster-admin, `view` to one that reads everything, `none` to nothing. */
export type Access = 'admin' | 'view' | 'none';

/** Somebody who comes with a token that never changes. */
export interface User {
  readonly token: string;
  readonly name: string;
  readonly groups: readonly string[];
  /** What bindings the server makes for this user at its start; more can be made as objects. */
  readonly access: Access;
  /** Rights besides; the server makes a role and a binding of each. */
  readonly grants?: readonly Grant[];
}

/** Rules of RBAC that hold in one namespace, or without one in the whole cluster. */
export interface Grant {
  readonly namespace?: string;
  readonly rules: readonly Partial<PolicyRule>[];
}

/** The users that a server was started with. */
export class Users {
  readonly #users: readonly User[];

  constructor(users: readonly User[]) {
    this.#users = users;
  }

  byToken(token: string): Identity | undefined {
    const user = this.#users.find((one) => sameSecret(one.token, token));
    return user && { name: user.name, uid: user.name, groups: [...user.groups, AUTHENTICATED] };
  }

  token(name: string): string | undefined {
    return this.#users.find((one) => one.name === name)?.token;
  }
}

/** Compares digests, so that the time taken tells nothing of the token. */
function sameSecret(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
