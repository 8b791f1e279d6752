import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  ADDRESS,
  AnswerProgress,
  copyFlowRow,
  decodeEntry,
  encodeEntry,
  encodeFlow,
  FlowDecoder,
  type FlowRow,
  formatWords,
  TableStatsReader,
} from '../src/index.ts';
import { anyFlow, concat, flow } from './flows.ts';
import { CPU_STATS, DONE, hex, KERNEL, REFUSED_EPERM, TABLE_STATS } from './kernel-bytes.ts';

function decode(...chunks: Uint8Array[]) {
  const rows: FlowRow[] = [];
  const decoder = new FlowDecoder((row) => rows.push(copyFlowRow(row)));
  for (const chunk of chunks) decoder.read(chunk);
  const { ignored, malformed, foreign } = decoder;
  return { rows, ignored, malformed, foreign };
}

/** The row with its addresses as text. */
function shown({ words, ...row }: FlowRow) {
  const text = (place: number) => formatWords(row.family, words, place);
  return {
    ...row,
    source: text(ADDRESS.source),
    destination: text(ADDRESS.destination),
    replySource: text(ADDRESS.replySource),
    replyDestination: text(ADDRESS.replyDestination),
  };
}

const only = (bytes: Uint8Array) => {
  const { rows, malformed, foreign, ignored } = decode(bytes);
  expect([rows.length, ignored, malformed, foreign]).toEqual([1, 0, 0, 0]);
  return shown(rows[0] as FlowRow);
};

describe("the kernel's own bytes", () => {
  test('TCP over IPv4, without a timestamp', () => {
    expect(only(KERNEL.tcp4)).toEqual({
      ...{ family: 4, protocol: 6, zone: 0, source: '0.0.0.0', destination: '10.96.0.10', sourcePort: 49436 },
      ...{ destinationPort: 80, replySource: '127.0.0.1', replyDestination: '0.0.0.0', replySourcePort: 8080 },
      ...{ replyDestinationPort: 49436, status: 0x1ae, timeout: 299, mark: 0, id: 717804485, tcpState: 3 },
      ...{ startedAt: 0, hasCounters: true, originalPackets: 5, originalBytes: 274, replyPackets: 1, replyBytes: 60 },
    });
  });

  test('TCP over IPv6, with mark, timestamp and labels', () => {
    expect(only(KERNEL.tcp6)).toEqual({
      ...{ family: 6, protocol: 6, zone: 0, source: 'fd00:96::2', destination: 'fd00:96::1', sourcePort: 46372 },
      ...{ destinationPort: 81, replySource: '::1', replyDestination: 'fd00:96::2', replySourcePort: 8081 },
      ...{ replyDestinationPort: 46372, status: 0x1ae, timeout: 431_999, mark: 42, id: 3137084619, tcpState: 3 },
      ...{ startedAt: 1_795_401_291_815, hasCounters: true },
      ...{ originalPackets: 4, originalBytes: 301, replyPackets: 3, replyBytes: 229 },
    });
  });

  test('UDP in a zone, of both directions or of the original one', () => {
    expect(only(KERNEL.udpZone)).toMatchObject({ protocol: 17, zone: 8, destinationPort: 78, sourcePort: 58405 });
    expect(only(KERNEL.udpZoneOfOriginal)).toMatchObject({
      ...{ protocol: 17, zone: 7, destinationPort: 77, sourcePort: 37479, id: 3487882718 },
      ...{ replySourcePort: 77, replyDestinationPort: 37479 },
    });
  });

  test('SCTP in both families', () => {
    const ports = { protocol: 132, sourcePort: 40000, destinationPort: 80, replySourcePort: 8080, tcpState: 0 };
    expect(only(KERNEL.sctp4)).toMatchObject({ ...ports, family: 4, replySource: '10.2.0.5', id: 3524640377 });
    expect(only(KERNEL.sctp6)).toMatchObject({ ...ports, family: 6, replySource: 'fd00:2::5', id: 3750704765 });
  });

  test('ICMP of both families is counted and passed over', () => {
    expect(decode(concat(KERNEL.icmp, KERNEL.tcp4, KERNEL.icmpv6, KERNEL.tcp6))).toMatchObject({
      rows: [{ family: 4 }, { family: 6 }],
      ...{ ignored: 2, malformed: 0, foreign: 0 },
    });
  });

  test('counts of the table and of each CPU are added up', () => {
    const reader = new TableStatsReader();
    reader.read(CPU_STATS);
    expect(reader.stats).toBeUndefined();
    reader.read(concat(TABLE_STATS, DONE));
    expect(reader.stats).toEqual({ entries: 5, max: 262_144, insertFailed: 7, dropped: 32, earlyDropped: 1 });
    expect(reader.malformed).toBe(0);
    reader.read(CPU_STATS.subarray(0, 150));
    expect(reader.malformed).toBe(1);
  });
});

describe('FlowDecoder', () => {
  test('reads a chunk that is a window into a larger buffer', () => {
    const backing = concat(hex('ffffffffff'), KERNEL.tcp4, hex('ffff'));
    expect(decode(backing.subarray(5, 5 + KERNEL.tcp4.length)).rows).toHaveLength(1);
  });

  test('a row carries nothing over from the one before', () => {
    const older = flow({ protocol: 17, hasCounters: false });
    const { rows } = decode(concat(KERNEL.tcp6, encodeFlow(older), KERNEL.udpZoneOfOriginal, encodeFlow(older)));
    expect([rows[1], rows[3]]).toEqual([older, older]);
  });

  test('counters are 64 bits wide', () => {
    const big = flow({ originalBytes: 2 ** 52 + 12345, replyBytes: 2 ** 32, hasCounters: true });
    expect(decode(encodeFlow(big)).rows).toEqual([big]);
  });

  test('reads tuples whose attributes come in another order, or with company', () => {
    const { original, ...rest } = decodeEntry(KERNEL.tcp4);
    const { ip, protocol } = original;
    const { source, destination } = ip;
    const { number, sourcePort, destinationPort } = protocol;
    const turned = { protocol: { destinationPort, sourcePort, number }, ip: { destination, source } };
    const unknown = [{ type: 77, payload: hex('01020304') }];
    for (const tuple of [turned, { ip, protocol, unknown }, { ip: { ...ip, unknown }, protocol }]) {
      expect(decode(encodeEntry({ original: tuple, ...rest })).rows).toEqual(decode(KERNEL.tcp4).rows);
    }
  });

  test('an entry without ports is still an entry; without addresses it is none', () => {
    const { original, ...rest } = decodeEntry(KERNEL.tcp6);
    const bare = encodeEntry({ ...rest, original: { ...original, protocol: { number: 6 } } });
    expect(only(bare)).toMatchObject({ sourcePort: 0, destinationPort: 0, destination: 'fd00:96::1' });
    const ip = { source: original.ip.source } as typeof original.ip;
    expect(decode(encodeEntry({ ...rest, original: { ...original, ip } }))).toMatchObject({ rows: [], malformed: 1 });
    const ipv4 = { source: '10.0.0.1', destination: '10.0.0.2' };
    const mixed = encodeEntry({ ...rest, original: { ...original, ip: ipv4 } });
    expect(decode(mixed), 'IPv4 addresses in an IPv6 entry').toMatchObject({ rows: [], malformed: 1 });
  });

  test('end and error messages are no rows and no errors; others are foreign', () => {
    const foreign = DONE.slice();
    foreign[4] = 0x77;
    const otherFamily = KERNEL.tcp4.slice();
    otherFamily[16] = 7;
    expect(decode(concat(KERNEL.tcp4, foreign, DONE, REFUSED_EPERM, otherFamily))).toMatchObject({
      ...{ rows: [{}], malformed: 0, foreign: 2 },
    });
  });

  test.each([
    // The last attribute that an entry cannot do without is the id.
    ['tcp4', 148],
    ['tcp6', 196],
  ] as const)('an entry cut at any byte is counted as malformed, never handed on: %s', (name, needed) => {
    const whole = KERNEL[name];
    for (let length = 1; length < whole.length; length += 1) {
      expect(decode(whole.subarray(0, length))).toEqual({ rows: [], ignored: 0, malformed: 1, foreign: 0 });
      // The same with a header that owns up to the length: a cut between attributes behind the last needed one is a whole entry.
      const honest = whole.slice(0, length);
      if (length < 16) continue;
      new DataView(honest.buffer).setUint32(0, length, true);
      const { rows, malformed } = decode(honest);
      expect(rows.length + malformed).toBe(1);
      if (length < needed) expect(malformed).toBe(1);
    }
  });

  test('an attribute longer than its parent is malformed', () => {
    const broken = KERNEL.tcp4.slice();
    broken[24] = 0xff; // CTA_TUPLE_IP inside the original tuple
    expect(decode(broken)).toMatchObject({ rows: [], malformed: 1 });
  });

  test('any bytes end in counts: no throw, no hang, no read outside', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        const { rows, ignored, malformed, foreign } = decode(bytes);
        expect(rows.length + ignored + malformed + foreign).toBeLessThanOrEqual(bytes.length);
        new AnswerProgress(7).read(bytes);
        new TableStatsReader().read(bytes);
      }),
      { numRuns: 1000, seed: 41 },
    );
  });

  test.each(Object.entries(KERNEL))(
    'a damaged entry is one of the counts, and its neighbours survive: %s',
    (_, entry) => {
      const damage = fc.array(fc.tuple(fc.nat(entry.length - 17), fc.nat(255)), { minLength: 1, maxLength: 8 });
      fc.assert(
        fc.property(damage, (hits) => {
          const damaged = entry.slice();
          for (const [at, value] of hits) damaged[16 + at] = value;
          const { rows, ignored, malformed, foreign } = decode(concat(KERNEL.tcp4, damaged, KERNEL.tcp6));
          expect(rows.length + ignored + malformed + foreign).toBe(3);
          expect(rows.at(0)).toEqual(decode(KERNEL.tcp4).rows[0]);
          expect(rows.at(-1)).toEqual(decode(KERNEL.tcp6).rows[0]);
        }),
        { numRuns: 500, seed: 42 },
      );
    },
  );

  test('what is encoded decodes to the same rows', () => {
    fc.assert(
      fc.property(fc.array(anyFlow, { maxLength: 20 }), (flows) => {
        expect(decode(concat(...flows.map((each) => encodeFlow(each)))).rows).toEqual(flows);
      }),
      { seed: 43 },
    );
  });
});

describe('AnswerProgress', () => {
  const follow = (...chunks: Uint8Array[]) => {
    const progress = new AnswerProgress(7);
    for (const chunk of chunks) progress.read(chunk);
    return { ...progress };
  };

  test('goes on until DONE', () => {
    expect(follow(KERNEL.tcp4)).toMatchObject({ finished: false });
    expect(follow(concat(KERNEL.tcp4, DONE))).toMatchObject({ finished: true, errno: 0, interrupted: false });
  });

  test('an error and a failed DONE carry their errno', () => {
    expect(follow(REFUSED_EPERM)).toMatchObject({ finished: true, errno: 1 });
    const failed = DONE.slice();
    failed.set([0x97, 0xff, 0xff, 0xff], 16); // -105
    expect(follow(failed)).toMatchObject({ finished: true, errno: 105 });
  });

  test('DUMP_INTR on any message marks the whole answer', () => {
    const interrupted = KERNEL.tcp4.slice();
    interrupted[6] = 0x12;
    expect(follow(interrupted, DONE)).toMatchObject({ finished: true, interrupted: true });
  });

  test('messages of another request are not ours', () => {
    const other = DONE.slice();
    other[8] = 8;
    expect(follow(other)).toMatchObject({ finished: false });
  });

  test('a chunk cut short is counted', () => {
    expect(follow(DONE.subarray(0, 18))).toMatchObject({ finished: false, truncated: 1 });
  });
});
