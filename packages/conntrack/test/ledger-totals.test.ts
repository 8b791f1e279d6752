import { describe, expect, test } from 'vitest';
import { type Edge, type FlowRow, TCP_STATE } from '../src/index.ts';
import { serviceGone } from './city.ts';
import { flow } from './flows.ts';
import { CART, CART_CHANGE, carried, city, pod, settledCity } from './ledger-city.ts';

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
