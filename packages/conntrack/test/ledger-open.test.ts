import { describe, expect, test } from 'vitest';
import { type FlowRow, flowIdentity, STATUS, TCP_STATE } from '../src/index.ts';
import { flow } from './flows.ts';
import { CART, carried, city, DNS, pod, settledCity } from './ledger-city.ts';

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
