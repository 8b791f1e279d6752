import { IsolationTracker } from '@kubecity/isolation';
import { type RefusedAttempts, refusedAttempts } from '@kubecity/protocol';
import { describe, expect, it, vi } from 'vitest';
import type { Remembered } from '../../src/isolation/refusal-memory.ts';
import { Refusals } from '../../src/isolation/refusals.ts';
import { whoRefuses } from '../../src/isolation/who-refuses.ts';
import { HandClock } from '../hand-clock.ts';

const CLIENT = '10.244.2.7';
const SERVER = '10.244.1.5';

function city() {
  const tracker = new IsolationTracker('node-a');
  const pod = (name: string, nodeName: string, podIP: string) =>
    tracker.setPod({
      metadata: { namespace: 'shop', name, labels: { app: name } },
      spec: { nodeName },
      status: { phase: 'Running', podIP },
    });
  pod('client', 'node-b', CLIENT);
  pod('server', 'node-a', SERVER);
  tracker.setPolicy({
    metadata: { namespace: 'shop', name: 'closed' },
    spec: { podSelector: { matchLabels: { app: 'server' } }, policyTypes: ['Ingress', 'Egress'] },
  });
  tracker.take();
  return tracker;
}

const refused = (seconds: number, part: Partial<Remembered> = {}): Remembered => ({
  ...{ from: CLIENT, to: SERVER, protocol: 'TCP', port: 80, seconds },
  ...part,
});

async function start(who = whoRefuses({ tracker: city(), ranges: () => ['10.244.1.0/24'] })) {
  const clock = new HandClock();
  await clock.advance(100_000);
  const memory = { memories: [] as Remembered[], failure: undefined as Error | undefined, cpu: 0, costs: 0 };
  const sent: RefusedAttempts[] = [];
  const warn = vi.fn();
  const refusals = new Refusals({
    memory: {
      read: async () => {
        memory.cpu += memory.costs;
        if (memory.failure) throw memory.failure;
        return memory.memories;
      },
    },
    whoRefuses: who,
    send: (attempts) => sent.push(refusedAttempts.parse(attempts)),
    cpu: () => memory.cpu,
    clock,
    log: { warn },
  });
  refusals.begin();
  /** Half a second with this in the kernel; what was told meanwhile. */
  const look = async (...memories: Remembered[]) => {
    memory.memories = memories;
    await clock.advance(500);
    return sent.splice(0);
  };
  return { clock, memory, look, warn, refusals };
}

describe('refused attempts', () => {
  it('are told within half a second, with the end that refuses and its policies', async () => {
    const { look } = await start();
    const [told] = await look(refused(9));
    expect(told).toEqual({
      at: 100_500,
      more: false,
      rows: [
        {
          ...{ at: 100_500, from: CLIENT, to: SERVER, protocol: 'TCP', port: 80 },
          ...{ direction: 'ingress', policies: ['shop/closed'] },
        },
      ],
    });
  });

  it('are told again when packets come again, and not while none come', async () => {
    const { look } = await start();
    expect(await look(refused(9))).toHaveLength(1);
    for (const seconds of [9, 8, 8, 7, 7]) expect(await look(refused(seconds))).toEqual([]);
    // A packet more: its entry is young again.
    expect(await look(refused(9))).toMatchObject([{ rows: [{ at: 103_500 }] }]);
    // Packets all the time: the entry never grows old.
    const often = [];
    for (let i = 0; i < 8; i++) often.push(...(await look(refused(9))));
    expect(often).toHaveLength(4);
  });

  it('that were forgotten and come back are new', async () => {
    const { look } = await start();
    expect(await look(refused(9))).toHaveLength(1);
    expect(await look()).toEqual([]);
    expect(await look(refused(9))).toHaveLength(1);
  });

  it('are told at most 500 at a time, and that there are more', async () => {
    const { look } = await start();
    const many = Array.from({ length: 600 }, (_, port) => refused(9, { port }));
    const [told] = await look(...many);
    expect(told?.rows).toHaveLength(500);
    expect(told?.more).toBe(true);
  });

  it('that nothing refuses any more are not told', async () => {
    const { look } = await start(() => undefined);
    expect(await look(refused(9))).toEqual([]);
  });

  it('that cannot be read are no end of it: one warning, and on', async () => {
    const { look, memory, warn } = await start();
    memory.failure = new Error('no');
    expect([...(await look()), ...(await look())]).toEqual([]);
    expect(warn).toHaveBeenCalledTimes(1);
    memory.failure = undefined;
    expect(await look(refused(9))).toHaveLength(1);
  });

  it('are looked for less often where that costs much, and often enough for what is remembered', async () => {
    const { look, memory } = await start();
    await look();
    memory.costs = 1_000;
    for (let i = 0; i < 8; i++) await look();
    const before = memory.cpu;
    for (let i = 0; i < 16; i++) await look();
    expect(memory.cpu - before).toBe(4 * memory.costs);
    const told = [];
    for (let i = 0; i < 4; i++) told.push(...(await look(refused(9))));
    expect(told).toHaveLength(1);
  });

  it('are not told after the end', async () => {
    const { look, refusals } = await start();
    refusals.stop();
    expect(await look(refused(9))).toEqual([]);
  });
});

describe('who refuses', () => {
  const who = whoRefuses({ tracker: city(), ranges: () => ['10.244.1.0/24'], encapsulationPort: 4789 });
  const tcp = { protocol: 'TCP', port: 80 } as const;

  it('is the sender first, as in the rules, and the other end only where it is of this node', () => {
    expect(who({ from: SERVER, to: CLIENT, ...tcp })).toEqual({ direction: 'egress', policies: ['shop/closed'] });
    expect(who({ from: CLIENT, to: '10.244.2.8', ...tcp })).toBeUndefined();
  });

  it('is no policy where nobody knows a pod with that address of this node, and where it is a tunnel of nodes', () => {
    expect(who({ from: CLIENT, to: '10.244.1.99', ...tcp })).toEqual({ direction: 'ingress', policies: [] });
    expect(who({ from: '10.244.1.99', to: CLIENT, ...tcp })).toEqual({ direction: 'egress', policies: [] });
    expect(who({ from: CLIENT, to: '10.244.2.99', ...tcp })).toBeUndefined();
    const tunnel = { to: '192.168.1.12', protocol: 'UDP', port: 4789 } as const;
    expect(who({ from: '10.244.1.99', ...tunnel })).toEqual({ direction: 'egress', policies: [] });
    expect(who({ from: CLIENT, ...tunnel })).toBeUndefined();
  });
});
