import type { EdgeClient } from '@kubecity/protocol';
import { describe, expect, test } from 'vitest';
import { Directory, type Edge, FlowLedger, type FlowRow, flowIdentity, STATUS, TCP_STATE } from '../src/index.ts';
import { podChange, podGone, serviceChange, serviceGone } from './city.ts';
import { flow } from './flows.ts';

const CART = 'shop/cart:http/TCP';
const DNS = 'kube-system/dns:dns/UDP';
const pod = (uid: string): EdgeClient => ({ kind: 'pod', uid, namespace: 'shop', name: uid });
const CART_CHANGE = serviceChange(CART, 80, ['10.96.0.10', 'fd00:96::a'], { nodePort: 30080 });

interface DumpOptions {
  complete?: boolean;
  after?: number;
  refused?: FlowRow[];
}

/** A ledger of node-a, where the pod web-1 runs; cart-1 runs on node-b. */
function city({ maxEdges }: { maxEdges?: number } = {}) {
  const directory = new Directory({ node: 'node-a' });
  let at = 1_000_000;
  const apply = (...changes: Parameters<Directory['apply']>[0] extends Iterable<infer C> ? C[] : never) =>
    directory.apply(changes, at);
  apply(
    CART_CHANGE,
    serviceChange(DNS, 53, ['10.96.0.10']),
    podChange('web-1', 'node-a', ['10.1.0.2', 'fd00:1::2']),
    podChange('cart-1', 'node-b', ['10.2.0.5', 'fd00:2::5']),
  );
  const ledger = new FlowLedger({ directory, maxEdges });
  const dump = (rows: readonly FlowRow[], { complete = true, after = 1000, refused = [] }: DumpOptions = {}) => {
    at += after;
    ledger.begin(at);
    for (const row of refused) ledger.refuse(row);
    for (const row of rows) ledger.add(row);
    ledger.end(complete);
    return [...ledger.edges.values()];
  };
  const one = (rows: readonly FlowRow[], options: DumpOptions = {}): Edge => {
    const edges = dump(rows, options);
    expect(edges).toHaveLength(1);
    return edges[0] as Edge;
  };
  return { ledger, directory, apply, dump, one };
}

/** A ledger that has seen an empty table: whatever comes is new. */
function settledCity() {
  const it = city();
  it.dump([]);
  return it;
}

const carried = (packets: number, bytes: number, back: number, bytesBack: number) => ({
  originalPackets: packets,
  originalBytes: bytes,
  replyPackets: back,
  replyBytes: bytesBack,
});

describe('totals', () => {
  test('a new flow counts from its first byte, then by what it adds', () => {
    const { one } = settledCity();
    expect(one([flow(carried(5, 500, 4, 4000))])).toMatchObject({
      client: pod('web-1'),
      servicePort: CART,
      backend: '10.2.0.5:8080',
      opened: 1,
      packetsToBackend: 5,
      bytesToBackend: 500,
      packetsToClient: 4,
      bytesToClient: 4000,
    });
    expect(one([flow(carried(6, 600, 5, 5000))])).toMatchObject({
      opened: 1,
      bytesToBackend: 600,
      bytesToClient: 5000,
    });
  });

  test('a flow older than the ledger is open, but neither opened nor traffic until it moves', () => {
    const { one } = city();
    expect(one([flow(carried(5, 500, 4, 4000))])).toMatchObject({ opened: 0, bytesToBackend: 0, moving: 0, idle: 1 });
    expect(one([flow(carried(6, 650, 4, 4000))])).toMatchObject({ opened: 0, bytesToBackend: 150, moving: 1, idle: 0 });
  });

  test('after a first dump that failed, what the second one adds is still older', () => {
    const { dump, one } = city();
    dump([], { complete: false });
    expect(one([flow(carried(5, 500, 4, 4000))])).toMatchObject({ opened: 0, bytesToBackend: 0 });
    const [, second] = dump([flow(carried(5, 500, 4, 4000)), flow({ id: 2, sourcePort: 2, replySourcePort: 81 })]);
    expect(second).toMatchObject({ opened: 1 });
  });

  test('a flow that ended leaves its totals, and adds nothing twice when a dump overlooked it', () => {
    const { one } = settledCity();
    const row = flow(carried(5, 500, 4, 4000));
    one([row]);
    expect(one([])).toMatchObject({ opened: 1, bytesToBackend: 500, moving: 0, idle: 0, flows: 1 });
    expect(one([row])).toMatchObject({ opened: 1, bytesToBackend: 500, idle: 1 });
    one([]);
    expect(one([])).toMatchObject({ opened: 1, bytesToBackend: 500, flows: 0 });
  });

  test('an incomplete dump ends nothing', () => {
    const { one } = settledCity();
    one([flow(carried(5, 500, 4, 4000))]);
    for (let n = 0; n < 3; n += 1) expect(one([], { complete: false })).toMatchObject({ moving: 1, flows: 1 });
  });

  test('a doubled row counts once, also when it moved in between', () => {
    const { one } = settledCity();
    const edge = one([flow(carried(5, 500, 4, 4000)), flow(carried(6, 600, 4, 4000))]);
    expect(edge).toMatchObject({ opened: 1, bytesToBackend: 600, moving: 1 });
  });

  test('the same identity with a smaller counter, or a closed connection that begins, is a new flow', () => {
    const { one } = settledCity();
    one([flow({ ...carried(5, 500, 4, 4000), tcpState: TCP_STATE.timeWait })]);
    expect(one([flow(carried(2, 200, 1, 100))])).toMatchObject({ opened: 2, bytesToBackend: 700, flows: 1 });
    one([flow({ ...carried(2, 200, 1, 100), tcpState: TCP_STATE.timeWait })]);
    expect(one([flow(carried(9, 900, 9, 900))])).toMatchObject({ opened: 3, bytesToBackend: 1600, flows: 1 });
  });

  test('flows that share a CTA_ID are told apart by their tuples', () => {
    const { one } = settledCity();
    const rows = [1, 2, 3].map((sourcePort) => flow({ sourcePort, ...carried(1, 100, 1, 100) }));
    expect(one(rows)).toMatchObject({ opened: 3, bytesToBackend: 300 });
    one([rows[0] as FlowRow, rows[2] as FlowRow]);
    one([rows[0] as FlowRow, rows[2] as FlowRow]);
    expect(one([rows[2] as FlowRow])).toMatchObject({ opened: 3, bytesToBackend: 300, idle: 1 });
  });
});

describe('a tuple that is used again while its entry is there', () => {
  const { close, established, finWait, timeWait } = TCP_STATE;
  const c1 = carried(5, 500, 4, 4000);
  const more = carried(8, 800, 7, 7000);
  const less = carried(4, 700, 7, 7000);

  const sequences: [string, Partial<FlowRow>[], { opened: number; bytesToBackend: number }][] = [
    ['after TIME_WAIT', [{ tcpState: timeWait, ...c1 }, more], { opened: 2, bytesToBackend: 1300 }],
    ['after CLOSE, with a smaller counter', [{ tcpState: close, ...c1 }, less], { opened: 2, bytesToBackend: 1200 }],
    ['after CLOSE, in the same entry', [{ tcpState: close, ...c1 }, more], { opened: 2, bytesToBackend: 800 }],
    [
      'after CLOSE with a FIN before it',
      [{ tcpState: finWait, ...c1 }, { tcpState: close, ...c1 }, more],
      { opened: 2, bytesToBackend: 1300 },
    ],
    [
      'twice in the same entry',
      [{ tcpState: close, ...c1 }, more, { tcpState: close, ...more }, carried(9, 900, 9, 9000)],
      { opened: 3, bytesToBackend: 900 },
    ],
    [
      'between two dumps, with the same figures',
      [
        { tcpState: close, timeout: 4, ...c1 },
        { tcpState: close, timeout: 9, ...c1 },
      ],
      { opened: 2, bytesToBackend: 1000 },
    ],
    [
      'not at all: it only runs down',
      [
        { tcpState: timeWait, timeout: 9, ...c1 },
        { tcpState: timeWait, timeout: 9, ...c1 },
        { tcpState: timeWait, timeout: 8, ...c1 },
      ],
      { opened: 1, bytesToBackend: 500 },
    ],
    [
      'not at all: a late packet',
      [
        { tcpState: timeWait, timeout: 8, ...c1 },
        { tcpState: timeWait, timeout: 119, ...carried(6, 540, 4, 4000) },
      ],
      { opened: 1, bytesToBackend: 540 },
    ],
    [
      'between two dumps while it was open, known by its start',
      [
        { tcpState: established, startedAt: 5_000_000_000_001, ...c1 },
        { tcpState: established, startedAt: 5_000_000_004_001, ...more },
      ],
      { opened: 2, bytesToBackend: 1300 },
    ],
    [
      'after CLOSE in another entry, known by its start',
      [
        { tcpState: close, startedAt: 5_000_000_000_001, ...c1 },
        { startedAt: 5_000_000_004_001, ...more },
      ],
      { opened: 2, bytesToBackend: 1300 },
    ],
    [
      'not at all, when the start is the same and another reader set the counters to zero',
      [
        { startedAt: 5_000_000_000_001, ...c1 },
        { startedAt: 5_000_000_000_001, ...carried(1, 100, 1, 100) },
      ],
      { opened: 1, bytesToBackend: 600 },
    ],
  ];
  test.each(sequences)('%s', (_, rows, expected) => {
    const { one } = settledCity();
    let edge: Edge | undefined;
    for (const part of rows) edge = one([flow(part)]);
    expect(edge).toMatchObject({ ...expected, flows: 1 });
  });

  test('refused: it is not the connection that was over', () => {
    const { one } = settledCity();
    one([flow({ tcpState: timeWait, ...c1 })]);
    expect(one([], { refused: [flow({ status: 0x28, ...carried(1, 60, 1, 40) })] })).toMatchObject({
      ...{ opened: 2, refused: 1, bytesToBackend: 560, flows: 0 },
    });
  });

  test('a revived entry from before our time is opened now, and what it carried before stays out', () => {
    const { one } = city();
    one([flow({ tcpState: close, ...c1 })]);
    expect(one([flow(more)])).toMatchObject({ opened: 1, bytesToBackend: 300 });
  });

  test('so it is when its Service becomes known later', () => {
    const { apply, dump, one } = city();
    const late = (part: Partial<FlowRow>) => flow({ ...part, replySource: '198.51.100.7' });
    apply(serviceGone(CART));
    dump([late({ tcpState: close, ...c1 })]);
    dump([late(more)]);
    apply(CART_CHANGE);
    expect(one([late(more)])).toMatchObject({ opened: 1, bytesToBackend: 300 });
  });
});

describe('flows that end unseen', () => {
  const udp = { protocol: 17, destinationPort: 53 };
  test.each([
    ['established', {}, 1],
    ['in TIME_WAIT', { tcpState: TCP_STATE.timeWait, timeout: 100 }, 0],
    ['in CLOSE', { tcpState: TCP_STATE.close, timeout: 9 }, 0],
    ['a SYN that ran down', { tcpState: TCP_STATE.synSent, timeout: 1 }, 0],
    ['a SYN that did not', { tcpState: TCP_STATE.synSent, timeout: 100 }, 1],
    ['UDP that ran down', { ...udp, timeout: 2 }, 0],
    ['UDP that did not', { ...udp, timeout: 3 }, 1],
    ['SCTP that did not', { protocol: 132, timeout: 200 }, 1],
    ['without counters: there is nothing to miss', { hasCounters: false }, 0],
    ['elsewhere: not ours', { status: 0xe, replySource: '198.51.100.1' }, 0],
  ] as [string, Parameters<typeof flow>[0], number][])('%s', (_, part, lost) => {
    const { dump, ledger } = settledCity();
    dump([flow(part)]);
    dump([]);
    expect(ledger.figures.endedUnseen).toBe(0);
    dump([], { after: 500_000 });
    expect(ledger.figures.endedUnseen).toBe(lost);
  });

  test('are those that a complete dump does not bring back', () => {
    const { dump, ledger } = settledCity();
    dump([flow()]);
    dump([], { complete: false });
    dump([]);
    dump([flow()]);
    dump([]);
    expect(ledger.figures.endedUnseen).toBe(0);
    dump([]);
    expect(ledger.figures.endedUnseen).toBe(1);
  });

  test('but not one that came back and then ended as it should', () => {
    const { dump, ledger } = settledCity();
    dump([flow()]);
    dump([]);
    dump([flow({ tcpState: TCP_STATE.timeWait, timeout: 100 })]);
    dump([]);
    dump([]);
    expect(ledger.figures.endedUnseen).toBe(0);
  });

  test('nor one whose entry ran down during many interrupted dumps', () => {
    const { dump, ledger } = settledCity();
    dump([flow({ timeout: 200 })]);
    for (let n = 0; n < 300; n += 1) dump([], { complete: false });
    dump([]);
    dump([]);
    expect(ledger.figures.endedUnseen).toBe(0);
  });

  test('and those whose place is taken by another', () => {
    const { dump, ledger } = settledCity();
    dump([flow(carried(5, 500, 4, 4000))]);
    dump([flow(carried(1, 100, 1, 100))]);
    expect(ledger.figures.endedUnseen).toBe(1);
  });
});

describe('attribution', () => {
  test('counts flows to Services and to pods, each family and protocol by itself', () => {
    const { dump } = settledCity();
    const edges = dump([
      flow(),
      flow({ source: 'fd00:1::2' }),
      flow({ id: 2, zone: 7 }),
      flow({ protocol: 17, destinationPort: 53, replySourcePort: 53 }),
      flow({ status: STATUS.confirmed, destination: '10.2.0.5', destinationPort: 8080 }),
    ]);
    expect(
      edges.map(({ client, servicePort, backend, pod, opened }) => [client, servicePort, backend, pod?.uid, opened]),
    ).toEqual([
      [pod('web-1'), CART, '10.2.0.5:8080', 'cart-1', 2],
      [pod('web-1'), CART, '[fd00:2::5]:8080', 'cart-1', 1],
      [pod('web-1'), DNS, '10.2.0.5:53', 'cart-1', 1],
      [pod('web-1'), '', '10.2.0.5:8080', 'cart-1', 1],
    ]);
  });

  test('says what is counted elsewhere, and what nobody explains', () => {
    const { dump, ledger } = settledCity();
    const rows = [
      flow({ status: 0xe, destination: '198.51.100.7', replySource: '198.51.100.7' }),
      flow({ id: 2, replySource: '198.51.100.7', destinationPort: 81 }),
    ];
    for (let n = 0; n < 4; n += 1) dump(rows);
    expect(ledger.figures).toMatchObject({ elsewhere: 2, unexplained: 1 });
    dump([]);
    expect(ledger.figures).toMatchObject({ elsewhere: 0, unexplained: 0 });
  });

  test('client, service port and backend are those of the first sight', () => {
    const { apply, one, dump } = settledCity();
    one([flow(carried(1, 100, 1, 100))]);
    apply(serviceGone(CART), podChange('other', 'node-a', ['10.1.0.2']), podChange('cart-2', 'node-b', ['10.2.0.5']));
    expect(one([flow(carried(2, 200, 1, 100))])).toMatchObject({
      client: pod('web-1'),
      pod: { uid: 'cart-1' },
      bytesToBackend: 200,
    });
    apply(CART_CHANGE);
    const edges = dump([flow(carried(2, 200, 1, 100)), flow({ id: 2, ...carried(1, 10, 1, 10) })]);
    expect(edges.map(({ client, pod }) => [client, pod?.uid])).toEqual([
      [pod('web-1'), 'cart-1'],
      [pod('other'), 'cart-2'],
    ]);
  });

  test('a flow that began before its address passed on is the former pod’s', () => {
    const { apply, dump, one } = settledCity();
    apply(podGone('web-1'));
    dump([], { after: 20_000 });
    apply(podChange('other', 'node-a', ['10.1.0.2']));
    expect(one([flow({ startedAt: 1_000_500 })])).toMatchObject({ client: pod('web-1') });
  });

  test('a service port learnt late gets what its flows carried since the ledger began', () => {
    const { apply, dump, one } = city();
    apply(serviceGone(CART), podGone('cart-1'));
    const older = flow({ replySource: '198.51.100.7', ...carried(5, 500, 4, 400) });
    const newer = flow({ id: 2, sourcePort: 2, replySource: '198.51.100.7', ...carried(1, 30, 1, 10) });
    expect(dump([older])).toEqual([]);
    expect(dump([older, newer], { after: 60_000 })).toEqual([]);
    apply(CART_CHANGE);
    expect(one([{ ...older, ...carried(7, 700, 4, 400) }, newer])).toMatchObject({ opened: 1, bytesToBackend: 230 });
  });

  test('and then belongs to the pod that had the client’s address at the first sight', () => {
    const { apply, dump, one } = settledCity();
    apply(serviceGone(CART));
    const row = flow({ replySource: '198.51.100.7' });
    dump([row]);
    dump([row]);
    apply(podChange('other', 'node-a', ['10.1.0.2']));
    dump([row], { after: 20_000 });
    apply(CART_CHANGE);
    expect(one([row])).toMatchObject({ client: pod('web-1') });
  });

  test('a client that may be a pod unheard of is waited for, then taken for what it seems', () => {
    const { apply, dump } = settledCity();
    const early = flow({ source: '10.1.0.77', ...carried(1, 100, 1, 100) });
    const stranger = flow({ id: 2, source: '10.1.0.78', ...carried(1, 100, 1, 100) });
    const outside = flow({ id: 3, source: '203.0.113.9', ...carried(1, 100, 1, 100) });
    expect(dump([early, stranger, outside]).map(({ client }) => client)).toEqual([
      { kind: 'outside', network: '203.0.113.0/24' },
    ]);
    apply(podChange('early', 'node-a', ['10.1.0.77']));
    expect(dump([early, stranger, outside]).map(({ client }) => client)).toEqual([
      { kind: 'outside', network: '203.0.113.0/24' },
      pod('early'),
    ]);
    expect(dump([early, stranger, outside], { after: 2000 }).at(-1)).toMatchObject({
      client: { kind: 'outside', network: '10.1.0.0/24' },
      opened: 1,
      bytesToBackend: 100,
    });
  });

  test('what is gone while it was waited for counts as what it seemed, without its bytes', () => {
    const { dump, ledger } = settledCity();
    dump([flow({ source: '10.1.0.78', ...carried(1, 100, 1, 100) })], { after: 100 });
    dump([], { after: 100 });
    expect(dump([], { after: 100 })).toMatchObject([
      { client: { kind: 'outside', network: '10.1.0.0/24' }, opened: 1, bytesToBackend: 0, flows: 0 },
    ]);
    expect(ledger.figures.endedUnseen).toBe(1);
  });

  test('addresses of flows that are gone are let go', () => {
    const { dump, directory } = settledCity();
    const before = directory.addresses.size;
    dump([1, 2, 3].map((id) => flow({ id, source: `203.0.113.${id}`, replySource: `198.51.100.${id}` })));
    expect(directory.addresses.size).toBe(before + 6);
    dump([]);
    dump([]);
    // Edges keep their backends.
    expect(directory.addresses.size).toBe(before + 3);
    dump([], { after: 400_000 });
    expect(directory.addresses.size).toBe(before);
  });
});

describe('classes', () => {
  test.each([
    ['none', { moving: 0, idle: 0, closing: 0, waiting: 1 }],
    ['synSent', { moving: 0, idle: 0, closing: 0, waiting: 1 }],
    ['synReceived', { moving: 0, idle: 0, closing: 0, waiting: 1 }],
    ['established', { moving: 1, idle: 0, closing: 0, waiting: 0 }],
    ['finWait', { moving: 0, idle: 0, closing: 1, waiting: 0 }],
    ['closeWait', { moving: 0, idle: 0, closing: 1, waiting: 0 }],
    ['lastAck', { moving: 0, idle: 0, closing: 1, waiting: 0 }],
    ['timeWait', { moving: 0, idle: 0, closing: 0, waiting: 0 }],
    ['close', { moving: 0, idle: 0, closing: 0, waiting: 0 }],
    ['synSent2', { moving: 0, idle: 0, closing: 0, waiting: 1 }],
  ] as const satisfies readonly (readonly [keyof typeof TCP_STATE, object])[])('TCP %s', (state, expected) => {
    const { one } = settledCity();
    expect(one([flow({ tcpState: TCP_STATE[state], ...carried(3, 300, 2, 200) })])).toMatchObject(expected);
  });

  test('every TCP state has a row above', () => {
    expect(Object.keys(TCP_STATE)).toHaveLength(10);
  });

  test('UDP is moving, then idle, then gone', () => {
    const { one } = settledCity();
    const row = flow({ protocol: 17, destinationPort: 53, ...carried(1, 60, 1, 80) });
    expect(one([row])).toMatchObject({ moving: 1, idle: 0, servicePort: DNS });
    expect(one([row])).toMatchObject({ moving: 0, idle: 1 });
    expect(one([])).toMatchObject({ moving: 0, idle: 0, opened: 1, unanswered: 0 });
  });

  test('a flow without counters counts as moving and is reported', () => {
    const { one, dump, ledger } = settledCity();
    const row = flow({ hasCounters: false });
    one([row]);
    expect(one([row])).toMatchObject({ moving: 1, idle: 0, uncounted: 1, bytesToBackend: 0 });
    expect(ledger.figures.withoutCounters).toBe(1);
    dump([]);
    dump([], { complete: false });
    expect(ledger.figures.withoutCounters).toBe(0);
  });

  test('a connection that was cut is not refused', () => {
    const { one } = settledCity();
    expect(one([flow({ tcpState: TCP_STATE.close, ...carried(3, 160, 2, 140) })])).toMatchObject({ refused: 0 });
  });

  test('a SYN without an answer is unanswered when it vanishes', () => {
    const { one } = settledCity();
    const row = flow({ status: 0x28, tcpState: TCP_STATE.synSent, ...carried(3, 180, 0, 0) });
    expect(one([row])).toMatchObject({ opened: 1, unanswered: 0 });
    one([]);
    expect(one([])).toMatchObject({ opened: 1, unanswered: 1, refused: 0 });
  });

  test('an attempt from before our time does not become unanswered: it was not opened either', () => {
    const { one, dump } = city();
    dump([flow({ status: 0x28, tcpState: TCP_STATE.synSent, ...carried(1, 60, 0, 0) })]);
    dump([]);
    expect(one([])).toMatchObject({ opened: 0, unanswered: 0 });
  });
});

describe('refused connections', () => {
  const parts = { status: 0x28, ...carried(1, 60, 1, 40) };
  const refused = flow(parts);

  test('are opened and refused, with their two packets, and never open', () => {
    const { one } = settledCity();
    expect(one([], { refused: [refused, { ...refused, sourcePort: 2, id: 2 }] })).toMatchObject({
      ...{ opened: 2, refused: 2, unanswered: 0, flows: 0, moving: 0, idle: 0, closing: 0 },
      ...{ packetsToBackend: 2, bytesToBackend: 120, packetsToClient: 2, bytesToClient: 80 },
    });
  });

  test('count at once, also when news of the client may come', () => {
    const { one } = settledCity();
    expect(one([], { refused: [flow({ ...parts, source: '10.1.0.77' })] })).toMatchObject({
      ...{ client: { kind: 'outside', network: '10.1.0.0/24' }, opened: 1, refused: 1, bytesToBackend: 60 },
    });
  });

  test('count once when a dump had shown the SYN', () => {
    const { one } = settledCity();
    one([flow({ status: 0x28, tcpState: TCP_STATE.synSent, ...carried(1, 60, 0, 0) })]);
    one([], { refused: [refused] });
    expect(one([])).toMatchObject({ opened: 1, refused: 1, unanswered: 0, flows: 0, bytesToBackend: 60 });
  });

  test('from before our time do not count', () => {
    const { dump, one } = city();
    expect(dump([], { refused: [refused] })).toEqual([]);
    const older = city();
    older.dump([flow({ status: 0x28, tcpState: TCP_STATE.synSent, ...carried(1, 60, 0, 0) })]);
    expect(older.one([], { refused: [refused] })).toMatchObject({ opened: 0, refused: 0 });
    expect(one([], { refused: [refused] })).toMatchObject({ opened: 1, refused: 1 });
  });

  test('of no service port do not count', () => {
    const { dump } = settledCity();
    expect(
      dump([], {
        refused: [
          flow({ ...parts, replySource: '198.51.100.7', destinationPort: 81 }),
          flow({ ...parts, destination: '198.51.100.7', replySource: '198.51.100.7', status: 8 }),
        ],
      }),
    ).toEqual([]);
  });
});

test('an edge is forgotten after five quiet minutes without flows, not before, and returns as another', () => {
  const { one, dump } = settledCity();
  const { id } = one([flow(carried(1, 60, 1, 40))]);
  one([], { after: 1000 });
  one([], { after: 299_000 });
  const [kept] = dump([], { after: 1_000 });
  expect(kept?.id).toBe(id);
  expect(dump([], { after: 1_000 })).toEqual([]);
  expect(one([flow({ id: 9, ...carried(1, 60, 1, 40) })])).toMatchObject({ opened: 1, bytesToBackend: 60 });
});

test('an edge with an idle flow is never forgotten', () => {
  const { one } = settledCity();
  one([flow(carried(1, 60, 1, 40))]);
  for (let n = 0; n < 5; n += 1) expect(one([flow(carried(1, 60, 1, 40))], { after: 400_000 }).idle).toBe(1);
});

describe('single connections', () => {
  const many = () => {
    const it = settledCity();
    it.dump([
      flow({ id: 1, sourcePort: 1, ...carried(1, 100, 1, 100) }),
      flow({ id: 2, sourcePort: 2, zone: 3, ...carried(3, 300, 1, 900) }),
      flow({
        id: 0xffff_fff3,
        source: 'fd00:1::2',
        sourcePort: 3,
        tcpState: TCP_STATE.closeWait,
        ...carried(2, 200, 0, 0),
      }),
      flow({ id: 4, sourcePort: 4, tcpState: TCP_STATE.timeWait }),
      flow({ id: 5, sourcePort: 5, replySource: '198.51.100.6', hasCounters: false }),
      flow({ protocol: 17, destinationPort: 53 }),
    ]);
    return it;
  };

  test('are told with what they carried, the busiest first', () => {
    const { ledger } = many();
    const { total, flows } = ledger.details({ servicePort: CART, limit: 2 });
    expect(total).toBe(5);
    expect(flows.map(({ source }) => source)).toEqual(['10.1.0.2:2', '10.1.0.2:1']);
    expect(flows[0]).toEqual({
      ...{ protocol: 'TCP', client: pod('web-1'), source: '10.1.0.2:2', destination: '10.96.0.10:80' },
      ...{ backend: '10.2.0.5:8080', state: 'moving', since: 1_002_000, counted: true },
      ...{ packetsToBackend: 3, bytesToBackend: 300, packetsToClient: 1, bytesToClient: 900 },
    });
  });

  test('of one backend', () => {
    const { ledger } = many();
    const query = { servicePort: CART, limit: 10 };
    expect(ledger.details({ ...query, backend: '198.51.100.6:8080' })).toMatchObject({
      total: 1,
      flows: [{ state: 'moving', counted: false }],
    });
    expect(ledger.details({ ...query, backend: '[fd00:2::5]:8080' })).toMatchObject({
      total: 1,
      flows: [{ source: '[fd00:1::2]:3', destination: '[fd00:96::a]:80', state: 'closing' }],
    });
    expect(ledger.details({ ...query, backend: '10.2.0.7:8080' })).toEqual({ total: 0, flows: [] });
    expect(ledger.details({ ...query, servicePort: DNS })).toMatchObject({ total: 1, flows: [{ protocol: 'UDP' }] });
  });

  test('are named as the kernel names them, by backend and class', () => {
    const { ledger } = many();
    const backend = '10.2.0.5:8080';
    expect(ledger.identities({ servicePort: CART, backend, classes: ['moving', 'closing'] })).toEqual([
      flowIdentity(flow({ id: 1, sourcePort: 1 })),
      flowIdentity(flow({ id: 2, sourcePort: 2, zone: 3 })),
    ]);
    expect(ledger.identities({ servicePort: CART, backend: '[fd00:2::5]:8080', classes: ['closing'] })).toEqual([
      flowIdentity(flow({ id: 0xffff_fff3, source: 'fd00:1::2', sourcePort: 3 })),
    ]);
    expect(ledger.identities({ servicePort: CART, backend, classes: ['idle', 'waiting'] })).toEqual([]);
  });

  test('are not told when the last dump missed them', () => {
    const { ledger, dump } = many();
    dump([]);
    expect(ledger.details({ servicePort: CART, limit: 10 })).toEqual({ total: 0, flows: [] });
  });
});

describe('open flows', () => {
  const other = { destinationPort: 53, protocol: 17, tcpState: 0, replySourcePort: 53 };

  test('are told by what they do, with how long no dump has shown them move', () => {
    const { ledger, dump } = settledCity();
    const rows = (bytes: number) => [
      flow({ id: 1, sourcePort: 1, originalPackets: bytes, originalBytes: bytes }),
      flow({ id: 2, sourcePort: 2, originalPackets: 1 }),
      flow({ id: 3, sourcePort: 3, tcpState: TCP_STATE.synSent }),
      flow({ id: 4, sourcePort: 4, tcpState: TCP_STATE.finWait }),
      flow({ id: 5, sourcePort: 5, tcpState: TCP_STATE.timeWait }),
      flow({ id: 6, sourcePort: 6, ...other }),
      flow({ id: 7, sourcePort: 7, destination: '10.2.0.5', destinationPort: 8080, status: STATUS.seenReply }),
    ];
    for (let i = 1; i <= 5; i += 1) dump(rows(i), { after: 3000 });
    const told = ledger.openFlows(() => true);
    expect(told.map(({ tuple, class: does, quietMs }) => [tuple, does, quietMs])).toEqual([
      ['6 10.1.0.2:1 10.96.0.10:80', 'moving', 0],
      ['6 10.1.0.2:2 10.96.0.10:80', 'idle', 12_000],
      ['6 10.1.0.2:3 10.96.0.10:80', 'waiting', 12_000],
      ['17 10.1.0.2:6 10.96.0.10:53', 'idle', 12_000],
    ]);
    expect(told[1]).toMatchObject({ servicePort: CART, backend: '10.2.0.5:8080', originalPackets: 1, replyPackets: 0 });
    expect(flowIdentity(told[1]?.row as FlowRow)).toEqual(flowIdentity(rows(1)[1] as FlowRow));
    // What a complete dump does not show is not told any more.
    dump(rows(6).slice(0, 2));
    expect(ledger.openFlows(({ quietMs }) => quietMs > 0).map(({ tuple }) => tuple)).toEqual([told[1]?.tuple]);
    expect(ledger.openFlows((_, tuple) => tuple().startsWith('17 '))).toEqual([]);
  });

  test('are told with their own backend also where edges are summed', () => {
    const { ledger, dump } = city({ maxEdges: 1 });
    const to = (host: number) => flow({ id: host, sourcePort: host, replySource: `10.3.0.${host}` });
    dump([]);
    dump([1, 2, 3, 4].map(to));
    expect(ledger.openFlows(() => true).map(({ backend }) => backend)).toEqual(
      [1, 2, 3, 4].map((host) => `10.3.0.${host}:8080`),
    );
  });
});
