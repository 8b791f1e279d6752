import type { EdgeClient } from '@kubecity/protocol';
import { describe, expect, test } from 'vitest';
import { type Directory, type Edge, FlowLedger, type FlowRow, TCP_STATE } from '../src/index.ts';
import { flow } from './flows.ts';

const CART = 'shop/cart:http/TCP';
const pod = (uid: string): EdgeClient => ({ kind: 'pod', uid, namespace: 'shop', name: uid });

interface DumpOptions {
  complete?: boolean;
  after?: number;
  refused?: FlowRow[];
}

/** A directory that a test may change while it is in use. */
function city() {
  const services = new Map([
    ['6 10.96.0.10:80', CART],
    ['17 10.96.0.10:53', 'kube-system/dns:dns/UDP'],
  ]);
  const clients = new Map<string, EdgeClient>([['10.1.0.2', pod('web-1')]]);
  const directory: Directory = {
    servicePort: (protocol, address, port) => services.get(`${protocol} ${address}:${port}`),
    client: (address) => clients.get(address) ?? { kind: 'outside', address },
  };
  const ledger = new FlowLedger({ directory });
  let at = 1_000_000;
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
  return { ledger, services, clients, dump, one };
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

describe('attribution', () => {
  test('only translated flows to a service port count', () => {
    const { dump } = settledCity();
    expect(dump([flow({ status: 0xe }), flow({ destinationPort: 81 }), flow({ protocol: 17 })])).toEqual([]);
  });

  test('client and service port are those of the first sight', () => {
    const { services, clients, one, dump } = settledCity();
    one([flow(carried(1, 100, 1, 100))]);
    services.clear();
    clients.set('10.1.0.2', pod('other'));
    expect(one([flow(carried(2, 200, 1, 100))])).toMatchObject({ client: pod('web-1'), bytesToBackend: 200 });
    services.set('6 10.96.0.10:80', CART);
    const edges = dump([flow(carried(2, 200, 1, 100)), flow({ id: 2, ...carried(1, 10, 1, 10) })]);
    expect(edges.map(({ client }) => client)).toEqual([pod('web-1'), pod('other')]);
  });

  test('a service port learnt late gets what its flows carried since the ledger began', () => {
    const { services, dump, one } = city();
    services.clear();
    const older = flow(carried(5, 500, 4, 400));
    const newer = flow({ id: 2, sourcePort: 2, ...carried(1, 30, 1, 10) });
    expect(dump([older])).toEqual([]);
    expect(dump([older, newer])).toEqual([]);
    services.set('6 10.96.0.10:80', CART);
    expect(one([flow(carried(7, 700, 4, 400)), newer])).toMatchObject({ opened: 1, bytesToBackend: 230 });
  });

  test('beyond the limit clients are summed as "other"', () => {
    const directory: Directory = { servicePort: () => CART, client: (address) => ({ kind: 'outside', address }) };
    const ledger = new FlowLedger({ directory, maxEdges: 2 });
    ledger.begin(0);
    ledger.end(true);
    ledger.begin(1);
    for (let n = 1; n <= 10; n += 1) ledger.add(flow({ id: n, source: n, ...carried(1, 100, 0, 0) }));
    ledger.end(true);
    const edges = [...ledger.edges.values()];
    expect(edges.map(({ client, opened }) => [client, opened])).toEqual([
      [{ kind: 'outside', address: '0.0.0.1' }, 1],
      [{ kind: 'outside', address: '0.0.0.2' }, 1],
      [{ kind: 'outside', address: 'other' }, 8],
    ]);
  });
});

describe('classes', () => {
  test.each([
    ['none', { moving: 0, idle: 0, closing: 0 }],
    ['synSent', { moving: 0, idle: 0, closing: 0 }],
    ['synReceived', { moving: 0, idle: 0, closing: 0 }],
    ['established', { moving: 1, idle: 0, closing: 0 }],
    ['finWait', { moving: 0, idle: 0, closing: 1 }],
    ['closeWait', { moving: 0, idle: 0, closing: 1 }],
    ['lastAck', { moving: 0, idle: 0, closing: 1 }],
    ['timeWait', { moving: 0, idle: 0, closing: 0 }],
    ['close', { moving: 0, idle: 0, closing: 0 }],
    ['synSent2', { moving: 0, idle: 0, closing: 0 }],
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
    expect(one([row])).toMatchObject({ moving: 1, idle: 0, servicePort: 'kube-system/dns:dns/UDP' });
    expect(one([row])).toMatchObject({ moving: 0, idle: 1 });
    expect(one([])).toMatchObject({ moving: 0, idle: 0, opened: 1, unanswered: 0 });
  });

  test('a flow without counters counts as moving and is reported', () => {
    const { one, ledger } = settledCity();
    const row = flow({ hasCounters: false });
    one([row]);
    expect(one([row])).toMatchObject({ moving: 1, idle: 0, bytesToBackend: 0 });
    expect(ledger.withoutCounters).toBe(1);
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
  const refused = flow({ status: 0x28, ...carried(1, 60, 1, 40) });

  test('are opened and refused, with their two packets, and never open', () => {
    const { one } = settledCity();
    expect(one([], { refused: [refused, { ...refused, sourcePort: 2, id: 2 }] })).toMatchObject({
      ...{ opened: 2, refused: 2, unanswered: 0, flows: 0, moving: 0, idle: 0, closing: 0 },
      ...{ packetsToBackend: 2, bytesToBackend: 120, packetsToClient: 2, bytesToClient: 80 },
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
          { ...refused, destinationPort: 81 },
          { ...refused, status: 8 },
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
  const [kept] = dump([flow({ protocol: 17 })], { after: 1_000 });
  expect(kept?.id).toBe(id);
  expect(dump([], { after: 1_000 })).toEqual([]);
  expect(one([flow({ id: 9, ...carried(1, 60, 1, 40) })])).toMatchObject({ opened: 1, bytesToBackend: 60 });
});

test('an edge with an idle flow is never forgotten', () => {
  const { one } = settledCity();
  one([flow(carried(1, 60, 1, 40))]);
  for (let n = 0; n < 5; n += 1) expect(one([flow(carried(1, 60, 1, 40))], { after: 400_000 }).idle).toBe(1);
});
