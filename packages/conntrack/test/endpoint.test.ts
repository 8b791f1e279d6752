import fc from 'fast-check';
import { expect, test } from 'vitest';
import { packAddress, packEndpoint } from '../src/index.ts';

const words = (packed: string) => [...Array(packed.length).keys()].map((unit) => packed.charCodeAt(unit));

test.each<[string, number[]]>([
  ['10.96.0.255', [0x0a60, 0x00ff]],
  ['::', [0, 0, 0, 0, 0, 0, 0, 0]],
  ['::1', [0, 0, 0, 0, 0, 0, 0, 1]],
  ['fd00:96::53', [0xfd00, 0x96, 0, 0, 0, 0, 0, 0x53]],
  ['2001:DB8:1:2:3:4:5:6', [0x2001, 0xdb8, 1, 2, 3, 4, 5, 6]],
  ['fe80::', [0xfe80, 0, 0, 0, 0, 0, 0, 0]],
  ['::ffff:10.0.0.1', [0, 0, 0, 0, 0, 0xffff, 0x0a00, 1]],
  ['1:2:3:4:5:6:7::', [1, 2, 3, 4, 5, 6, 7, 0]],
])('%s', (text, expected) => {
  expect(words(packAddress(text))).toEqual(expected);
  expect(words(packEndpoint(text, 65_535))).toEqual([...expected, 65_535]);
});

test.each(['', ':', '1:2:3', '1:2:3:4:5:6:7:8:9', '1::2::3', '1:2:3:4:5:6:7:8::', '::12345', 'fe80::1%eth0', '::g'])(
  '"%s" is no address',
  (text) => {
    expect(() => packAddress(text)).toThrow(RangeError);
  },
);

test('any spelling of an IPv6 address packs alike', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(0, 0, 1, 0xabcd), { minLength: 8, maxLength: 8 }), (groups) => {
      const long = groups.map((group) => group.toString(16).padStart(4, '0')).join(':');
      const short = new URL(`http://[${long}]`).hostname.slice(1, -1);
      expect(words(packAddress(long))).toEqual(groups);
      expect(packAddress(short)).toBe(packAddress(long));
    }),
    { seed: 3 },
  );
});
