import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fuzzy, rank } from '../../src/city/fuzzy.ts';

const RUNS = { seed: 3, numRuns: 2000 };
const names = fc.stringMatching(/^[a-z0-9-]{1,24}$/);
const order = (pattern: string, texts: readonly string[]) =>
  rank(texts, pattern, (text) => text).map(({ item }) => item);
const marked = (pattern: string, text: string) => {
  const match = fuzzy(pattern, text);
  return match && [...text].map((letter, i) => (match.marks.includes(i) ? letter.toUpperCase() : letter)).join('');
};

describe('fuzzy', () => {
  it.each([
    ['cart', 'cart-7d9fc4-k2x8p', 'CART-7d9fc4-k2x8p'],
    ['cdb', 'catalog-db', 'Catalog-DB'],
    ['k2x', 'cart-7d9fc4-k2x8p', 'cart-7d9fc4-K2X8p'],
    ['chkout', 'checkout', 'CHecKOUT'],
    ['out', 'checkout', 'checkOUT'],
    ['db', 'd-orders-db', 'd-orders-DB'],
    ['10.244.3.7', '10.244.3.7', '10.244.3.7'],
  ])('finds %s in %s as %s', (pattern, text, expected) => expect(marked(pattern, text)).toBe(expected));

  it.each([
    ['kect', 'checkout'],
    ['aeu', 'catalog-reader-bus'],
    ['10.24.7', '10.244.3.7'],
    ['web', ''],
    ['webwebweb', 'web'],
  ])('does not find %s in %s', (pattern, text) => expect(fuzzy(pattern, text)).toBeUndefined());

  it('puts the name itself first, then what begins with it, then words, then pieces', () => {
    const texts = ['rediscart', 'my-cart', 'cart-db', 'cart', 'card-art', 'nothing'];
    expect(order('cart', texts)).toEqual(['cart', 'cart-db', 'my-cart', 'card-art', 'rediscart']);
  });

  it('finds every word, in any order and case', () => {
    expect(order('DB Shop', ['shop/orders-db', 'shop/web', 'data/db'])).toEqual(['shop/orders-db']);
    expect(order('shop/web', ['shop web', 'web'])).toEqual(['shop web']);
    expect(order('', ['b', 'a'])).toEqual(['b', 'a']);
  });

  it('marks the letters of the pattern, in order, each once', () => {
    fc.assert(
      fc.property(names, names, (pattern, text) => {
        const match = fuzzy(pattern, text);
        if (!match) return;
        expect(match.marks.map((at) => text[at]).join('')).toBe(pattern);
        expect(match.marks.every((at, i) => i === 0 || at > (match.marks[i - 1] as number))).toBe(true);
      }),
      RUNS,
    );
  });

  it('always finds a piece of the text, and nothing better than the text itself', () => {
    fc.assert(
      fc.property(names, fc.nat(), fc.nat(), names, (text, from, length, other) => {
        const start = from % text.length;
        const piece = text.slice(start, start + 1 + (length % (text.length - start)));
        expect(fuzzy(piece, text)).toBeDefined();
        const itself = fuzzy(text, text)?.score as number;
        if (other !== text) expect(itself).toBeGreaterThan(fuzzy(text, other)?.score ?? Number.NEGATIVE_INFINITY);
      }),
      RUNS,
    );
  });

  it('finds no letters that are not there', () => {
    fc.assert(
      fc.property(names, names, (pattern, text) => {
        const missing = [...pattern].some((letter) => !text.includes(letter));
        if (missing) expect(fuzzy(pattern, text)).toBeUndefined();
      }),
      RUNS,
    );
  });
});
