import { expect, test } from 'vitest';
import { SinceBook } from '../../src/city/since.ts';

test('what was there at first is at least that old; what came later has its time, and keeps it while it comes and goes', () => {
  const book = new SinceBook();
  book.look(['old'], 1000);
  book.look(['old', 'new'], 2000);
  book.look(['old'], 3000);
  book.look(['old', 'new'], 4000);
  expect(book.of('old')).toEqual({ at: 1000, atLeast: true });
  expect(book.of('new')).toEqual({ at: 2000, atLeast: false });
  expect(book.of('never')).toBeUndefined();
});

test('what was gone for more than a minute begins anew, and is forgotten until then', () => {
  const book = new SinceBook();
  book.look(['fault'], 0);
  book.look([], 60_001);
  expect(book.of('fault')).toBeUndefined();
  book.look(['fault'], 70_000);
  expect(book.of('fault')).toEqual({ at: 70_000, atLeast: false });
});
