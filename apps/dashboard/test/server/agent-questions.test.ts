import { EventEmitter } from 'node:events';
import type { AgentAnswer, AgentQuestion } from '@kubecity/protocol';
import { expect, test } from 'vitest';
import { agentQuestions } from '../../server/agent-questions.ts';
import type { AgentSocket } from '../../server/agent-socket.ts';

const question: AgentQuestion = { kind: 'rules', service: 'shop/cart' };

/** An agent that answers when it is told to. */
class SlowAgent extends EventEmitter {
  readonly waiting: ((answer: AgentAnswer) => void)[] = [];
  readonly socket = {
    timeout: (milliseconds: number) => ({
      emitWithAck: () =>
        new Promise((resolve, reject) => {
          this.waiting.push(resolve);
          setTimeout(() => reject(new Error('operation has timed out')), milliseconds);
        }),
    }),
  } as unknown as AgentSocket;
}

test('an agent has four questions open at most, and may be asked again when one is answered', async () => {
  const agent = new SlowAgent();
  const ask = agentQuestions(() => agent.socket, 5000);
  const answers = Array.from({ length: 6 }, () => ask('node-a', question));
  expect(await Promise.all(answers.slice(4))).toEqual(
    [1, 2].map(() => ({ kind: 'refused', code: 'busy', message: 'node-a has 4 questions to answer' })),
  );
  const answer: AgentAnswer = { kind: 'rules', at: 1, chains: [], truncated: false };
  agent.waiting[0]?.(answer);
  expect(await answers[0]).toEqual(answer);
  const again = ask('node-a', question);
  agent.waiting[4]?.(answer);
  expect(await again).toEqual(answer);
});

test('who does not answer in time, or answers something else, has failed', async () => {
  const agent = new SlowAgent();
  const ask = agentQuestions(() => agent.socket, 20);
  expect(await ask('node-a', question)).toEqual({
    kind: 'refused',
    code: 'failed',
    message: 'node-a did not answer within 0.02 s',
  });
  const other = ask('node-a', question);
  agent.waiting[1]?.({ kind: 'flows', at: 1, total: 0, flows: [] });
  expect(await other).toMatchObject({ code: 'failed', message: 'the answer of node-a is not one to "rules"' });
});
