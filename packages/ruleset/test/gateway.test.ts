import { bitsOf, cleanRange, type KubeService, rangeHolds } from '@kubecity/routing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clusterRanges } from '../src/gateway.ts';
import { compile, walk } from '../src/index.ts';
import type { Door } from '../src/part.ts';
import { OPTIONS, slice, table } from './city-fixture.ts';

const door = (address: string, internal: boolean): Door => ({
  place: 'services',
  address,
  bits: bitsOf(address),
  protocol: 'TCP',
  port: 80,
  rule: '',
  ...(internal && { internal: true as const }),
});
const holds = (range: string, address: string) => {
  const clean = cleanRange(range);
  if (!clean) throw new Error(`not a range: ${range}`);
  return rangeHolds(clean, address);
};
const rangesOf = (inside: string[], outside: string[] = []) =>
  clusterRanges(
    [...inside.map((address) => door(address, true)), ...outside.map((address) => door(address, false))],
    'IPv4',
  );

describe('ranges of cluster IPs', () => {
  it.each([
    ['one address', ['10.96.0.9'], [], ['10.96.0.9/32']],
    ['a service range', ['10.96.0.1', '10.111.255.254'], [], ['10.96.0.0/12']],
    ['two service ranges', ['10.96.0.1', '192.168.0.1'], ['172.16.0.1'], ['10.96.0.1/32', '192.168.0.1/32']],
    ['an external address within', ['10.96.0.1', '10.96.0.3'], ['10.96.0.2'], ['10.96.0.1/32', '10.96.0.3/32']],
    ['an address that is both', ['10.96.0.1'], ['10.96.0.1'], ['10.96.0.1/32']],
    ['no cluster IP', [], ['192.0.2.1'], []],
  ])('%s', (_name, inside, outside, ranges) => expect(rangesOf(inside, outside)).toEqual(ranges));

  it('hold all cluster IPs, no other address of a door, and none can be left out or joined with its neighbour', () => {
    const address = fc.tuple(fc.constantFrom(10, 192), fc.nat(3), fc.nat(15)).map(([a, b, c]) => `${a}.96.${b}.${c}`);
    fc.assert(
      fc.property(fc.uniqueArray(address, { maxLength: 30 }), fc.integer({ min: 0, max: 30 }), (all, cut) => {
        const [inside, outside] = [all.slice(0, cut), all.slice(cut)];
        const ranges = rangesOf(inside, outside);
        for (const one of inside) expect(ranges.filter((range) => holds(range, one))).toHaveLength(1);
        for (const one of outside) expect(ranges.filter((range) => holds(range, one))).toEqual([]);
        ranges.slice(1).forEach((range, i) => {
          const [a = '', b = ''] = [ranges[i], range].map((text) => bitsOf((text ?? '').split('/')[0] ?? ''));
          let common = 0;
          while (a[common] === b[common]) common++;
          const joined = outside.some((one) => bitsOf(one).startsWith(a.slice(0, common)));
          expect(joined, `${ranges[i]} and ${range} could be one`).toBe(true);
        });
      }),
      { seed: 20261123, numRuns: 500 },
    );
  });
});

describe('a client that is not a pod', () => {
  const cart: KubeService = {
    metadata: { namespace: 'shop', name: 'cart' },
    spec: {
      clusterIP: '10.96.0.9',
      externalIPs: ['198.51.100.20'],
      externalTrafficPolicy: 'Local',
      ports: [{ name: 'http', port: 80 }],
    },
  };
  const stock: KubeService = {
    metadata: { namespace: 'shop', name: 'stock' },
    spec: { clusterIP: '10.96.0.12', ports: [{ name: 'http', port: 80 }] },
  };
  const city = table([cart, stock], [slice('cart', ['10.244.0.5']), slice('stock', ['10.244.0.6'])]);
  const end = (destination: string, source = '203.0.113.7', port = 80) =>
    walk(compile(city, OPTIONS), { from: 'external', source, destination, protocol: 'tcp', port }).map(
      ({ kind, masquerade }) => `${kind}${masquerade ? ' masqueraded' : ''}`,
    );

  it('is masqueraded at a cluster IP', () => expect(end('10.96.0.9')).toEqual(['dnat masqueraded']));
  it('stays as it is when it is a pod', () => expect(end('10.96.0.9', '10.244.3.3')).toEqual(['dnat']));
  it('carries no mark on to an address or a port that nobody serves', () => {
    expect(end('10.96.0.9', '203.0.113.7', 81)).toEqual(['none']);
    expect(end('10.96.0.10')).toEqual(['none']);
  });
});
