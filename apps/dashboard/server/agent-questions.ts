import { type AgentAnswer, type AgentQuestion, ASK_TIMEOUT_MS, agentAnswer } from '@kubecity/protocol';
import type { AgentSocket } from './agent-socket.ts';

/** Every failure is an answer of kind `refused`; the promise never rejects. */
export type AskAgent = (node: string, question: AgentQuestion) => Promise<AgentAnswer>;

/** Questions that one agent may have open; more are refused here, so that a slow agent gathers none. */
const MOST_OPEN = 4;

export function agentQuestions(
  socketOf: (node: string) => AgentSocket | undefined,
  timeoutMilliseconds = ASK_TIMEOUT_MS,
): AskAgent {
  const open = new Map<string, number>();

  return async (node, question) => {
    const socket = socketOf(node);
    if (!socket) return refused('not-found', `no agent of ${node} is connected`);
    const waiting = open.get(node) ?? 0;
    if (waiting >= MOST_OPEN) return refused('busy', `${node} has ${waiting} questions to answer`);
    open.set(node, waiting + 1);
    try {
      const raw: unknown = await socket.timeout(timeoutMilliseconds).emitWithAck('ask', question);
      return understood(node, question, raw);
    } catch {
      // the only reason for which socket.io rejects
      return refused('failed', `${node} did not answer within ${timeoutMilliseconds / 1000} s`);
    } finally {
      const left = (open.get(node) ?? 1) - 1;
      if (left === 0) open.delete(node);
      else open.set(node, left);
    }
  };
}

function understood(node: string, question: AgentQuestion, raw: unknown): AgentAnswer {
  const parsed = agentAnswer.safeParse(raw);
  if (parsed.success && (parsed.data.kind === question.kind || parsed.data.kind === 'refused')) return parsed.data;
  return refused('failed', `the answer of ${node} is not one to "${question.kind}"`);
}

export function refused(code: Extract<AgentAnswer, { kind: 'refused' }>['code'], message: string): AgentAnswer {
  return { kind: 'refused', code, message };
}
