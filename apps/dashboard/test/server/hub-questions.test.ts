import type { AgentAnswer, FlowDetail } from '@kubecity/protocol';
import { expect, test } from 'vitest';
import { hubOfEachTest, webToCart1Id } from './hub-lab.ts';
import { edgeFrame, webToCart1 } from './objects.ts';
import { eventually } from './test-hub.ts';

const lab = hubOfEachTest();
const { agent, browser, reports } = lab;

const taken = () => {};

const flow = (bytes: number): FlowDetail => ({
  protocol: 'TCP',
  client: { kind: 'node', name: 'node-b' },
  source: '10.0.1.1:1',
  destination: '10.96.0.10:80',
  backend: '10.0.0.1:8080',
  state: 'idle',
  since: 1,
  packetsToBackend: 1,
  bytesToBackend: bytes,
  packetsToClient: 1,
  bytesToClient: 0,
  counted: true,
});

test('flows are gathered from the nodes that count some; who does not answer, or wrongly, is named', async () => {
  const { a, b } = reports([]);
  const c = agent({ node: 'node-c' });
  for (const socket of [a, c]) {
    socket.emit('edges', edgeFrame(0, 1000, [[1, 1]], { define: [[1, webToCart1]] }), taken);
  }
  const map = browser();
  await eventually(() => map.edges.get(webToCart1Id)).toBeDefined();
  const asked: unknown[] = [];
  a.on('ask', (question, answer) => {
    asked.push(question);
    answer({ kind: 'flows', at: 1, total: 2, flows: [flow(5), flow(50)] });
  });
  b.on('ask', (_question, answer) => answer({ kind: 'flows', at: 1, total: 7, flows: [flow(20)] }));
  c.on('ask', (_question, answer) => answer({ kind: 'flows', nonsense: true } as never));
  const question = { kind: 'flows', servicePort: 'shop/cart:http/TCP', backend: '10.0.0.1:8080' };
  const answer = await map.ask(question);
  expect(answer).toMatchObject({ kind: 'flows', total: 9, silent: ['node-c'] });
  expect(answer.kind === 'flows' && answer.flows.map(({ node, bytesToBackend }) => [node, bytesToBackend])).toEqual([
    ['node-a', 50],
    ['node-b', 20],
    ['node-a', 5],
  ]);
  expect(asked).toEqual([{ ...question, limit: 500 }]);
  expect(await map.ask({ ...question, backend: '10.9.9.9:1' })).toEqual({
    kind: 'flows',
    total: 0,
    flows: [],
    silent: [],
  });
});

test('rules are asked of one node or of all; a node without an agent says so', async () => {
  const a = agent();
  const chains = [
    { family: 'IPv4', table: 'nat', chain: 'CITY-X', rules: [{ rule: '-A CITY-X', packets: 1, bytes: 60 }] },
  ];
  a.on('ask', (_question, answer) => answer({ kind: 'rules', at: 1, chains, truncated: false } as AgentAnswer));
  const map = browser();
  await eventually(() => map.get('node', 'node-a')?.agent.state).toBe('stale');
  const question = { kind: 'rules', service: 'shop/cart' };
  expect(await map.ask({ ...question, node: 'node-a' })).toEqual({
    kind: 'rules',
    nodes: [{ node: 'node-a', answer: { kind: 'rules', at: 1, chains, truncated: false } }],
  });
  expect(await map.ask(question)).toMatchObject({
    nodes: [
      { node: 'node-a', answer: { kind: 'rules' } },
      { node: 'node-b', answer: { kind: 'refused', code: 'not-found', message: 'no agent of node-b is connected' } },
    ],
  });
  expect(await map.ask({ ...question, node: 'node-z' })).toMatchObject({ kind: 'refused', code: 'not-found' });
});

test('what is amiss is asked of one node or of all; an agent from before the question refuses it', async () => {
  const findings = [{ id: 'sysctl.forwarding', severity: 'error', what: 'off', why: 'nothing goes on', doThis: 'on' }];
  const answer = { kind: 'diagnose', at: 1, version: '0.1.0', findings } as AgentAnswer;
  const refused: AgentAnswer = { kind: 'refused', code: 'invalid-request', message: 'kind: no such question' };
  agent().on('ask', (_question, tell) => tell(answer));
  agent({ node: 'node-b' }).on('ask', (_question, tell) => tell(refused));
  const map = browser();
  for (const node of ['node-a', 'node-b']) {
    await eventually(() => map.get('node', node)?.agent.state).toBe('stale');
  }
  expect(await map.ask({ kind: 'diagnose', node: 'node-a' })).toEqual({
    kind: 'diagnose',
    version: expect.stringMatching(/^\d+\.\d+\.\d+/),
    nodes: [{ node: 'node-a', answer }],
  });
  expect(await map.ask({ kind: 'diagnose' })).toMatchObject({
    nodes: [
      { node: 'node-a', answer },
      { node: 'node-b', answer: refused },
    ],
  });
  expect(await map.ask({ kind: 'diagnose', node: 'node-z' })).toMatchObject({ kind: 'refused', code: 'not-found' });
});

test('what becomes of a packet is asked of the node where it begins; an old agent refuses it in its own words', async () => {
  const explained: AgentAnswer = {
    ...{ kind: 'explain', at: 1, source: '10.244.1.1', rules: [], unknown: [], others: [], sets: 0 },
    ends: [{ kind: 'none', chance: 1, held: false, passed: 3, compared: 9, way: [] }],
    rest: { ends: 0, chance: 0 },
  };
  const asked: unknown[] = [];
  const refused: AgentAnswer = { kind: 'refused', code: 'invalid-request', message: 'kind: Invalid input' };
  agent().on('ask', (question, answer) => {
    asked.push(question);
    answer(question.kind === 'explain' ? explained : refused);
  });
  agent({ node: 'node-b' }).on('ask', (_question, answer) => answer(refused));
  const map = browser();
  for (const node of ['node-a', 'node-b']) await eventually(() => map.get('node', node)?.agent.state).toBe('stale');
  const destination = { address: '10.96.0.10', port: 80, protocol: 'TCP' };
  const ask = (node: string) => map.ask({ kind: 'explain', source: { kind: 'node', node }, destination });
  expect(await ask('node-a')).toEqual({ kind: 'explain', node: 'node-a', answer: explained });
  expect(asked).toEqual([{ kind: 'explain', from: 'node', destination: '10.96.0.10', port: 80, protocol: 'TCP' }]);
  expect(await ask('node-b')).toEqual({ kind: 'explain', node: 'node-b', answer: refused });
  expect(await ask('node-z')).toMatchObject({ kind: 'refused', code: 'not-found' });
  expect(await map.ask({ kind: 'explain', source: { kind: 'node', node: 'node-a' } })).toMatchObject({
    kind: 'refused',
    code: 'invalid-message',
  });
});

test('connections are not ended for browsers, nonsense is refused, and so are too many questions', async () => {
  const map = browser();
  const end = { kind: 'endFlows', servicePort: '', backend: 'x', classes: ['idle'], perSecond: 1 };
  expect(await map.ask(end)).toMatchObject({ kind: 'refused', code: 'invalid-message' });
  const answers = await Promise.all(
    Array.from({ length: 40 }, () => map.ask({ kind: 'rules', service: 'x', node: 'no' })),
  );
  expect(
    answers.filter((answer) => answer.kind === 'refused' && answer.code === 'rate-limited').length,
  ).toBeGreaterThan(10);
});
