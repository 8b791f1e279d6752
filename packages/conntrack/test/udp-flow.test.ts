import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ADDRESS, encodeFlow, flowIdentity, packEndpoint, packWords, UdpFlowReader, udpFilter } from '../src/index.ts';
import { anyFlow, concat, flow } from './flows.ts';
import { KERNEL } from './kernel-bytes.ts';

const sample = flow({ protocol: 17, destinationPort: 53, replySourcePort: 5353 });
const readAll = (family: 'IPv4' | 'IPv6', ...messages: Uint8Array[]) => {
  const reader = new UdpFlowReader(family, () => true);
  reader.read(concat(...messages));
  return reader;
};

test('gives back what the kernel wrote, in both families', () => {
  fc.assert(
    fc.property(anyFlow, (any) => {
      const row = { ...any, protocol: 17, tcpState: 0 };
      const { entries, seen, malformed } = readAll(row.family === 4 ? 'IPv4' : 'IPv6', encodeFlow(row));
      expect([seen, malformed]).toEqual([1, 0]);
      const { family, words, status, zone, destinationPort } = row;
      expect(entries).toEqual([
        {
          ...{
            protocol: 17,
            destination: packWords(family, words, ADDRESS.destination),
            destinationPort,
            status,
            zone,
          },
          answerer: packWords(family, words, ADDRESS.replySource) + String.fromCharCode(row.replySourcePort),
          identity: flowIdentity(row),
        },
      ]);
    }),
    { seed: 5 },
  );
});

test('tells who answers', () => {
  const [entry] = readAll('IPv6', encodeFlow(flow({ ...{ family: 6, protocol: 17, replySourcePort: 5353 } }))).entries;
  expect(entry?.answerer).toBe(packEndpoint('fd00:2::5', 5353));
});

test('passes over other protocols and the other family', () => {
  const { tcp4, tcp6, icmp } = KERNEL;
  expect(readAll('IPv4', tcp4, encodeFlow(sample), tcp6, icmp)).toMatchObject({ seen: 1, malformed: 0 });
  expect(readAll('IPv6', encodeFlow(sample))).toMatchObject({ seen: 0, malformed: 0 });
});

test('keeps only what is wanted', () => {
  const reader = new UdpFlowReader('IPv4', ({ destinationPort }) => destinationPort === 54);
  reader.read(concat(encodeFlow(sample), encodeFlow({ ...sample, destinationPort: 54 })));
  expect(reader.seen).toBe(2);
  expect(reader.entries.map(({ destinationPort }) => destinationPort)).toEqual([54]);
});

test('counts what is cut short', () => {
  const whole = encodeFlow(sample);
  expect(readAll('IPv4', whole, whole.slice(0, whole.length - 10))).toMatchObject({ seen: 1, malformed: 1 });
});

describe('the filter', () => {
  test('asks for UDP of one family', () => {
    expect(udpFilter('IPv6')).toEqual({ family: 6, tuple: { original: { protocol: 17 } } });
    expect(udpFilter('IPv4').family).toBe(4);
  });
});
