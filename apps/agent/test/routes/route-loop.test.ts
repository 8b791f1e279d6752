import type { RouteNewsListener } from '@kubecity/netlink';
import { EMPTY_PLAN, KernelState, type Step } from '@kubecity/routes';
import type { KubeNode } from '@kubecity/routing';
import { beforeEach, describe, expect, test } from 'vitest';
import { RouteLoop } from '../../src/routes/route-loop.ts';
import type { Compared } from '../../src/routes/route-sync.ts';
import type { Turn } from '../../src/routes/turn.ts';
import { HandClock, settle } from '../hand-clock.ts';

const node = (name: string, range: string, address: string, more: object = {}): KubeNode => ({
  metadata: { name },
  spec: { podCIDRs: [range] },
  status: { addresses: [{ type: 'InternalIP', address }], ...more },
});
const SELF = node('node-a', '10.244.1.0/24', '172.18.0.2');
const OTHER = node('node-b', '10.244.2.0/24', '172.18.0.3');
const STEP = { act: 'deleteAddress' } as unknown as Step;

let clock: HandClock;
let loop: RouteLoop;
let news: RouteNewsListener;
let turns: Turn[];
let held: string[];
let failures: string[];
/** Whether the kernel is read at the next compare. */
let isForgotten: boolean;
let outcome: Partial<Compared>;
let compare: () => void;
let reason: string | undefined;

beforeEach(() => {
  clock = new HandClock();
  [turns, held, failures, isForgotten, outcome, reason] = [[], [], [], false, {}, undefined];
  compare = () => {};
  loop = new RouteLoop({
    self: 'node-a',
    sync: {
      forget: () => {
        isForgotten = true;
      },
      compare: async () => {
        compare();
        const fresh = isForgotten;
        isForgotten = false;
        const none = { plan: EMPTY_PLAN, kernel: new KernelState(), ways: new Map(), done: [], refusals: [] };
        return { ...none, fresh, ...outcome };
      },
    },
    watchNews: (listener) => {
      news = listener;
      return { close: () => {} };
    },
    clock,
    log: { info: () => {}, warn: () => {}, debug: () => {} },
    holding: () => reason,
    held: (why) => held.push(why),
    compared: async (turn) => {
      turns.push(turn);
    },
    failed: ({ message }) => failures.push(message),
  });
  loop.setNode(SELF);
  loop.setNode(OTHER);
});
const pass = async (milliseconds = 0) => {
  await clock.advance(milliseconds);
  await settle();
};
const read = () => turns.map(({ fresh }) => fresh);

test('nothing happens before all nodes are known; then the kernel is read', async () => {
  await pass(60_000);
  expect(turns).toEqual([]);
  loop.begin();
  await pass();
  expect(turns.map(({ fresh, isRepair, peers }) => [fresh, isRepair, peers.peers.length])).toEqual([[true, false, 1]]);
});

describe('once it runs', () => {
  beforeEach(async () => {
    loop.begin();
    await pass();
    turns = [];
  });

  test('a node that changes is met at once, without reading the kernel; its heartbeat is nothing', async () => {
    outcome = { done: [STEP] };
    loop.setNode(node('node-b', '10.244.2.0/24', '172.18.0.3', { conditions: [{ type: 'Ready', status: 'False' }] }));
    await pass();
    expect(turns).toEqual([]);
    loop.setNode(node('node-b', '10.244.2.0/24', '172.18.0.33'));
    await pass();
    expect(turns.map(({ fresh, isRepair, peers }) => [fresh, isRepair, peers.peers[0]?.address])).toEqual([
      [false, false, '172.18.0.33'],
    ]);
    loop.deleteNode('node-b');
    loop.deleteNode('node-c');
    await pass();
    expect(turns.map(({ peers }) => peers.peers.length)).toEqual([1, 0]);
  });

  test('news are met by reading it, and what is done then is a repair', async () => {
    outcome = { done: [STEP] };
    news.onLine('default via 172.18.0.1 dev eth0 ');
    await pass();
    news.onLine('10.244.1.7 dev veth1 scope link ');
    await pass();
    news.onLoss('the queue ran over');
    await pass();
    expect(turns.map(({ fresh, isRepair }) => [fresh, isRepair])).toEqual([
      [true, true],
      [true, true],
    ]);
  });

  test('without a reason it is read every 30 s, also where nodes never stop to change', async () => {
    await pass(29_000);
    expect(turns).toEqual([]);
    await pass(1_000);
    expect(read()).toEqual([true]);
    for (let n = 0; n < 35; n += 1) {
      loop.setNode(node('node-b', '10.244.2.0/24', `172.18.1.${n}`));
      await pass(1_000);
    }
    expect(read().slice(1).filter(Boolean)).toHaveLength(1);
    expect(turns.length).toBeGreaterThan(30);
  });

  test('what the kernel refuses is told and tried again, soon at first', async () => {
    outcome = { refusals: ['route 10.244.2.0/24 added: refused with EPERM'] };
    news.onLoss('x');
    await pass();
    expect(failures).toEqual(['route 10.244.2.0/24 added: refused with EPERM']);
    await pass(10_000);
    const tries = turns.length;
    expect(tries).toBeGreaterThan(3);
    expect(read().every(Boolean)).toBe(true);
    outcome = {};
    await pass(30_000);
    expect(turns.length).toBeGreaterThan(tries);
    expect(failures.length).toBe(tries);
  });

  test('what a node asked for and was refused first is no repair when it is done later', async () => {
    outcome = { refusals: ['route 10.244.2.0/24 added: refused with ENETDOWN'] };
    loop.setNode(node('node-b', '10.244.2.0/24', '172.18.0.33'));
    await pass();
    outcome = { done: [STEP] };
    await pass(1_000);
    expect(turns.map(({ isRepair }) => isRepair)).toEqual([false, false]);
    news.onLoss('x');
    await pass(1_000);
    expect(turns.at(-1)?.isRepair).toBe(true);
  });

  test('a kernel that cannot be read is tried again', async () => {
    compare = () => {
      throw new Error('routes read: it is interrupted');
    };
    news.onLoss('x');
    await pass();
    expect([turns, failures]).toEqual([[], ['routes read: it is interrupted']]);
    compare = () => {};
    await pass(1_000);
    expect(read()).toEqual([true]);
  });

  test('it is held where nothing may be written, or nobody says who this node is', async () => {
    reason = 'mode observe';
    loop.begin();
    await pass();
    reason = undefined;
    loop.deleteNode('node-a');
    await pass();
    expect(held).toEqual(['mode observe', expect.stringContaining('no Node object node-a')]);
    expect(turns).toEqual([]);
    loop.setNode(SELF);
    await pass();
    expect(turns).toHaveLength(1);
  });
});
