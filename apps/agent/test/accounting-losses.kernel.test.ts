import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from './lab/eventually.ts';
import { accountingOf, type DumpFault, eventReaderOf, Faults } from './lab/faults.ts';
import { hasReadAll, listens } from './lab/kernel-flows.ts';
import { NOTHING, type Totals } from './lab/told-edges.ts';
import { Trips } from './lab/trips.ts';
import { HTTP, TruthCity } from './lab/truth-city.ts';

/** What is lost on the way is shown, never counted twice or backwards, and right again when the way is whole again. */
const city = new TruthCity();
const faults = new Faults(city.path('faults'));
const trips = new Trips(city);
const go = trips.go.bind(trips);
const CART = { 4: '10.96.0.10', 6: 'fd00:96::10' } as const;
const CLOSED = { 4: '10.96.0.12', 6: 'fd00:96::12' } as const;
const http = { servicePort: 'shop/cart:http/TCP', up: 1000, down: 5000 };
const refused = { servicePort: 'shop/closed:http/TCP', backend: 'closed' };
const REFUSED_EDGE = 'pod:uid-web-a > shop/closed:http/TCP > 10.244.2.12:8080 (uid-closed)';

const agree = () => eventually(() => expect(city.told()).toEqual(city.truth()));
const table = (node = 'node-a') => city.hub.book(node).table ?? expect.fail(`${node} has told no figures`);
const told = (edge: string) => city.told()['node-a']?.[edge] ?? NOTHING;
const agentPid = (node = 'node-a') => city.agents.get(node)?.pid ?? expect.fail(`there is no agent on ${node}`);

/**
 * New connections and bytes on old ones, from both nodes, in both families: more rows than one message of a dump holds. All
 * end with FIN: the kernel remembers them for two minutes, so that none can live and die while nobody sees it.
 */
async function traffic(): Promise<void> {
  await Promise.all([
    go('web-a', 4, [CART[4], 80], { ...http, count: 150 }),
    go('web-a', 6, [CART[6], 80], { ...http, count: 60 }),
    go('web-b', 4, [CART[4], 80], { ...http, count: 60 }),
    go('web-b', 6, [CART[6], 80], { ...http, count: 150 }),
  ]);
  city.book.write(await city.client('web-a').say({ group: 'long', up: 3000, down: 9000, times: 3 }));
}

beforeAll(async () => {
  await city.open();
  await city.addPod('node-a', 'web-a', 2);
  await city.addPod('node-b', 'web-b', 2);
  await city.addPod('node-a', 'cart-a', 10, [HTTP]);
  await city.addPod('node-b', 'cart-b', 10, [HTTP]);
  await city.addPod('node-b', 'closed', 12);
  const port = { name: 'http', port: 80 };
  city.putService({ name: 'cart', clusterIPs: [CART[4], CART[6]], ports: [port], pods: ['cart-a', 'cart-b'] });
  city.putService({ name: 'closed', clusterIPs: [CLOSED[4], CLOSED[6]], ports: [port], pods: ['closed'] });
  city.net.set('netfilter/nf_conntrack_acct', 1);
  for (const node of city.net.nodes.keys()) city.startAgent(node, {}, faults.env);
  await city.ready();
  await go('web-a', 4, [CART[4], 80], { ...http, count: 250, group: 'long' });
  await agree();
});

afterAll(() => city.close());

describe('the figures stay true', () => {
  it.each<DumpFault>(['interrupted', 'cut'])(
    'when dumps are %s: the loss is shown, nothing is made up',
    async (fault) => {
      const before = { 'node-a': table('node-a').lostDumps, 'node-b': table('node-b').lostDumps };
      faults.dumps(fault);
      await traffic();
      for (const node of city.net.nodes.keys()) {
        await eventually(() => expect(table(node).lostDumps).toBeGreaterThan(before[node as keyof typeof before] + 3));
      }
      expectNoMoreThan(city.told(), city.truth());
      faults.dumps('none');
      await agree();
      expect(city.hub.faults()).toEqual([]);
    },
  );

  it('when dumps have holes that nothing tells of', async () => {
    faults.dumps('hole');
    await traffic();
    for (const node of city.net.nodes.keys()) await city.dumps(node, 6);
    expectNoMoreThan(city.told(), city.truth());
    faults.dumps('none');
    await agree();
    expect(city.hub.faults()).toEqual([]);
  });

  it('when the program that tells of refused connections is killed', async () => {
    const { lostEvents } = table();
    await killReader();
    await eventually(() => expect(table().lostEvents).toBeGreaterThan(lostEvents));
    await go('web-a', 4, [CLOSED[4], 80], { ...refused, count: 20, parallel: 1 });
    await go('web-a', 6, [CLOSED[6], 80], { ...refused, count: 10, parallel: 1 });
    await traffic();
    await agree();
  });

  it('when more connections end at once than that program can hear of: it says so, and counts on', async () => {
    const { lostEvents } = table();
    const known = told(REFUSED_EDGE);
    const from = city.pod('web-a').addresses[4];
    // While it stands still the kernel keeps some 256 events for it.
    process.kill(eventReaderOf(agentPid()), 'SIGSTOP');
    const made = await city.client('web-a').open({ from, to: [CLOSED[4], 80], count: 600 });
    process.kill(eventReaderOf(agentPid()), 'SIGCONT');
    expect(new Set(made.map(({ outcome }) => outcome))).toEqual(new Set(['ECONNREFUSED']));
    await eventually(() => expect(table().lostEvents).toBeGreaterThan(lostEvents));
    // The loss is told first, what was kept comes behind it.
    await eventually(() => expect(hasReadAll(city.net, 'node-a', eventReaderOf(agentPid()))).toBe(true));
    await city.dumps('node-a', 3);
    const heard = told(REFUSED_EDGE);
    expect(heard.refused - known.refused).toBeLessThan(made.length);
    expect(heard.opened - known.opened).toBe(heard.refused - known.refused);

    await city.client('web-a').open({ from, to: [CLOSED[4], 80], count: 25, parallel: 5 });
    await eventually(() => expect(told(REFUSED_EDGE).refused).toBe(heard.refused + 25));
  });

  it('when the process that counts is killed: it begins anew, and says what it missed', async () => {
    const { epoch } = city.hub.book('node-a');
    beginAgain('node-a');
    process.kill(accountingOf(agentPid()), 'SIGKILL');
    await eventually(() => expect(city.hub.book('node-a').epoch).not.toBe(epoch));
    await city.ready(['node-a']);
    expect(table()).toMatchObject({ lostDumps: 1, lostEvents: expect.any(Number) });
    await traffic();
    await agree();
  });

  it('when the agent is killed: it begins anew, and what went on meanwhile is its base', async () => {
    const { epoch } = city.hub.book('node-a');
    await city.stopAgent('node-a', 'SIGKILL');
    await traffic();
    beginAgain('node-a');
    city.startAgent('node-a', {}, faults.env);
    await eventually(() => expect(city.hub.book('node-a').epoch).not.toBe(epoch));
    await city.ready(['node-a']);
    await traffic();
    await agree();
    expect(city.hub.faults()).toEqual([]);
  });
});

/** What an agent of that node may count that begins from now on. */
function beginAgain(node: string): void {
  const kernel = city.kernel(node);
  city.book.beginAgain(node, kernel.all(), kernel.live());
}

/** Kills the program that tells of ended connections, and waits for the next to listen. */
async function killReader(): Promise<void> {
  const before = eventReaderOf(agentPid());
  process.kill(before, 'SIGKILL');
  await eventually(() => {
    const reader = eventReaderOf(agentPid());
    expect(reader).not.toBe(before);
    expect(listens(city.net, 'node-a', reader)).toBe(true);
  });
}

function expectNoMoreThan(
  told: Record<string, Record<string, Totals>>,
  truth: Record<string, Record<string, Totals>>,
): void {
  const excess = Object.entries(told).flatMap(([node, edges]) =>
    Object.entries(edges).flatMap(([name, totals]) =>
      Object.entries(totals)
        .filter(([figure, value]) => value > (truth[node]?.[name] ?? NOTHING)[figure as keyof Totals])
        .map(([figure, value]) => `${node}: ${value} ${figure} of ${name}`),
    ),
  );
  expect(excess).toEqual([]);
}
