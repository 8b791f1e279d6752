import { describe, expect, test } from 'vitest';
import { TCP_STATE } from '../src/index.ts';
import { flow } from './flows.ts';
import { carried, city, settledCity } from './ledger-city.ts';

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
