import {
  type Directory,
  emptyFlowRow,
  encodeFlow,
  type FlowRow,
  parseIPv4,
  STATUS,
  TCP_STATE,
} from '@kubecity/conntrack';
import type { RefusalListener } from '@kubecity/netlink';
import { FakeConntrack } from '@kubecity/netlink/testing';
import { type EdgeFrame, edgeFrame } from '@kubecity/protocol';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type AccountingOptions, startAccounting } from '../../src/accounting/accounting.ts';

const CART = 'shop/cart:http/TCP';
const directory: Directory = {
  servicePort: (protocol, address, port) => (`${protocol} ${address}:${port}` === '6 10.96.0.10:80' ? CART : undefined),
  client: (address) => ({ kind: 'outside', address }),
};
const connection = (bytes: number, part: Partial<FlowRow> = {}): FlowRow => ({
  ...emptyFlowRow(),
  protocol: 6,
  source: parseIPv4('10.1.0.2'),
  destination: parseIPv4('10.96.0.10'),
  sourcePort: 40000,
  destinationPort: 80,
  replySource: parseIPv4('10.2.0.5'),
  replySourcePort: 8080,
  status: STATUS.destinationNat | STATUS.seenReply,
  id: 1,
  tcpState: TCP_STATE.established,
  hasCounters: true,
  originalPackets: 1,
  originalBytes: bytes,
  ...part,
});

beforeEach(() => {
  vi.useFakeTimers({ now: 1_700_000_000_000 });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Accounting of a fake table on a fake clock; `settle` lets what is due happen without time going on. */
function start(options: Partial<AccountingOptions> = {}) {
  const conntrack = new FakeConntrack();
  const frames: EdgeFrame[] = [];
  const log = { info: vi.fn(), warn: vi.fn() };
  const accounting = startAccounting({
    conntrack,
    directory,
    everyMs: 1000,
    now: Date.now,
    cpu: () => 0,
    emit: (frame) => {
      frames.push(edgeFrame.parse(frame));
      return true;
    },
    log,
    ...options,
  });
  const show = (...rows: FlowRow[]) => {
    conntrack.chunks = rows.map((row) => encodeFlow(row));
    conntrack.entries = rows.length;
  };
  return { conntrack, frames, log, accounting, show, settle: () => vi.advanceTimersByTimeAsync(0) };
}

describe('accounting', () => {
  test('emits everything first, then what changed, with the figures of the table', async () => {
    const { accounting, frames, show, settle } = start();
    await settle();
    show(connection(60));
    await vi.advanceTimersByTimeAsync(1000);
    expect(frames).toHaveLength(2);
    expect(frames[0]).toMatchObject({ seq: 0, reset: true, at: 1_700_000_000_000, rows: [] });
    expect(frames[1]).toEqual({
      seq: 1,
      reset: false,
      at: 1_700_000_001_000,
      define: [[1, { client: { kind: 'outside', address: '10.1.0.2' }, servicePort: CART, backend: '10.2.0.5:8080' }]],
      rows: [[1, 1, 0, 0, 1, 60, 0, 0, 1, 0, 0]],
      forget: [],
      table: { entries: 1, max: 262_144, withoutCounters: 0, lostDumps: 0, dumpMilliseconds: 0 },
    });
    expect(accounting.totals()).toMatchObject({ edges: 1, flows: 1, dumps: 2, entries: 1, malformed: 0 });
    await accounting.stop();
  });

  test('lost dumps are counted, logged once a streak, and end no flow', async () => {
    const { accounting, conntrack, frames, log, show, settle } = start();
    await settle();
    show(connection(60));
    await vi.advanceTimersByTimeAsync(1000);
    show();
    conntrack.failNext('system', 'timeout');
    conntrack.interruptNext();
    await vi.advanceTimersByTimeAsync(3000);
    expect(log.warn).toHaveBeenCalledTimes(1);
    expect(log.warn.mock.calls[0]?.[0]).toMatchObject({ err: { operation: 'dump', code: 'system' } });
    expect(frames.at(-1)?.table.lostDumps).toBe(3);
    expect(accounting.totals()).toMatchObject({ lostDumps: 3, flows: 1 });

    show(connection(90));
    await vi.advanceTimersByTimeAsync(1000);
    expect(log.info).toHaveBeenCalledExactlyOnceWith({ lostDumps: 3 }, 'connections are read again');
    expect(frames.at(-1)?.rows).toEqual([[1, 1, 0, 0, 1, 90, 0, 0, 1, 0, 0]]);
    await accounting.stop();
  });

  test('a directory that throws costs dumps, not the agent', async () => {
    const broken: Directory = {
      ...directory,
      servicePort: () => {
        throw new Error('mistake');
      },
    };
    const { accounting, show, settle } = start({ directory: broken });
    show(connection(60));
    await settle();
    await vi.advanceTimersByTimeAsync(1000);
    expect(accounting.totals()).toMatchObject({ dumps: 2, lostDumps: 2 });
    await accounting.stop();
  });

  test('resync between dumps tells everything at once, also without a new dump', async () => {
    const { accounting, conntrack, frames, show, settle } = start();
    show(connection(60));
    await settle();
    accounting.resync();
    expect(conntrack.dumps).toBe(1);
    expect(frames.map(({ seq, reset, define }) => [seq, reset, define.length])).toEqual([
      [0, true, 1],
      [0, true, 1],
    ]);
    await accounting.stop();
  });

  test('resync during a dump waits for its end', async () => {
    const { accounting, conntrack, frames, settle } = start();
    await settle();
    const release = conntrack.hold();
    await vi.advanceTimersByTimeAsync(1000);
    accounting.resync();
    expect(frames).toHaveLength(1);
    release();
    await settle();
    expect(frames.map(({ seq, reset }) => [seq, reset])).toEqual([
      [0, true],
      [0, true],
    ]);
    await accounting.stop();
  });

  test('a frame that was not taken is followed by one that tells everything', async () => {
    const seen: boolean[] = [];
    const emit = (frame: EdgeFrame) => {
      seen.push(frame.reset);
      return seen.length > 2;
    };
    const { accounting, settle } = start({ emit });
    await settle();
    await vi.advanceTimersByTimeAsync(3000);
    expect(seen).toEqual([true, true, true, false]);
    await accounting.stop();
  });

  test.each([
    ['twenty times the CPU time of a dump when that is longer than the period', 100, 2000],
    ['never so long that the entry of a reset connection could come and go unseen', 5000, 8000],
  ])('the pause is %s', async (_title, cost, wanted) => {
    let cpu = 0;
    // Read before and after each dump.
    const { accounting, conntrack, settle } = start({ cpu: () => (cpu += cost) });
    await settle();
    await vi.advanceTimersByTimeAsync(1000);
    expect(conntrack.dumps, 'one costly dump alone may be other work of the thread').toBe(2);
    await vi.advanceTimersByTimeAsync(wanted - 1);
    expect(conntrack.dumps).toBe(2);
    await vi.advanceTimersByTimeAsync(1);
    expect(conntrack.dumps).toBe(3);
    await accounting.stop();
  });

  test('stop during a dump ends after it, without a frame; nothing follows', async () => {
    const { accounting, conntrack, frames } = start();
    const release = conntrack.hold();
    // The first dump began before it was held; stop while the second is.
    await vi.advanceTimersByTimeAsync(1000);
    const before = frames.length;
    const ended = accounting.stop();
    release();
    await ended;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(conntrack.dumps).toBe(2);
    expect(frames).toHaveLength(before);
  });

  test('refused connections come with the next dump; their losses are counted, logged once', async () => {
    let listener: RefusalListener | undefined;
    const close = vi.fn();
    const watchRefusals = (given: RefusalListener) => {
      listener = given;
      return { close };
    };
    const { accounting, frames, log, settle } = start({ watchRefusals });
    await settle();
    listener?.onRefusal(connection(60, { replyPackets: 1, replyBytes: 40 }));
    await vi.advanceTimersByTimeAsync(1000);
    expect(frames.at(-1)?.rows).toEqual([[1, 1, 1, 0, 1, 60, 1, 40, 0, 0, 0]]);
    listener?.onLoss('overrun');
    listener?.onLoss('overrun');
    expect(accounting.totals()).toMatchObject({ refusalLosses: 2, lostDumps: 0 });
    expect(log.warn).toHaveBeenCalledTimes(1);
    await accounting.stop();
    expect(close).toHaveBeenCalledTimes(1);
  });

  test('what cannot be read is counted', async () => {
    const { accounting, conntrack, settle } = start();
    conntrack.chunks = [encodeFlow(connection(60)).subarray(0, 40)];
    await settle();
    expect(accounting.totals()).toMatchObject({ malformed: 1, lostDumps: 0 });
    await accounting.stop();
  });
});
