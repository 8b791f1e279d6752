import type { CountedGate } from '@kubecity/isolation';
import type { CountedChain } from '@kubecity/netfilter';
import { type PolicyCounts as PolicyCountsMessage, policyCounts } from '@kubecity/protocol';
import { expect, it, vi } from 'vitest';
import { PolicyCounts } from '../../src/isolation/policy-counts.ts';
import { HandClock } from '../hand-clock.ts';

const gate = (rules: readonly string[], part: Partial<CountedGate> = {}): CountedGate => ({
  ...{ chain: 'CITY-JT-a', direction: 'ingress', rules, pods: new Set(['shop/a']) },
  ...{ by: rules.slice(1).map(() => ['shop/door']), policies: ['shop/closed', 'shop/door'] },
  ...part,
});
const counted = (packets: readonly number[], { chain, rules }: CountedGate): CountedChain => ({
  chain,
  rules: rules.map((rule, i) => ({ rule, packets: packets[i] ?? 0, bytes: 0 })),
});

function start() {
  const clock = new HandClock();
  const kernel = { gates: [] as CountedGate[], chains: [] as CountedChain[], tookMs: 0, cpu: 0, readings: 0 };
  const sent: PolicyCountsMessage[] = [];
  const packets = vi.fn();
  const warn = vi.fn();
  const door = {
    listCounted: vi.fn(async (): Promise<CountedChain[]> => {
      kernel.readings++;
      kernel.cpu += kernel.tookMs;
      return kernel.chains;
    }),
  };
  const counts = new PolicyCounts({
    doors: new Map([['IPv4', door]]),
    gates: () => kernel.gates,
    send: (message) => sent.push(policyCounts.parse(message)),
    metrics: { packets },
    cpu: () => kernel.cpu,
    clock,
    log: { warn },
  });
  counts.begin();
  const read = async (gates: CountedGate[], ...values: number[][]) => {
    kernel.gates = gates;
    kernel.chains = gates.map((one, i) => counted(values[i] ?? [], one));
    await clock.advance(1000);
    return sent.splice(0).flatMap(({ rows }) => rows);
  };
  return { clock, kernel, counts, door, sent, packets, warn, read };
}

const A = gate(['accept', 'refuse']);

it('sums what came since the first reading, for each policy that a rule speaks for', async () => {
  const { read, packets } = start();
  expect(await read([A], [100, 7]), 'of the agent before').toEqual([]);
  expect(await read([A], [103, 8])).toEqual([
    { policy: 'shop/closed', direction: 'ingress', accepted: 0, refused: 1 },
    { policy: 'shop/door', direction: 'ingress', accepted: 3, refused: 1 },
  ]);
  expect(await read([A], [103, 8]), 'nothing new').toEqual([]);
  expect(packets.mock.calls).toEqual([
    ['ingress', 'accepted', 3],
    ['ingress', 'refused', 1],
  ]);
});

it('goes on where chains are written anew, with the same words or others', async () => {
  const { read } = start();
  await read([A], [0, 0]);
  await read([A], [5, 5]);
  expect(await read([A], [2, 0])).toEqual([{ policy: 'shop/door', direction: 'ingress', accepted: 7, refused: 5 }]);
  const other = gate(['accept more', 'refuse']);
  expect(await read([other], [4, 0])).toMatchObject([{ policy: 'shop/door', accepted: 11, refused: 5 }]);
  const second = gate(['accept', 'refuse'], { chain: 'CITY-JF-b', direction: 'egress' });
  expect(await read([other, second], [4, 0], [1, 0])).toEqual([
    { policy: 'shop/door', direction: 'egress', accepted: 1, refused: 0 },
  ]);
});

it('counts nothing of a text whose meaning it does not know', async () => {
  const { read, kernel, clock, sent } = start();
  await read([A], [0, 0]);
  kernel.gates = [gate(['accept more', 'refuse'])];
  kernel.chains = [counted([9, 9], A)];
  await clock.advance(1000);
  expect(sent).toEqual([]);
});

it('tells everything to whoever asks anew', async () => {
  const { read, counts, sent } = start();
  await read([A], [0, 0]);
  await read([A], [1, 0]);
  counts.tell();
  expect(sent.flatMap(({ rows }) => rows)).toEqual([
    { policy: 'shop/door', direction: 'ingress', accepted: 1, refused: 0 },
  ]);
});

it('says that it has counted nothing, so that what comes is known to be new, and begins anew with another epoch', async () => {
  const { read, counts, sent } = start();
  counts.tell();
  expect(sent.splice(0)).toEqual([{ at: 0, rows: [] }]);
  await read([A], [0, 0]);
  await read([A], [4, 0]);
  counts.renewed();
  counts.tell();
  expect(sent.splice(0).flatMap(({ rows }) => rows)).toEqual([]);
  expect(await read([A], [5, 0])).toMatchObject([{ accepted: 1 }]);
});

it('reads the less often the more it costs, and not at all without gates', async () => {
  const { clock, kernel, door } = start();
  await clock.advance(5000);
  expect(door.listCounted).not.toHaveBeenCalled();
  kernel.gates = [A];
  kernel.chains = [counted([0, 0], A)];
  await clock.advance(5000);
  expect(kernel.readings).toBe(5);
  kernel.tookMs = 200;
  await clock.advance(2000);
  const before = kernel.readings;
  await clock.advance(30_000);
  expect(kernel.readings - before).toBe(3);
});

it('warns once of a kernel that cannot be read, and goes on', async () => {
  const { read, door, warn } = start();
  door.listCounted.mockRejectedValueOnce(new Error('no')).mockRejectedValueOnce(new Error('no'));
  await read([A], [0, 0]);
  await read([A], [0, 0]);
  await read([A], [0, 0]);
  expect(warn).toHaveBeenCalledTimes(1);
  expect(await read([A], [1, 0])).toHaveLength(1);
});
