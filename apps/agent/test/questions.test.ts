import type { AgentAnswer } from '@kubecity/protocol';
import { expect, it, vi } from 'vitest';
import { Questions } from '../src/questions.ts';

const RULES: AgentAnswer = { kind: 'rules', at: 1, chains: [], truncated: false };
const REFUSED: AgentAnswer = { kind: 'refused', code: 'failed', message: 'no' };
const explain = async () => REFUSED;
const PREVIEW: AgentAnswer = { kind: 'preview', at: 1, chains: [], truncated: false };
const preview = () => PREVIEW;
const HEALTHY: AgentAnswer = { kind: 'diagnose', at: 1, version: '0.1.0', findings: [] };
const diagnose = async () => HEALTHY;
const FLOWS: AgentAnswer = { kind: 'flows', at: 1, total: 0, flows: [] };

it('asks whoever knows', async () => {
  const rules = vi.fn(async () => RULES);
  const accounting = vi.fn(async () => FLOWS);
  const questions = new Questions({ rules, accounting, explain, preview, diagnose });
  expect(await questions.answer({ kind: 'rules', service: 'shop/cart' })).toEqual(RULES);
  expect(rules).toHaveBeenCalledWith('shop/cart');
  const flows = { kind: 'flows', servicePort: 'shop/cart:http/TCP', limit: 5 };
  expect(await questions.answer({ ...flows, unknown: 1 })).toEqual(FLOWS);
  const packet = { kind: 'explain', from: 'node', destination: '10.96.0.1', port: 443, protocol: 'TCP' };
  expect(await questions.answer(packet)).toEqual(REFUSED);
  const changes = [{ kind: 'RoutingOverride', namespace: 'shop', name: 'cart-drain' }];
  expect(await questions.answer({ kind: 'preview', changes })).toEqual(PREVIEW);
  expect(await questions.answer({ kind: 'diagnose' })).toEqual(HEALTHY);
  expect(accounting).toHaveBeenCalledWith(flows, 28_000);
});

it.each([
  [undefined, expect.stringContaining('question')],
  [{ kind: 'flows', servicePort: 'x', limit: 0 }, expect.stringContaining('limit')],
  [
    { kind: 'explain', from: 'pod', destination: '10.96.0.1', port: 0, protocol: 'TCP' },
    expect.stringContaining('port'),
  ],
  [{ kind: 'endFlows', servicePort: 'x', backend: 'y', classes: [], perSecond: 1 }, expect.stringContaining('classes')],
])('refuses %j, naming the field', async (question, message) => {
  const never = () => Promise.reject(new Error('asked'));
  const nothing = () => {
    throw new Error('asked');
  };
  const questions = new Questions({
    ...{ rules: never, accounting: never, explain: never, diagnose: never },
    preview: nothing,
  });
  expect(await questions.answer(question)).toEqual({ kind: 'refused', code: 'invalid-request', message });
});

it('answers also when something fails, and when too much is asked', async () => {
  const { promise, resolve } = Promise.withResolvers<AgentAnswer>();
  const questions = new Questions({
    rules: (service) => (service === 'bad' ? Promise.reject(new Error('iptables is gone')) : promise),
    accounting: async () => FLOWS,
    explain,
    preview,
    diagnose,
  });
  expect(await questions.answer({ kind: 'rules', service: 'bad' })).toEqual({
    ...{ kind: 'refused', code: 'failed', message: 'iptables is gone' },
  });
  const open = Array.from({ length: 8 }, () => questions.answer({ kind: 'rules', service: 'slow' }));
  expect(await questions.answer({ kind: 'rules', service: 'slow' })).toMatchObject({ kind: 'refused', code: 'busy' });
  resolve(RULES);
  expect(await Promise.all(open)).toEqual(open.map(() => RULES));
  expect(await questions.answer({ kind: 'rules', service: 'slow' })).toEqual(RULES);
});
