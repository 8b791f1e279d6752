import type { CityRecord } from '@kubecity/protocol';
import { expect, it } from 'vitest';
import { flagsOf } from '../../src/ui/time/Flag.tsx';

const WIDTH = 900;
const flagsAt = (...places: readonly number[]) => {
  const actions = places.map((at): [string, CityRecord<'action'>] => [
    `flag-${at}`,
    { at, verb: 'drain', target: 'shop/cart' },
  ]);
  return new Map(flagsOf(actions, (at) => at, WIDTH).map((flag) => [flag.left, flag]));
};

it('a flag by itself has words, to its left at the right edge', () => {
  const flags = flagsAt(100, 880);
  expect(flags.get(100)).toMatchObject({ mirrored: false });
  expect(flags.get(880)).toMatchObject({ mirrored: true });
  for (const { room } of flags.values()) expect(room).toBeGreaterThan(100);
});

it('words end before the next flag, and are told on hover only where little of them could be read', () => {
  const flags = flagsAt(700, 790, 880, 885);
  // Between 880 and 885 there is no room for any.
  expect(flags.get(885)?.room).toBe(0);
  const room = flags.get(880)?.room ?? 0;
  expect(room).toBeGreaterThan(50);
  expect(880 - room).toBeGreaterThan(790);
});

it('words never write over each other or over a flag', () => {
  const places = [40, 90, 170, 300, 310, 480, 640, 700, 760, 870];
  const flags = [...flagsAt(...places).values()].filter(({ room }) => room > 0);
  expect(flags.length).toBeGreaterThan(2);
  const spans = flags.map(({ left, room, mirrored }) => (mirrored ? [left - room, left] : [left, left + room]));
  for (const [i, [from = 0, to = 0]] of spans.entries()) {
    expect(places.filter((place) => place > from && place < to)).toEqual([]);
    for (const [low = 0, high = 0] of spans.slice(i + 1)) expect(to <= low || from >= high).toBe(true);
  }
});
