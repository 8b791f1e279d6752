import { tokenProof } from '@kubecity/protocol';
import type { AgentSocket } from '../agent-socket.ts';
import { RefusedPeer } from '../refusal.ts';
import type { AgentProof } from './agent-proof.ts';

/** From this version on an agent can be asked for its token again. */
const CAN_BE_ASKED = 3;
const ANSWER_MS = 10_000;

/**
 * Looks again and again whether a connected agent may still be here: its token was renewed meanwhile, or its pod is gone. A
 * connection whose proof holds goes on without a break, and so does one while the cluster's API cannot tell.
 */
export function keepProving(
  socket: AgentSocket,
  proof: AgentProof,
  refused: (why: RefusedPeer) => void,
): { stop(): void } {
  const { againMs } = proof;
  if (againMs === undefined) return { stop: () => {} };
  const { hello, protocol } = socket.data;
  let token = hello.token;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  async function again(): Promise<void> {
    if (protocol >= CAN_BE_ASKED) token = (await shown(socket)) ?? token;
    try {
      if (!stopped) await proof.check({ node: hello.node, token });
    } catch (error) {
      if (!(error instanceof RefusedPeer)) throw error;
      const { code } = error.data;
      if (!stopped && code !== 'api-unavailable' && code !== 'rate-limited') return refused(error);
    }
    plan();
  }

  function plan(): void {
    // spread: the agents of a cluster came together, after a restart of this hub
    if (!stopped) timer = setTimeout(again, (againMs ?? 0) * (0.8 + Math.random() * 0.4)).unref();
  }

  plan();
  return {
    stop: () => {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

/** Undefined when it does not answer in time, or with anything else: then what it showed before is judged. */
async function shown(socket: AgentSocket): Promise<string | undefined> {
  const raw: unknown = await socket
    .timeout(ANSWER_MS)
    .emitWithAck('prove')
    .catch(() => undefined);
  return tokenProof.safeParse(raw).data?.token;
}
