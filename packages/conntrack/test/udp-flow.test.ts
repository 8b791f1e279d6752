import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  BatchAnswers,
  encodeDeleteBatch,
  forEachMessage,
  packAddress,
  packEndpoint,
  UdpFlowReader,
  viewOf,
} from '../src/index.ts';
import { CTA, HOST_LITTLE_ENDIAN, NLMSG_ERROR } from '../src/wire.ts';
import { concat } from './flows.ts';
import { encodeUdpEntry, type WireEntry } from './udp.ts';

const sample: WireEntry = {
  ...{ family: 'IPv4', protocol: 17, source: packAddress('10.1.0.2'), destination: packAddress('10.96.0.10') },
  ...{ replySource: packAddress('10.2.0.5'), ports: [40_000, 53, 5353], status: 0x2a, zone: 0, id: 0xfedc_ba98 },
};
const readAll = (family: WireEntry['family'], ...messages: Uint8Array[]) => {
  const reader = new UdpFlowReader(family, () => true);
  reader.read(concat(...messages));
  return reader;
};

describe('the reader', () => {
  test('gives back what the kernel wrote, in both families', () => {
    const u16 = fc.nat(0xffff);
    const packed = (units: number) =>
      fc.array(u16, { minLength: units, maxLength: units }).map((words) => String.fromCharCode(...words));
    const entry = fc.constantFrom('IPv4' as const, 'IPv6' as const).chain((family) => {
      const address = packed(family === 'IPv4' ? 2 : 8);
      return fc.record({
        family: fc.constant(family),
        protocol: fc.constant(17),
        ...{ source: address, destination: address, replySource: address, ports: fc.tuple(u16, u16, u16) },
        ...{ status: fc.nat(0xffffffff), zone: u16, id: fc.nat(0xffffffff) },
      });
    });
    fc.assert(
      fc.property(entry, (wire) => {
        const { entries, seen, malformed } = readAll(wire.family, encodeUdpEntry(wire));
        expect([entries.length, seen, malformed]).toEqual([1, 1, 0]);
        expect(entries[0]).toMatchObject({
          ...{ protocol: 17, destination: wire.destination, destinationPort: wire.ports[1] },
          ...{ answerer: wire.replySource + String.fromCharCode(wire.ports[2]), status: wire.status, zone: wire.zone },
        });
      }),
      { seed: 5 },
    );
  });

  test('passes over other protocols and the other family', () => {
    const tcp = encodeUdpEntry({ ...sample, protocol: 6 });
    expect(readAll('IPv4', tcp, encodeUdpEntry(sample), tcp)).toMatchObject({ seen: 1, malformed: 0 });
    expect(readAll('IPv6', encodeUdpEntry(sample))).toMatchObject({ seen: 0, malformed: 0 });
  });

  test('keeps only what is wanted', () => {
    const reader = new UdpFlowReader('IPv4', ({ destinationPort }) => destinationPort === 54);
    reader.read(concat(encodeUdpEntry(sample), encodeUdpEntry({ ...sample, ports: [40_000, 54, 5353] })));
    expect(reader.seen).toBe(2);
    expect(reader.entries.map(({ destinationPort }) => destinationPort)).toEqual([54]);
  });

  test.each([
    ['original tuple', CTA.tupleOriginal],
    ['reply tuple', CTA.tupleReply],
    ['status', CTA.status],
    ['id', CTA.id],
  ])('counts an entry without %s as malformed', (_what, type) => {
    const broken = encodeUdpEntry(sample, [type]);
    expect(readAll('IPv4', broken, encodeUdpEntry(sample))).toMatchObject({ seen: 1, malformed: 1 });
  });

  test('counts what is cut short', () => {
    const whole = encodeUdpEntry(sample);
    const reader = readAll('IPv4', whole, whole.slice(0, whole.length - 10));
    expect(reader).toMatchObject({ seen: 1, malformed: 1 });
  });

  test('survives any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(160), (noise, at) => {
        const damaged = encodeUdpEntry(sample);
        damaged.set(noise.slice(0, Math.max(0, damaged.length - at)), Math.min(at, damaged.length));
        readAll('IPv4', damaged, noise);
      }),
      { seed: 7 },
    );
  });
});

test('a batch of deletions names the entries in the words of the dump, and asks for the last answer only', () => {
  const dumped = [0, 9].map((zone) => encodeUdpEntry({ ...sample, zone }));
  const { entries } = readAll('IPv4', ...dumped);
  const identities = entries.map(({ identity }) => identity);
  const batch = encodeDeleteBatch(identities, 'IPv4', 77);
  const kinds: unknown[] = [];
  const bodies: Uint8Array[] = [];
  forEachMessage(viewOf(batch), (type, flags, sequence, start, end) => {
    kinds.push([type, flags, sequence]);
    bodies.push(batch.slice(start, end));
  });
  expect(kinds).toEqual([
    [0x102, 0x1, 77],
    [0x102, 0x5, 78],
  ]);
  const without = [CTA.tupleReply, CTA.status, CTA.timeout];
  expect(bodies).toEqual([0, 9].map((zone) => encodeUdpEntry({ ...sample, zone }, without).slice(16)));
  expect(entries[1]).toMatchObject({ zone: 9, answerer: packEndpoint('10.2.0.5', 5353) });
});

test('a batch is finished when its last request is answered; refusals are counted by errno', () => {
  const answer = (sequence: number, errno: number) => {
    const bytes = new Uint8Array(36);
    const view = viewOf(bytes);
    view.setUint32(0, 36, HOST_LITTLE_ENDIAN);
    view.setUint16(4, NLMSG_ERROR, HOST_LITTLE_ENDIAN);
    view.setUint32(8, sequence, HOST_LITTLE_ENDIAN);
    view.setInt32(16, -errno, HOST_LITTLE_ENDIAN);
    return bytes;
  };
  const answers = new BatchAnswers(10, 14);
  answers.read(concat(answer(9, 1), answer(11, 2), answer(15, 0)));
  expect(answers.finished).toBe(false);
  answers.read(concat(answer(12, 2), answer(13, 1), answer(14, 0)));
  expect(answers.finished).toBe(true);
  expect([...answers.refusals]).toEqual([
    [2, 2],
    [1, 1],
  ]);
  expect(answers.done).toBe(2);
  const refused = new BatchAnswers(3, 3);
  refused.read(answer(3, 2));
  expect(refused).toMatchObject({ finished: true, done: 0 });
});
