import { decodeRows, errnoName, type KernelRow, type Route, RowError, wayOf, wayOfRefusal } from '@kubecity/routes';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeAnswers } from './answers.ts';
import { KERNEL } from './kernel-bytes.ts';

const route = {
  row: 'route',
  family: 'IPv4',
  table: 254,
  protocol: 202,
  type: 1,
  tos: 0,
  metric: 0,
  device: 0,
  gateway: undefined,
  onlink: false,
  multipath: false,
};
const guard = { ...route, type: 7, metric: 4294967294 };

describe('rows', () => {
  it.each<[keyof typeof KERNEL, object]>([
    [
      'tunnel',
      {
        row: 'link',
        index: 4,
        name: 'city-vxlan4',
        up: true,
        mtu: 1450,
        mac: '02:be:c0:a8:01:01',
        kind: 'vxlan',
        vxlan: { id: 4242, port: 4789, local: '192.168.1.1', device: 3, learning: false, strange: false },
      },
    ],
    [
      'otherTunnel',
      {
        row: 'link',
        index: 6,
        name: 'other',
        up: false,
        mtu: 1450,
        mac: '2a:15:c0:9d:56:09',
        kind: 'vxlan',
        vxlan: { id: 7, port: 4790, local: '', device: 3, learning: true, strange: true },
      },
    ],
    ['uplink', { row: 'link', index: 3, name: 'eth0', up: true, mtu: 1500, mac: '12:07:98:92:37:a0', kind: 'veth' }],
    ['address4', { row: 'address', family: 'IPv4', device: 3, address: '192.168.1.1', bits: 24 }],
    ['address6', { row: 'address', family: 'IPv6', device: 3, address: 'fd00::1', bits: 64 }],
    ['guard4', { ...guard, range: '10.1.1.0/24' }],
    ['guard6', { ...guard, family: 'IPv6', range: 'fd01:0:0:1::/64', device: 1 }],
    ['through4', { ...route, range: '10.1.3.0/24', device: 4, gateway: '10.1.3.0', onlink: true }],
    [
      'through6',
      {
        ...route,
        family: 'IPv6',
        range: 'fd01:0:0:3::/64',
        metric: 1024,
        device: 5,
        gateway: 'fd01:0:0:3::',
        onlink: true,
      },
    ],
    ['multipath', { ...route, range: '10.1.4.0/24', multipath: true }],
    ['viaOtherFamily', { ...route, range: '10.1.5.0/24', device: 3, gateway: 'fd00::5' }],
    ['local', { ...route, range: '127.0.0.0/8', table: 255, protocol: 2, type: 2, device: 1 }],
    [
      'neighbour4',
      {
        row: 'neighbour',
        family: 'IPv4',
        device: 4,
        address: '10.1.3.0',
        mac: '02:c3:c0:a8:03:03',
        permanent: true,
      },
    ],
    [
      'multicast6',
      {
        row: 'neighbour',
        family: 'IPv6',
        device: 5,
        address: 'ff02::16',
        mac: '33:33:00:00:00:16',
        permanent: false,
      },
    ],
    ['forwarding6', { row: 'forwarding', device: 5, mac: '06:c3:16:a8:44:c9', remote: 'fd00:3::3', permanent: true }],
  ])('%s', (name, row) => {
    expect(decodeRows(KERNEL[name])).toEqual([row]);
  });

  it('come many in one chunk, without the end mark', () => {
    const chunk = Buffer.concat([KERNEL.guard4, KERNEL.through4, KERNEL.end]);
    expect(decodeRows(chunk)).toEqual([...decodeRows(KERNEL.guard4), ...decodeRows(KERNEL.through4)]);
    expect(decodeAnswers(chunk)).toEqual([]);
  });

  it('of a dump are no copies that the kernel made of a route for one address', () => {
    const copy = KERNEL.through6.slice();
    const flags = 24;
    copy[flags + 1] = (copy[flags + 1] ?? 0) | 0x02;
    expect(decodeRows(copy)).toEqual([]);
  });

  it('of a default route are those of all addresses', () => {
    const message = KERNEL.through6.slice();
    message[17] = 0;
    // The destination becomes an attribute that says nothing to us.
    message[38] = 99;
    expect((decodeRows(message)[0] as Route).range).toBe('::/0');
  });
});

describe('the way to an address', () => {
  const asked = (message: Uint8Array) => wayOf(decodeRows(message)[0] as Route);

  it('is a link, a gateway, this node or nothing', () => {
    expect(asked(KERNEL.wayThroughGateway)).toEqual({ kind: 'gateway', device: 3, gateway: '192.168.1.254' });
    expect(asked(KERNEL.wayOnLink6)).toEqual({ kind: 'link', device: 3 });
    expect(asked(KERNEL.wayToItself)).toEqual({ kind: 'local' });
    const [refusal] = decodeAnswers(KERNEL.unreachable);
    expect(refusal).toEqual({ sequence: 7, errno: 101 });
    expect(wayOfRefusal(101)).toEqual({ kind: 'none', why: 'the kernel has no route to it (ENETUNREACH)' });
    expect(decodeRows(KERNEL.unreachable)).toEqual([]);
  });

  it('is none where a route refuses', () => {
    expect(wayOf(decodeRows(KERNEL.guard4)[0] as Route)).toMatchObject({ kind: 'none' });
  });
});

it('an acknowledgement is a refusal for no reason', () => {
  expect(decodeAnswers(Buffer.concat([KERNEL.done, KERNEL.unreachable]))).toEqual([
    { sequence: 8, errno: 0 },
    { sequence: 7, errno: 101 },
  ]);
  expect(errnoName(95)).toBe('EOPNOTSUPP');
  expect(errnoName(4095)).toBe('errno 4095');
});

describe('what is no answer', () => {
  const messages = Object.values(KERNEL);

  it('cut short anywhere is refused, never half a row', () => {
    for (const message of messages) {
      for (let length = 1; length < message.length; length++) {
        expect(() => decodeRows(message.subarray(0, length))).toThrow(RowError);
      }
    }
  });

  it('never throws anything else', () => {
    const damaged = fc.record({
      message: fc.constantFrom(...messages),
      places: fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { minLength: 1, maxLength: 8 }),
    });
    let read = 0;
    fc.assert(
      fc.property(damaged, ({ message, places }) => {
        const bytes = message.slice();
        for (const [place, value] of places) bytes[place % bytes.length] = value;
        read += rowsOrRefusal(bytes).length;
        decodeAnswers(bytes);
      }),
      { seed: 202, numRuns: 5_000 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        rowsOrRefusal(bytes);
        decodeAnswers(bytes);
      }),
      { seed: 202, numRuns: 2_000 },
    );
    // Most damage leaves something to read: the property is about decoding, not about refusing.
    expect(read).toBeGreaterThan(1_000);
  });

  function rowsOrRefusal(bytes: Uint8Array): KernelRow[] {
    try {
      return decodeRows(bytes);
    } catch (error) {
      expect(error).toBeInstanceOf(RowError);
      return [];
    }
  }
});
