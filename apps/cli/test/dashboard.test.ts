import type { AgentAnswer, AgentQuestion, Judgement } from '@kubecity/protocol';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { Cluster } from './cluster.ts';
import { DashboardProcess } from './dashboard-process.ts';
import { command, type Hand } from './hand-terminal.ts';

const cluster = new Cluster();
const dashboard = new DashboardProcess(cluster.socketPath, cluster.folder);

beforeAll(async () => {
  await cluster.start();
  cluster.put({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace: 'shop', name: 'web-1', uid: 'uid-web-1' },
    spec: { nodeName: 'node-a' },
    status: { phase: 'Running', podIP: '10.0.1.1' },
  });
  await dashboard.start();
  await dashboard.connectAgent(answer);
  dashboard.tellEdges(7);
  // what a dashboard has read it tells with its next frame
  const known = async () => expect(await through('explain pod/web-1 service/cart')).toMatchObject({ code: 0 });
  await vi.waitFor(known, { timeout: 30_000, interval: 200 });
});
afterAll(async () => {
  await dashboard.stop();
  await cluster.stop();
});

const chain = { family: 'IPv4', table: 'nat', chain: 'CITY-SVC-CART' } as const;

function answer(question: AgentQuestion): AgentAnswer {
  if (question.kind === 'rules') {
    const rules = [{ rule: '-A CITY-SVC-CART -j DNAT --to-destination 10.0.0.1:8080', packets: 5, bytes: 300 }];
    return { kind: 'rules', at: 1, chains: [{ ...chain, rules }], truncated: false };
  }
  if (question.kind === 'preview') {
    const difference = { ...chain, before: ['-A CITY-SVC-CART old'], after: ['-A CITY-SVC-CART new'] };
    return { kind: 'preview', at: 1, chains: [difference], truncated: false };
  }
  if (question.kind !== 'explain') return { kind: 'refused', code: 'invalid-request', message: 'not asked here' };
  const end = { held: false, passed: 4, compared: 9, way: [0] };
  const isolation: Judgement = {
    allowed: false,
    egress: { pod: 'shop/web-1', verdict: 'open', policies: [], by: [] },
    ingress: { pod: 'shop/cart-2', verdict: 'refused', policies: ['shop/closed'], by: [] },
  };
  return {
    kind: 'explain',
    at: 1,
    source: question.source ?? '',
    servicePort: 'shop/cart:http/TCP',
    rules: [{ table: 'nat', chain: 'CITY-SVC-CART', rule: `-d ${question.destination}` }],
    ends: [
      { ...end, kind: 'dnat', to: '10.0.0.1:8080', chance: 0.75 },
      { ...end, kind: 'dnat', to: '10.0.0.2:8080', chance: 0.25, rewriting: 'itself', isolation },
    ],
    rest: { ends: 0, chance: 0 },
    unknown: [],
    others: [],
    sets: 0,
  };
}

/** Through the dashboard alone: no cluster is told. */
const through = (line: string, hand?: Hand) =>
  command(['--dashboard', dashboard.url, '-n', 'shop', ...line.split(' ')], hand);

test('an order goes through the dashboard, into its trail, and back by an undo', async () => {
  const drained = await through('drain pod/cart-1 --reason slow');
  expect([drained.code, drained.words]).toEqual([0, expect.stringMatching(/kubecity undo \S+-dashboard/)]);
  expect(Object.keys(await cluster.overrides())).toEqual(['pod-cart-1-drain']);
  const trail = JSON.parse((await through('audit -o json')).data);
  expect(trail).toEqual([
    expect.objectContaining({ what: 'create', name: 'pod-cart-1-drain', reason: 'slow', who: 'local admin' }),
  ]);
  expect((await through('audit')).data).toMatch(/local admin +dashboard +create +shop\/pod-cart-1-drain +slow/);
  expect((await through('audit -o csv')).data.split('\n').length).toBeGreaterThan(1);
  expect((await through('undo')).code).toBe(0);
  expect(await cluster.overrides()).toEqual({});
});

test('what the dashboard refuses is refused: floor, and somebody who was faster', async () => {
  const floor = await through('drain service/cart');
  expect([floor.code, floor.words]).toEqual([3, expect.stringContaining('This would leave shop/cart')]);
  const { seen } = JSON.parse((await through('drain pod/cart-1 --dry-run -o json')).data);
  const { words } = await through('weight service/cart 40 --pod cart-2');
  const refused = await through(`drain pod/cart-1 --seen ${seen}`);
  expect([refused.code, refused.words]).toEqual([3, expect.stringContaining('weight 40')]);
  expect((await through(`undo ${/undo (\S+)/.exec(words)?.[1]}`)).code).toBe(0);
});

test('a dry run tells what each node would write, and who does not answer', async () => {
  const { code, data } = await through('drain pod/cart-1 --dry-run');
  expect(code).toBe(0);
  expect(data).toContain(
    'node node-a  1 chain would differ\n  IPv4 nat CITY-SVC-CART\n  - -A CITY-SVC-CART old\n  + -A CITY-SVC-CART new',
  );
  expect(data).toContain('node node-b  0 chains would differ');
  expect(await cluster.overrides()).toEqual({});
});

test('rules of every node, and of one', async () => {
  const all = await through('rules service/cart');
  expect([all.code, all.words]).toEqual([1, expect.stringContaining('node node-b')]);
  expect((await through('rules cart --node node-a')).data).toBe(
    '# node node-a\n# IPv4 nat CITY-SVC-CART\n[5:300] -A CITY-SVC-CART -j DNAT --to-destination 10.0.0.1:8080',
  );
  expect(await through('rules service/cart --node nobody')).toMatchObject({ code: 1 });
});

test('what becomes of a packet', async () => {
  const { code, data, words } = await through('explain pod/web-1 service/cart:http');
  expect([code, words]).toEqual([0, '']);
  expect(data.split('\n')).toEqual([
    'On node node-a, from 10.0.1.1, to shop/cart:http/TCP:',
    '     75 %  goes to 10.0.0.1:8080, after 4 rules',
    '     25 %  goes to 10.0.0.2:8080, source rewritten (itself), after 4 rules',
    '             entering shop/cart-2: refused, shop/closed isolates it and no rule allows this',
  ]);
  expect((await through('explain node/node-a 10.96.0.10:80 -o wide')).data).toMatch(
    /leaving shop\/web-1: open, no policy isolates it for egress\n.*\n.*CITY-SVC-CART -d 10\.96\.0\.10/,
  );
  expect(await through('explain 203.0.113.9 service/cart')).toMatchObject({ code: 2 });
  expect(await through('explain pod/nobody service/cart')).toMatchObject({ code: 1 });
});

test('edges now, and live until somebody stops it', async () => {
  await expect
    .poll(async () => JSON.parse((await through('get edges -o json')).data), { timeout: 20_000, interval: 500 })
    .toEqual([
      expect.objectContaining({
        client: 'shop/web-1',
        servicePort: 'shop/cart:http/TCP',
        backend: '10.0.0.1:8080',
        moving: 3,
      }),
    ]);
  expect((await through('get edges nobody')).words).toContain('No traffic');

  const stop = new AbortController();
  const hears = (line: string) => {
    const { edges } = JSON.parse(line);
    if (edges.length > 0) stop.abort();
  };
  const { code, data } = await through('watch cart -o json', { stopped: stop.signal, hears });
  expect(code).toBe(0);
  expect(JSON.parse(data.split('\n').at(-1) ?? '')).toMatchObject({ edges: [{ client: 'shop/web-1', moving: 3 }] });
});

test('who one is there, and a dashboard that is away', async () => {
  expect((await through('whoami')).data).toMatch(/^User +local admin\n.*\nMay steer +everywhere$/);
  const away = await command(['--dashboard', 'http://127.0.0.1:1', 'drain', 'pod/a']);
  expect([away.code, away.words]).toEqual([1, expect.stringContaining('cannot be reached')]);
  expect((await command(['--dashboard', 'http://127.0.0.1:1', 'get', 'edges'])).code).toBe(1);
});
