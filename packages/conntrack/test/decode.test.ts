import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  AnswerProgress,
  encodeCreateRequest,
  encodeDumpRequest,
  encodeFlow,
  FlowDecoder,
  type FlowRow,
  formatIPv4,
  parseIPv4,
} from '../src/index.ts';
import { anyFlow, concat, flow } from './flows.ts';

/**
 * Received from a Linux 6.18 kernel: a TCP connection to 10.96.0.10:80, translated to 127.0.0.1:8080.
 * `conntrack -L -o extended,id` said of it: tcp 6 ESTABLISHED src=0.0.0.0 dst=10.96.0.10 sport=49436 dport=80 packets=5
 * bytes=274 src=127.0.0.1 dst=0.0.0.0 sport=8080 dport=49436 packets=1 bytes=60 [ASSURED] mark=0 use=1 id=717804485
 */
const KERNEL_ENTRY = hex(
  '0c010000 0001 2200 07000000 00301800', // netlink header: 268 bytes, CT_NEW, MULTI|DUMP_FILTERED, sequence 7, port
  '02000000', // AF_INET
  '34000180 14000180 0800010000000000 080002000a60000a', // original addresses
  '1c000280 0500010006000000 06000200c11c0000 0600030000500000', // TCP, ports
  '34000280 14000180 080001007f000001 0800020000000000',
  '1c000280 0500010006000000 060002001f900000 06000300c11c0000',
  '08000300000001ae', // status: SEEN_REPLY ASSURED CONFIRMED DST_NAT, NAT done
  '0800080000000000', // mark
  '08000c002ac8d3c5', // id
  '08000b0000000001', // use: unknown to us
  '080007000000012b', // timeout 299
  '30000480 2c000180 0500010003000000 050002000a000000 050003000a000000 0600040033000000 0600050023000000',
  '1c000980 0c00010000000000 00000005 0c00020000000000 00000112',
  '1c000a80 0c00010000000000 00000001 0c00020000000000 0000003c',
);
const DONE = hex('14000000 0300 0200 07000000 00000000 00000000');
const REFUSED_EPERM = hex('24000000 0200 0000 07000000 00000000 ffffffff', '14000000010101030700000000000000');

function hex(...text: string[]): Uint8Array {
  return Uint8Array.from(Buffer.from(text.join('').replaceAll(' ', ''), 'hex'));
}

function decode(...chunks: Uint8Array[]) {
  const rows: FlowRow[] = [];
  const decoder = new FlowDecoder((row) => rows.push({ ...row }));
  for (const chunk of chunks) decoder.read(chunk);
  const { ipv6, malformed, foreign } = decoder;
  return { rows, ipv6, malformed, foreign };
}

describe('FlowDecoder', () => {
  test("reads the kernel's own bytes", () => {
    expect(decode(KERNEL_ENTRY)).toEqual({
      rows: [
        {
          protocol: 6,
          source: 0,
          destination: parseIPv4('10.96.0.10'),
          sourcePort: 49436,
          destinationPort: 80,
          replySource: parseIPv4('127.0.0.1'),
          replyDestination: 0,
          replySourcePort: 8080,
          replyDestinationPort: 49436,
          status: 0x1ae,
          timeout: 299,
          mark: 0,
          id: 717804485,
          tcpState: 3,
          hasCounters: true,
          originalPackets: 5,
          originalBytes: 274,
          replyPackets: 1,
          replyBytes: 60,
        },
      ],
      ipv6: 0,
      malformed: 0,
      foreign: 0,
    });
  });

  test('reads a chunk that is a window into a larger buffer', () => {
    const backing = concat(hex('ffffffffff'), KERNEL_ENTRY, hex('ffff'));
    expect(decode(backing.subarray(5, 5 + KERNEL_ENTRY.length)).rows).toHaveLength(1);
  });

  test('a row carries nothing over from the one before', () => {
    const older = flow({ protocol: 17, hasCounters: false });
    const rows = decode(concat(KERNEL_ENTRY, encodeFlow(older))).rows;
    expect(rows[1]).toEqual(older);
  });

  test('counters are 64 bits wide', () => {
    const big = flow({ originalBytes: 2 ** 52 + 12345, replyBytes: 2 ** 32, hasCounters: true });
    expect(decode(encodeFlow(big)).rows).toEqual([big]);
  });

  test('IPv6 entries are counted and skipped', () => {
    const ipv6 = KERNEL_ENTRY.slice();
    ipv6[16] = 10;
    expect(decode(concat(ipv6, KERNEL_ENTRY))).toMatchObject({ rows: [{}], ipv6: 1, malformed: 0 });
  });

  test('end and error messages are no rows and no errors; others are foreign', () => {
    const foreign = DONE.slice();
    foreign[4] = 0x77;
    expect(decode(concat(KERNEL_ENTRY, foreign, DONE, REFUSED_EPERM))).toMatchObject({
      rows: [{}],
      malformed: 0,
      foreign: 1,
    });
  });

  test('an entry cut at any byte is counted as malformed, never handed on', () => {
    for (let length = 1; length < KERNEL_ENTRY.length; length += 1) {
      expect(decode(KERNEL_ENTRY.subarray(0, length))).toEqual({ rows: [], ipv6: 0, malformed: 1, foreign: 0 });
      // The same with a header that owns up to the length: only a cut between attributes behind the last needed one is
      // a whole entry (the id ends at 148).
      const honest = KERNEL_ENTRY.slice(0, length);
      if (length < 16) continue;
      new DataView(honest.buffer).setUint32(0, length, true);
      const { rows, malformed } = decode(honest);
      expect(rows.length + malformed).toBe(1);
      if (length < 148) expect(malformed).toBe(1);
    }
  });

  test('an attribute longer than its parent is malformed', () => {
    const broken = KERNEL_ENTRY.slice();
    broken[24] = 0xff; // CTA_TUPLE_IP inside the original tuple
    expect(decode(broken)).toMatchObject({ rows: [], malformed: 1 });
  });

  test('any bytes end in counts: no throw, no hang, no read outside', () => {
    const noise = fc.uint8Array({ maxLength: 400 });
    fc.assert(
      fc.property(noise, (bytes) => {
        decode(bytes);
        new AnswerProgress(7).read(bytes);
      }),
      { numRuns: 500 },
    );
  });

  test('a damaged entry is one row or one error, and its neighbours survive', () => {
    const damage = fc.array(fc.tuple(fc.nat(KERNEL_ENTRY.length - 17), fc.nat(255)), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(damage, (hits) => {
        const damaged = KERNEL_ENTRY.slice();
        for (const [at, value] of hits) damaged[16 + at] = value;
        const result = decode(concat(KERNEL_ENTRY, damaged, KERNEL_ENTRY));
        expect(result.rows.length + result.malformed + result.ipv6 + result.foreign).toBe(3);
        expect(result.rows.length).toBeGreaterThanOrEqual(2);
      }),
      { numRuns: 1000 },
    );
  });

  test('what is encoded decodes to the same rows', () => {
    fc.assert(
      fc.property(fc.array(anyFlow, { maxLength: 20 }), (flows) => {
        expect(decode(concat(...flows.map((each) => encodeFlow(each)))).rows).toEqual(flows);
      }),
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
    expect(follow(KERNEL_ENTRY)).toMatchObject({ finished: false });
    expect(follow(concat(KERNEL_ENTRY, DONE))).toMatchObject({ finished: true, errno: 0, interrupted: false });
  });

  test('an error and a failed DONE carry their errno', () => {
    expect(follow(REFUSED_EPERM)).toMatchObject({ finished: true, errno: 1 });
    const failed = DONE.slice();
    failed.set([0x97, 0xff, 0xff, 0xff], 16); // -105
    expect(follow(failed)).toMatchObject({ finished: true, errno: 105 });
  });

  test('DUMP_INTR on any message marks the whole answer', () => {
    const interrupted = KERNEL_ENTRY.slice();
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

describe('requests', () => {
  test('dump of everything', () => {
    expect(encodeDumpRequest({ sequence: 7 })).toEqual(hex('14000000 0101 0103 07000000 00000000 02000000'));
  });

  test('dump of translated entries: status and mask DST_NAT', () => {
    expect(encodeDumpRequest({ sequence: 7, destinationNatOnly: true })).toEqual(
      hex('24000000 0101 0103 07000000 00000000 02000000 0800030000000020 08001a0000000020'),
    );
  });

  test('creation names the reply before translation, and the translation', () => {
    const request = encodeCreateRequest(flow({ protocol: 6, tcpState: 3, timeout: 60 }), 9);
    expect(request.subarray(4, 20)).toEqual(hex('0001 0506 09000000 00000000 02000000'));
    const plainReply =
      '14000180 080001000a60000a 080002000a010002 1c000280 0500010006000000 0600020000500000 060003009c400000';
    const toBackend = '28000d80 080001000a020005 080002000a020005 14000380 060001001f900000 060002001f900000';
    expect(Buffer.from(request).toString('hex')).toContain(Buffer.from(hex(plainReply)).toString('hex'));
    expect(request.subarray(-40)).toEqual(hex(toBackend));
  });
});

test('addresses', () => {
  expect(formatIPv4(0xfffe0001)).toBe('255.254.0.1');
  fc.assert(fc.property(fc.nat(0xffffffff), (address) => parseIPv4(formatIPv4(address)) === address));
  for (const text of ['', '1.2.3', '1.2.3.256', '1.2.3.04', '1.2.3.4.5', 'a.b.c.d']) {
    expect(() => parseIPv4(text)).toThrow(RangeError);
  }
});
