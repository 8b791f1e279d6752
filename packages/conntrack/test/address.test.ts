import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ADDRESS, emptyFlowRow, formatWords, parseWords } from '../src/index.ts';

test.each([
  ['10.0.0.1', 4, [0x0a000001, 0, 0, 0]],
  ['255.254.0.1', 4, [0xfffe0001, 0, 0, 0]],
  ['::', 6, [0, 0, 0, 0]],
  ['fd00:96::53', 6, [0xfd000096, 0, 0, 0x53]],
  ['2001:db8:1:2:3:4:5:6', 6, [0x20010db8, 0x00010002, 0x00030004, 0x00050006]],
  ['::ffff:10.0.0.1', 6, [0, 0, 0xffff, 0x0a000001]],
])('%s', (text, family, words) => {
  expect(parseWords(text)).toEqual({ family, words: Uint32Array.from(words) });
  expect(formatWords(family as 4 | 6, Uint32Array.from(words))).toBe(text);
});

test('another spelling has the same words', () => {
  expect(parseWords('FD00:0096:0:0::0053')).toEqual(parseWords('fd00:96::53'));
});

test.each(['', '1.2.3', '1.2.3.256', '1.2.3.4.5', 'a.b.c.d', '::g', 'fe80::1%eth0'])('"%s" is no address', (text) => {
  expect(() => parseWords(text)).toThrow(RangeError);
});

test('any words are an address whose text leads back to them', () => {
  const word = fc.oneof(fc.constant(0), fc.constant(0xffff), fc.nat(0xffffffff));
  fc.assert(
    fc.property(fc.tuple(word, word, word, word), fc.constantFrom(...Object.values(ADDRESS)), (words, place) => {
      const { words: row } = emptyFlowRow();
      row.set(words, place);
      expect(parseWords(formatWords(6, row, place))).toEqual({ family: 6, words: Uint32Array.from(words) });
      expect(parseWords(formatWords(4, row, place)).words[0]).toBe(words[0]);
    }),
    { seed: 48 },
  );
});
