import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bitsOf, cleanAddress, cleanRange, rangeHolds, socketText } from '../src/index.ts';

describe('cleanAddress', () => {
  it.each([
    ['10.96.0.10', '10.96.0.10'],
    ['010.096.000.0001', '10.96.0.1'],
    [' 10.0.0.1\n', '10.0.0.1'],
    ['255.255.255.255', '255.255.255.255'],
    // what inet_ntop of glibc 2.36 printed for these
    ['::', '::'],
    ['::1', '::1'],
    ['0:0:0:0:0:0:1:0', '::0.1.0.0'],
    ['::1.2.3.4', '::1.2.3.4'],
    ['::ffff:102:304', '::ffff:1.2.3.4'],
    ['::FFFF:010.2.3.04', '::ffff:10.2.3.4'],
    ['::ffff:0:0', '::ffff:0.0.0.0'],
    ['::ffff:0:1.2.3.4', '::ffff:0:102:304'],
    ['64:ff9b::1.2.3.4', '64:ff9b::102:304'],
    ['fd00:0:0:0:1::1', 'fd00::1:0:0:1'],
    ['1:0:0:2:0:0:3:4', '1::2:0:0:3:4'],
    ['1:0:2:0:3:0:4:0', '1:0:2:0:3:0:4:0'],
    ['0:0:1::', '0:0:1::'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['FE80::00aB', 'fe80::ab'],
  ])('writes %s as %s', (text, clean) => {
    expect(cleanAddress(text)).toEqual({ family: clean.includes(':') ? 'IPv6' : 'IPv4', text: clean });
  });

  it.each([
    '',
    'nonsense',
    '10.0.0',
    '10.0.0.256',
    '10.0.0.0x1',
    '1.2.3.4.5',
    '10.0.0.1/32',
    'fe80::1%eth0',
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7::8',
    '12345::',
    '1.2.3.4::',
    '::1.2.3.4:5',
    '[::1]',
  ])('refuses %j', (text) => {
    expect(cleanAddress(text)).toBeUndefined();
  });

  it('agrees with the URL parser about every IPv6 address that ends in no dots, in any spelling', () => {
    const group = fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, fc.integer({ min: 0, max: 0xffff }));
    let compared = 0;
    fc.assert(
      fc.property(
        fc.array(group, { minLength: 8, maxLength: 8 }),
        fc.boolean(),
        fc.boolean(),
        (groups, padded, upper) => {
          const spelled = groups.map((one) => one.toString(16).padStart(padded ? 4 : 1, '0')).join(':');
          const clean = cleanAddress(upper ? spelled.toUpperCase() : spelled)?.text ?? '';
          expect(cleanAddress(clean)?.text).toBe(clean);
          expect(bitsOf(clean)).toBe(groups.map((one) => one.toString(2).padStart(16, '0')).join(''));
          if (clean.includes('.')) return;
          compared++;
          expect(`[${clean}]`).toBe(new URL(`http://[${spelled}]`).hostname);
        },
      ),
      { seed: 20261122, numRuns: 1000 },
    );
    expect(compared).toBeGreaterThan(500);
  });
});

describe('cleanRange', () => {
  it.each([
    ['10.0.0.0/8', { family: 'IPv4', text: '10.0.0.0/8', address: '10.0.0.0', bits: 8 }],
    [' 010.1.2.3/08 ', { family: 'IPv4', text: '10.0.0.0/8', address: '10.0.0.0', bits: 8 }],
    ['10.1.2.3/32', { family: 'IPv4', text: '10.1.2.3/32', address: '10.1.2.3', bits: 32 }],
    ['0.0.0.0/0', { family: 'IPv4', text: '0.0.0.0/0', address: '0.0.0.0', bits: 0 }],
    ['FD00:1:2:3::9/49', { family: 'IPv6', text: 'fd00:1:2::/49', address: 'fd00:1:2::', bits: 49 }],
    ['::1/0', { family: 'IPv6', text: '::/0', address: '::', bits: 0 }],
    ['::ffff:1.2.3.4/112', { family: 'IPv6', text: '::ffff:1.2.0.0/112', address: '::ffff:1.2.0.0', bits: 112 }],
  ])('writes %j clean, host bits cleared', (text, range) => {
    expect(cleanRange(text)).toEqual(range);
  });

  it.each(['10.0.0.1', 'fd00::', '10.0.0.0/33', 'fd00::/129', '10.0.0.0/', '10.0.0.0/-1', '10.0.0.0/8/8', '/8', ''])(
    'refuses %j',
    (text) => {
      expect(cleanRange(text)).toBeUndefined();
    },
  );

  it('holds the addresses of its family whose first bits are its own', () => {
    const holds = (range: string, address: string) => {
      const parsed = cleanRange(range);
      return parsed && rangeHolds(parsed, address);
    };
    expect(holds('192.0.2.0/25', '192.0.2.127')).toBe(true);
    expect(holds('192.0.2.0/25', '192.0.2.128')).toBe(false);
    expect(holds('fd00:1::/32', 'fd00:1:ffff::1')).toBe(true);
    expect(holds('fd00:1::/32', 'fd00:2::1')).toBe(false);
    expect(holds('::/0', '192.0.2.1')).toBe(false);
    expect(holds('0.0.0.0/0', '::1')).toBe(false);
  });
});

describe('bitsOf and socketText', () => {
  it('give the bits in order and the port behind', () => {
    expect(bitsOf('10.96.0.1')).toBe('00001010011000000000000000000001');
    expect(bitsOf('::1.2.3.4')).toBe(`${'0'.repeat(96)}00000001000000100000001100000100`);
    expect(socketText('10.0.0.1', 80)).toBe('10.0.0.1:80');
    expect(socketText('fd00::1', 80)).toBe('[fd00::1]:80');
  });
});
