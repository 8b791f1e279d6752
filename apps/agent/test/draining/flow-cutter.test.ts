import {
  ADDRESS,
  Directory,
  emptyFlowRow,
  encodeFlow,
  FlowDecoder,
  FlowLedger,
  type FlowRow,
  parseWords,
  STATUS,
  TCP_STATE,
} from '@kubecity/conntrack';
import { FakeConntrack } from '@kubecity/netlink/testing';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { CutOrder } from '../../src/draining/cut-order.ts';
import { type CutNews, FlowCutter } from '../../src/draining/flow-cutter.ts';

const CART = 'shop/cart:http/TCP';
const DNS = 'shop/cart:dns/UDP';
const DRAINED = '10.2.0.5';
const UDP = 17;

beforeEach(() => void vi.useFakeTimers({ now: 0 }));
afterEach(() => void vi.useRealTimers());

/** A connection of a client outside to the drained backend, known by its source port. */
function flow(port: number, { to = DRAINED, ...part }: Partial<FlowRow> & { to?: string } = {}): FlowRow {
  const udp = part.protocol === UDP;
  const row: FlowRow = {
    ...emptyFlowRow(),
    ...{ protocol: 6, sourcePort: port, destinationPort: udp ? 53 : 80, replySourcePort: 8080, id: port },
    ...{ replyDestinationPort: port, status: STATUS.destinationNat | STATUS.seenReply, timeout: 300 },
    ...{ tcpState: udp ? 0 : TCP_STATE.established, hasCounters: true, originalPackets: 1, originalBytes: 60 },
    ...part,
  };
  row.words.set(parseWords('192.0.2.7').words, ADDRESS.source);
  row.words.set(parseWords('10.96.0.10').words, ADDRESS.destination);
  row.words.set(parseWords(to).words, ADDRESS.replySource);
  row.words.set(parseWords('192.0.2.7').words, ADDRESS.replyDestination);
  return row;
}

const order = (part: Partial<CutOrder> = {}): CutOrder => ({
  ...{ uid: 'u', generation: 1, perSecond: 50, existing: 'cut', udp: 'cut', late: false },
  backends: [
    [CART, `${DRAINED}:8080`],
    [DNS, `${DRAINED}:8080`],
  ],
  ...part,
});

/** A table of connections, what a ledger knows of it after each `dump`, and the cutter at work. */
function setUp() {
  const directory = new Directory({ node: 'node-a' });
  const port = (id: string, protocol: 'TCP' | 'UDP', number: number) =>
    ({
      kind: 'servicePort',
      id,
      value: { key: id, protocol, port: number, addresses: ['10.96.0.10'] },
    }) as const;
  directory.apply([port(CART, 'TCP', 80), port(DNS, 'UDP', 53)], 0);
  const conntrack = new FakeConntrack();
  const ledger = new FlowLedger({ directory });
  const news: CutNews[] = [];
  const failures: string[] = [];
  const deletedAt: number[] = [];
  const remove = conntrack.delete.bind(conntrack);
  conntrack.delete = async (identities) => {
    const deletion = await remove(identities);
    for (let i = 0; i < deletion.deleted; i += 1) deletedAt.push(Date.now());
    return deletion;
  };
  const cutter = new FlowCutter({
    conntrack,
    openFlows: (wanted) => ledger.openFlows(wanted),
    now: Date.now,
    tell: (each) => news.push(each),
    failed: ({ message }) => failures.push(message),
  });
  const put = (...rows: FlowRow[]) => {
    conntrack.chunks = rows.map((row) => encodeFlow(row));
  };
  const dump = () => {
    ledger.begin(Date.now());
    const decoder = new FlowDecoder((row) => ledger.add(row));
    for (const chunk of conntrack.chunks) decoder.read(chunk);
    ledger.end(true);
    cutter.look();
  };
  /** Dumps each second for so long. */
  const pass = async (seconds: number) => {
    for (let i = 0; i < seconds; i += 1) {
      await vi.advanceTimersByTimeAsync(1000);
      dump();
    }
    await vi.advanceTimersByTimeAsync(0);
  };
  const left = () => {
    const ports: number[] = [];
    const decoder = new FlowDecoder(({ sourcePort }) => ports.push(sourcePort));
    for (const chunk of conntrack.chunks) decoder.read(chunk);
    return ports.sort((a, b) => a - b);
  };
  const total = () => news.reduce((sum, { connections }) => sum + connections, 0);
  return { conntrack, cutter, put, dump, pass, left, news, failures, deletedAt, total };
}

test('ends what is open, at its pace: never more in any second than asked', async () => {
  const { cutter, put, dump, pass, left, news, deletedAt, total } = setUp();
  put(...Array.from({ length: 180 }, (_, i) => flow(1000 + i)));
  dump();
  cutter.set([order()]);
  cutter.look();
  await vi.advanceTimersByTimeAsync(950);
  expect(deletedAt).toHaveLength(50);
  await pass(4);
  expect([left(), total()]).toEqual([[], 180]);
  for (const at of deletedAt) {
    expect(deletedAt.filter((other) => other >= at && other < at + 1000).length).toBeLessThanOrEqual(50);
  }
  expect(news[0]).toEqual({ uid: 'u', connections: 5, left: 175, late: false });
});

test('never touches what closes or is over, other backends, or other Services', async () => {
  const { cutter, put, dump, pass, left } = setUp();
  put(
    flow(1, { tcpState: TCP_STATE.finWait }),
    flow(2, { tcpState: TCP_STATE.lastAck }),
    flow(3, { tcpState: TCP_STATE.timeWait }),
    flow(4, { tcpState: TCP_STATE.close }),
    flow(5, { to: '10.2.0.6' }),
    flow(6, { destinationPort: 8080, status: STATUS.seenReply }),
    flow(7, { tcpState: TCP_STATE.synSent }),
    flow(8, { hasCounters: false }),
    flow(9),
  );
  dump();
  cutter.set([order()]);
  await pass(15);
  expect(left()).toEqual([1, 2, 3, 4, 5, 6]);
});

test('of idle ones ends those that nobody has seen move for 10 s, and not one that moved since the dump', async () => {
  const { cutter, put, dump, pass, left } = setUp();
  const moving = (bytes: number) => flow(1, { originalBytes: bytes, originalPackets: bytes });
  const others = [flow(2), flow(3), flow(4, { hasCounters: false }), flow(5, { tcpState: TCP_STATE.synSent })];
  put(moving(1), ...others);
  dump();
  cutter.set([order({ existing: 'cutIdle' })]);
  for (let second = 1; second < 10; second += 1) {
    put(moving(1 + second), ...others);
    await pass(1);
    expect(left(), `after ${second} s`).toEqual([1, 2, 3, 4, 5]);
  }
  await vi.advanceTimersByTimeAsync(1000);
  put(moving(11), ...others);
  dump();
  // It moved after the dump that showed it quiet.
  put(moving(12), flow(2), flow(3, { originalPackets: 2 }), ...others.slice(2));
  await pass(1);
  expect(left()).toEqual([1, 3, 4, 5]);
  for (let second = 12; second < 30; second += 1) {
    put(moving(1 + second), ...(left().includes(3) ? [flow(3, { originalPackets: 2 })] : []), ...others.slice(2));
    await pass(1);
  }
  expect(left()).toEqual([1, 4, 5]);
});

test('treats UDP apart', async () => {
  const { cutter, put, dump, pass, left } = setUp();
  put(flow(1), flow(2, { protocol: UDP }));
  dump();
  cutter.set([order({ existing: 'wait', udp: 'cut' })]);
  await pass(12);
  expect(left()).toEqual([1]);
  cutter.set([order({ existing: 'cut', udp: 'cut', late: true })]);
  await pass(1);
  expect(left()).toEqual([]);
});

test('stops when its order is taken back, or no longer names the backend', async () => {
  for (const after of [[], [order({ backends: [[CART, '10.2.0.6:8080']] })]]) {
    const { cutter, put, dump, left, deletedAt } = setUp();
    put(...Array.from({ length: 100 }, (_, i) => flow(1000 + i)));
    dump();
    cutter.set([order()]);
    cutter.look();
    await vi.advanceTimersByTimeAsync(350);
    expect(deletedAt).toHaveLength(20);
    cutter.set(after);
    cutter.look();
    await vi.advanceTimersByTimeAsync(5000);
    dump();
    await vi.advanceTimersByTimeAsync(5000);
    expect(left()).toHaveLength(80);
  }
});

test('ends no connection twice that the rules let back, but a new order does', async () => {
  const { cutter, put, dump, pass, left, total } = setUp();
  put(flow(1));
  dump();
  cutter.set([order()]);
  await pass(1);
  expect(left()).toEqual([]);
  put(flow(1, { id: 77 }), flow(2));
  await pass(20);
  expect([left(), total()]).toEqual([[1], 2]);
  cutter.set([order({ late: true })]);
  await pass(2);
  expect(left(), 'its deadline is no other order').toEqual([1]);
  cutter.set([order({ generation: 2 })]);
  await pass(2);
  expect(left()).toEqual([]);
});

test('keeps to the pace of each order when several are at work', async () => {
  const { cutter, put, dump, left, news } = setUp();
  put(...Array.from({ length: 30 }, (_, i) => flow(1000 + i)));
  const others = Array.from({ length: 30 }, (_, i) => flow(2000 + i, { to: '10.2.0.6' }));
  put(...Array.from({ length: 30 }, (_, i) => flow(1000 + i)), ...others);
  dump();
  cutter.set([order({ perSecond: 10 }), order({ uid: 'v', perSecond: 20, backends: [[CART, '10.2.0.6:8080']] })]);
  cutter.look();
  await vi.advanceTimersByTimeAsync(999);
  const by = (uid: string) => news.filter((each) => each.uid === uid).reduce((sum, each) => sum + each.connections, 0);
  expect([by('u'), by('v'), left().length]).toEqual([10, 20, 30]);
});

test('says when the kernel will not, and goes on with the others', async () => {
  const { conntrack, cutter, put, dump, pass, failures, left } = setUp();
  const remove = conntrack.delete;
  let calls = 0;
  conntrack.delete = async (identities) => {
    calls += 1;
    if (calls === 1 || calls === 2) throw new Error('EBUSY');
    return remove(identities);
  };
  put(...Array.from({ length: 10 }, (_, i) => flow(1000 + i)));
  dump();
  cutter.set([order({ perSecond: 20 })]);
  await pass(3);
  expect([failures, left()], 'told once, not at each try').toEqual([['EBUSY'], [1000, 1001, 1002, 1003]]);
});
