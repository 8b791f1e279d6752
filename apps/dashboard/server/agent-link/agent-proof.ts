import { readFileSync } from 'node:fs';
import type { AgentHello } from '@kubecity/protocol';
import { RefusedPeer } from '../refusal.ts';
import { sameSecret } from '../secret.ts';

/** Who an agent says it is, and what it shows for it. */
export type Claim = Pick<AgentHello, 'node' | 'token'>;

/** How agents prove that they are agents of this cluster. */
export interface AgentProof {
  /** @throws RefusedPeer `api-unavailable` when nobody can tell at present, any other code when it is no proof */
  check(claim: Claim): Promise<void>;
  /** Milliseconds after which a connection has to prove itself again; absent = never. */
  readonly againMs?: number;
}

/** One secret for all: who has it may speak for any node. */
export function secretProof(secret: string): AgentProof {
  return {
    check: async ({ token }) => {
      if (!sameSecret(token, secret)) throw new RefusedPeer('unauthenticated', 'the token is not the hub’s');
    },
  };
}

/** @throws Error when there is no secret in the file that is worth the name */
export function secretFromFile(file: string): string {
  const secret = readFileSync(file, 'utf8').trim();
  if (secret.length < 16) throw new Error(`${file}: an agent token has at least 16 characters`);
  return secret;
}
