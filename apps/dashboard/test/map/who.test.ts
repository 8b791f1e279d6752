import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressFrom, isWithin, socketFrom } from '../../src/city/address.ts';
import { whoIs } from '../../src/city/who.ts';
import { cityOf } from './city-of.ts';

describe('addresses', () => {
  it.each([
    ['10.244.3.7', '10.244.3.7', undefined],
    [' 10.244.3.7:8080 ', '10.244.3.7', 8080],
    ['who is 10.244.3.7:8080?', '10.244.3.7', 8080],
    ['[FD00::5]:443', 'fd00::5', 443],
    ['fd00::5', 'fd00::5', undefined],
    ['::1', '::1', undefined],
  ])('reads %s', (pasted, text, port) => expect(socketFrom(pasted)).toMatchObject({ text, ...(port && { port }) }));

  it.each([
    'cart',
    '10.244.3',
    '10.244.3.256',
    '10.244.3.07',
    '10.0.0.1:99999',
    'fd00:::5',
    'face',
    '1:2:3',
    'g::1',
    '',
  ])('does not take %j for one', (text) => expect(socketFrom(text)).toBeUndefined());

  it('reads what it is given, however it is written', () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.integer({ min: 0, max: 32 }), (text, length) => {
        const address = addressFrom(text);
        const value = text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
        expect(address).toEqual({ bits: 32, value: BigInt(value) });
        expect(address && isWithin(address, `${text}/${length}`)).toBe(true);
      }),
      { seed: 5 },
    );
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 8, maxLength: 8 }), (groups) => {
        const long = groups.map((group) => group.toString(16)).join(':');
        expect(addressFrom(long)?.value).toBe(
          BigInt(`0x${groups.map((group) => group.toString(16).padStart(4, '0')).join('')}`),
        );
      }),
      { seed: 5 },
    );
    expect(addressFrom('fd00:0:0::5')).toEqual(addressFrom('fd00::5'));
  });

  it.each([
    ['203.0.113.9', '203.0.113.0/24', true],
    ['203.0.114.9', '203.0.113.0/24', false],
    ['203.0.113.9', '0.0.0.0/0', true],
    ['fd00::5', '0.0.0.0/0', false],
    ['fd00::5', 'fd00::/64', true],
    ['fd01::5', 'fd00::/64', false],
    ['10.0.0.1', '10.0.0.1', true],
    ['10.0.0.1', 'node-a', false],
    ['10.0.0.1', '10.0.0.0/99', false],
  ])('%s in %s: %s', (address, network, expected) =>
    expect(isWithin(addressFrom(address) as never, network)).toBe(expected),
  );
});

describe('who is', () => {
  const { city } = cityOf(5, (toy) => {
    const ids = toy.snapshot(0).flatMap((op) => (op[0] === 'set' && op[1] === 'backend' ? [op[2]] : []));
    toy.drain(ids.find((id) => id.startsWith('shop/cart:')) as string, 0);
  });
  const ask = (text: string) => whoIs(city, socketFrom(text) as never);
  const drained = [...city.backend.values()].find(({ draining }) => draining);

  it('a backend: its pod, and the Services it backs on that port', () => {
    const { address, podUid, port } = drained as NonNullable<typeof drained>;
    const [pod, node] = ask(`${address}:${port}`);
    expect(pod).toMatchObject({
      selection: { kind: 'pod', id: podUid },
      detail: expect.stringContaining('backs shop/cart:main/TCP, draining'),
    });
    expect(node).toMatchObject({ selection: { kind: 'node' }, detail: expect.stringContaining('10.244.') });
    expect(ask(`${address}:9`)[0]?.detail).toContain('backs no Service on port 9');
  });

  it('a cluster IP: its Service and port, or that it has no such port', () => {
    expect(ask('10.96.41.5:80')).toEqual([
      {
        selection: { kind: 'service', id: 'shop/web' },
        label: 'shop/web',
        detail: expect.stringContaining('cluster IP · 80/TCP'),
      },
    ]);
    expect(ask('10.96.41.5:81')[0]?.detail).toBe('cluster IP · no port 81: it has 80');
  });

  it('a node, and clients from outside that were seen', () => {
    expect(ask('172.20.0.3')).toMatchObject([{ selection: { kind: 'node', id: 'node-b' } }]);
    const seen = ask('203.0.113.77');
    expect(seen).toEqual([{ label: '203.0.113.0/24', detail: expect.stringContaining('to shop/web') }]);
  });

  it('an endpoint without a pod', () => {
    const [id, backend] = [...city.backend][0] as [string, NonNullable<typeof drained>];
    const outside = { ...backend, address: '192.0.2.9', podUid: undefined, podName: undefined };
    const found = whoIs({ ...city, backend: new Map([[id, outside]]) }, socketFrom('192.0.2.9') as never);
    expect(found).toMatchObject([{ selection: { kind: 'backend', id }, label: '192.0.2.9' }]);
  });

  it('nobody', () => expect(ask('192.0.2.1')).toEqual([]));
});
