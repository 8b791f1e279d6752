import type { AgentAnswer } from '@kubecity/protocol';

/** Why a node did not answer. An agent from before a question existed finds fault with its very kind. */
export function refusedWords(
  node: string,
  { code, message }: Pick<Extract<AgentAnswer, { kind: 'refused' }>, 'code' | 'message'>,
): string {
  if (code === 'invalid-request' && /^(kind|question): /.test(message)) {
    return `The agent of ${node} is too old for this question. Update it and ask again.`;
  }
  return `${node} cannot say: ${message}`;
}
