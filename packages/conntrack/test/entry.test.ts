import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ConntrackEntry, decodeEntry, encodeEntry } from '../src/index.ts';
import { concat } from './flows.ts';
import { DONE, hex, KERNEL } from './kernel-bytes.ts';

const HEADER = 16;
/** Of a plain message in a dump: our own header, the kernel's attributes. */
const bodyOf = (message: Uint8Array) => message.slice(HEADER);

describe("the kernel's own bytes", () => {
  test('become an object with every field', () => {
    expect(decodeEntry(KERNEL.tcp6)).toEqual({
      family: 6,
      original: {
        ip: { source: 'fd00:96::2', destination: 'fd00:96::1' },
        protocol: { number: 6, sourcePort: 46372, destinationPort: 81 },
      },
      reply: {
        ip: { source: '::1', destination: 'fd00:96::2' },
        protocol: { number: 6, sourcePort: 8081, destinationPort: 46372 },
      },
      ...{ status: 0x1ae, mark: 42, id: 3137084619, use: 1, timeout: 431_999 },
      protocolInfo: {
        tcp: {
          ...{ state: 3, windowScaleOriginal: 10, windowScaleReply: 10 },
          ...{ flagsOriginal: hex('2300'), flagsReply: hex('2300') },
        },
      },
      originalCounters: { packets: 4n, bytes: 301n },
      replyCounters: { packets: 3n, bytes: 229n },
      timestamp: { start: 1_795_401_291_815_164_057n },
      labels: hex('08000000000000000000000000000000'),
    });
  });

  test('zones, ICMP and SCTP have their fields', () => {
    expect(decodeEntry(KERNEL.udpZone)).toMatchObject({ zone: 8, original: { ip: { source: '127.0.0.1' } } });
    expect(decodeEntry(KERNEL.udpZoneOfOriginal)).toMatchObject({ original: { zone: 7 } });
    expect(decodeEntry(KERNEL.udpZoneOfOriginal)).not.toHaveProperty('zone');
    const ping = { number: 1, icmpId: 0x1234, icmpType: 8, icmpCode: 0 };
    expect(decodeEntry(KERNEL.icmp)).toMatchObject({ original: { protocol: ping } });
    const ping6 = { number: 58, icmpv6Id: 0x1234, icmpv6Type: 129, icmpv6Code: 0 };
    expect(decodeEntry(KERNEL.icmpv6)).toMatchObject({ reply: { protocol: ping6 } });
    expect(decodeEntry(KERNEL.sctp4)).toMatchObject({
      protocolInfo: { sctp: { state: 0, tagOriginal: 0, tagReply: 0 } },
      unknown: [{ type: 0x8018, payload: hex('0800010000000000 0800020000000000 0800030000000000') }],
    });
  });

  test.each(Object.entries(KERNEL))('come back byte by byte: %s', (_, message) => {
    expect(bodyOf(encodeEntry(decodeEntry(message)))).toEqual(bodyOf(message));
  });
});

describe('unknown attributes', () => {
  const unknown = fc.record({
    // Types that no kernel has yet, with and without the flag bits.
    type: fc.tuple(fc.integer({ min: 100, max: 0x3fff }), fc.constantFrom(0, 0x8000, 0x4000)).map(([a, b]) => a | b),
    payload: fc.uint8Array({ maxLength: 700, size: 'max' }),
  });
  const some = fc.array(unknown, { minLength: 1, maxLength: 3 });

  test('survive at every depth, whatever is in them', () => {
    const known = decodeEntry(KERNEL.tcp6);
    fc.assert(
      fc.property(some, some, some, some, (top, tuple, fields, info) => {
        const { original, protocolInfo } = known;
        const entry: ConntrackEntry = {
          ...known,
          original: { ...original, ip: { ...original.ip, unknown: fields }, unknown: tuple },
          protocolInfo: { tcp: { ...protocolInfo?.tcp, unknown: info } },
          unknown: top,
        };
        expect(decodeEntry(encodeEntry(entry))).toEqual(entry);
      }),
      { seed: 44, numRuns: 200 },
    );
  });
});

describe('what is no entry', () => {
  const tcp = decodeEntry(KERNEL.tcp4);
  const { original } = tcp;

  test.each<[string, Uint8Array, RegExp]>([
    ['nothing', hex(''), /not one whole message/],
    ['two of them', concat(KERNEL.tcp4, KERNEL.tcp6), /not one whole message/],
    ['the end of a dump', DONE, /message of type 3/],
    ['half a message', KERNEL.tcp4.subarray(0, 100), /not one whole message/],
    ['another address family', concat(KERNEL.tcp4.subarray(0, 16), hex('07'), KERNEL.tcp4.subarray(17)), /family 7/],
  ])('%s is refused', (_what, bytes, message) => {
    expect(() => decodeEntry(bytes)).toThrow(message);
  });

  test('is refused by the name of the field', () => {
    const short = encodeEntry({ ...tcp, unknown: [{ type: 3, payload: hex('0102') }] });
    expect(() => decodeEntry(short)).toThrow('conntrack entry.status: 2 bytes instead of 4');
    const { reply: _, ...lonely } = tcp;
    expect(() => decodeEntry(encodeEntry(lonely as ConntrackEntry))).toThrow(
      'conntrack entry.reply: address or protocol',
    );
    const inside = { ...original, ip: { ...original.ip, unknown: [{ type: 1, payload: hex('01') }] } };
    expect(() => decodeEntry(encodeEntry({ ...tcp, original: inside }))).toThrow(
      'conntrack entry.original.ip.source: 1 bytes instead of 4',
    );
  });

  test('cannot be written either, and the field is named', () => {
    expect(() => encodeEntry({ ...tcp, mark: 2 ** 32 })).toThrow('conntrack entry.mark: not a number of 32 bits');
    expect(() => encodeEntry({ ...tcp, timestamp: { start: -1n } })).toThrow('conntrack entry.timestamp.start');
    const odd = { ...original, ip: { source: 'nowhere', destination: '10.0.0.1' } };
    expect(() => encodeEntry({ ...tcp, original: odd })).toThrow('conntrack entry.original.ip.source: no address');
    expect(() => encodeEntry({ ...tcp, weight: 3 } as ConntrackEntry)).toThrow('conntrack entry.weight: no attribute');
    const long = [{ type: 99, payload: new Uint8Array(70_000) }];
    expect(() => encodeEntry({ ...tcp, unknown: long })).toThrow('attribute 99 has 70004 bytes');
  });

  test('any damage ends in an entry or a RangeError', () => {
    const decodeOrRefuse = (bytes: Uint8Array): boolean => {
      try {
        decodeEntry(bytes);
        return true;
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
        return false;
      }
    };
    const hits = fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 6 });
    fc.assert(
      fc.property(fc.constantFrom(...Object.values(KERNEL)), hits, fc.nat(400), (message, damage, length) => {
        expect(decodeOrRefuse(message)).toBe(true);
        const damaged = message.slice();
        for (const [at, value] of damage) damaged[at % damaged.length] = value;
        decodeOrRefuse(damaged);
        expect(decodeOrRefuse(message.subarray(0, length % message.length))).toBe(false);
      }),
      { seed: 45, numRuns: 2000 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (noise) => {
        decodeOrRefuse(noise);
        decodeOrRefuse(concat(hex('0c010000 0001 2200 07000000 00301800 02000000'), noise));
      }),
      { seed: 46, numRuns: 1000 },
    );
  });
});
