import { expect, test } from 'vitest';
import { Turns } from '../../../server/agent-link/turns.ts';

test('two at once, two wait, the fifth is turned away; a failure gives its place on', async () => {
  const turns = new Turns(2, 2);
  const ends: ((fails: boolean) => void)[] = [];
  const begun: number[] = [];
  const work = (number: number) => () => {
    begun.push(number);
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    ends.push((fails) => (fails ? reject(new Error(`${number} failed`)) : resolve(number)));
    return promise;
  };
  const all = [1, 2, 3, 4].map((number) => turns.take(work(number)));
  expect(turns.take(work(5))).toBeUndefined();
  expect(begun).toEqual([1, 2]);
  const outcomes = Promise.allSettled(all);
  ends[0]?.(true);
  await expect.poll(() => begun).toEqual([1, 2, 3]);
  for (const index of [1, 2]) ends[index]?.(false);
  await expect.poll(() => begun).toEqual([1, 2, 3, 4]);
  ends[3]?.(false);
  expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled', 'fulfilled']);
  expect(await turns.take(async () => 6)).toBe(6);
});
