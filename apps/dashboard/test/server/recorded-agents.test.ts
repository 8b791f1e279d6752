import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type AgentAnswer,
  type AgentHello,
  type EdgeFrame,
  type EdgeKey,
  PROTOCOLS,
  type RulesReport,
} from '@kubecity/protocol';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { VERSION } from '../../server/version.ts';
import { TOKEN } from './peers.ts';
import { TestCluster } from './test-cluster.ts';
import { eventually, TestHub } from './test-hub.ts';

/** Real agents of this protocol and of the one before, as `recorded-agent.kernel.test.ts` of the agent wrote them down. */
interface Recording {
  readonly hello: AgentHello;
  readonly rules: readonly RulesReport[];
  readonly edges: readonly EdgeFrame[];
  readonly answers: Readonly<Record<string, AgentAnswer>>;
}

const FOLDER = new URL('../../../../packages/protocol/testdata/', import.meta.url);
const recordings = readdirSync(FOLDER).map((file) => {
  const recording: Recording = JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8'));
  return [Number(/^agent-(\d+)\.json$/.exec(file)?.[1]), recording] as const;
});

let directory: string;
let cluster: TestCluster;
let hub: TestHub;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'kubecity-recorded-'));
  cluster = new TestCluster(directory);
  await cluster.start();
  hub = await TestHub.start(cluster.client, directory);
});
afterEach(async () => {
  await hub.close();
  await cluster.remove();
  rmSync(directory, { recursive: true });
});

const edgeTo = ({ backend, pod }: EdgeKey) => `pod:uid-client>shop/cart:http/TCP|${backend}>${pod?.uid}`;
const [major = 0, minor = 0] = VERSION.split('.').map(Number);
const version = (minors: number) => `${major}.${minor + minors}.9`;

test('there is a recording of every protocol that the hub speaks', () => {
  expect(recordings.map(([protocol]) => protocol).sort()).toEqual([...PROTOCOLS].sort());
});

test.each(recordings)(
  'an agent of protocol %i is understood, and shown with its version',
  async (protocol, recorded) => {
    expect(Math.max(...recorded.hello.protocols)).toBe(protocol);
    const agent = hub.agent({ ...recorded.hello, node: 'node-a', token: TOKEN, version: version(-1) });
    agent.on('ask', (question, answer) => answer(recorded.answers[question.kind] as AgentAnswer));
    const welcomed = new Promise((resolve) => agent.once('welcome', resolve));
    expect(await welcomed).toMatchObject({ protocol });
    const map = hub.browser();
    await eventually(() => map.get('node', 'node-a')?.agent.version).toBe(version(-1));
    for (const report of recorded.rules) agent.emit('rules', report);
    for (const frame of recorded.edges) await agent.timeout(5000).emitWithAck('edges', frame);
    const report = recorded.rules.at(-1);
    await eventually(() => map.get('node', 'node-a')?.agent).toMatchObject({
      state: 'live',
      inSync: report?.inSync,
      rules: report?.rules,
      version: version(-1),
      skew: { is: 'older', supported: true },
    });
    const edges = recorded.edges.flatMap(({ define }) => define);
    await eventually(() => edges.filter(([, edge]) => map.edges.get(edgeTo(edge))).length).toBe(edges.length);
    expect(edges.length).toBe(2);
    const flows = recorded.answers.flows;
    expect(await map.ask({ kind: 'flows', servicePort: 'shop/cart:http/TCP' })).toMatchObject({
      kind: 'flows',
      total: flows?.kind === 'flows' ? flows.total : -1,
    });
    expect(hub.log.join('')).not.toMatch(/turned away|refused/);
    const metrics = await hub.hub.metrics.registry.metrics();
    expect(metrics).toContain('kubecity_hub_agents_of_other_versions{skew="older"} 1');
    expect(metrics).toContain('kubecity_hub_agents_of_other_versions{skew="newer"} 0');
  },
);

test.each([
  [0, undefined],
  [1, { is: 'newer', supported: true }],
  [2, { is: 'newer', supported: false }],
])('an agent %i minor versions ahead: %j', async (minors, skew) => {
  hub.agent({ version: version(minors) });
  const map = hub.browser();
  await eventually(() => map.get('node', 'node-a')?.agent.version).toBe(version(minors));
  expect(map.get('node', 'node-a')?.agent.skew).toEqual(skew);
  expect(map.get('cluster', 'cluster')?.version).toBe(VERSION);
});
