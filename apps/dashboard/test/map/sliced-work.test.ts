import { afterEach, describe, expect, it, vi } from 'vitest';
import { SLICE, type Slices } from '../../src/city/slices.ts';
import { SlicedWork } from '../../src/live/sliced-work.ts';
import { Hand } from '../../src/map/hand.ts';
import { FakeScreen, FRAME } from './fake-screen.ts';

afterEach(() => void vi.unstubAllGlobals());

/** Work of 100 slices, a millisecond each. `turns`: how many of them ran at once, turn by turn. */
function begin() {
  const screen = new FakeScreen();
  const [made, begun, turns]: [string[], string[], number[]] = [[], [], []];
  let resting = Number.NaN;
  function* make(wish: string): Slices<string> {
    begun.push(wish);
    for (let i = 0; i < 100; i += 1) {
      if (screen.now === resting) turns.push((turns.pop() ?? 0) + 1);
      else turns.push(1);
      screen.spend(1);
      resting = screen.now;
      yield;
    }
    return wish;
  }
  const hand = new Hand(() => undefined);
  const work = new SlicedWork(
    make,
    (one) => void made.push(one),
    () => hand.leaves,
  );
  return { screen, hand, work, made, begun, turns };
}

describe('work in slices', () => {
  it.each(['soon', 'calm'] as const)(
    'does nothing while a hand moves the map, and all of it afterwards: %s',
    (pace) => {
      const { screen, hand, work, made, turns } = begin();
      hand.moved();
      work.want('far', pace);
      for (let i = 0; i < 100; i += 1) {
        hand.moved();
        screen.pass(FRAME);
      }
      expect(turns).toEqual([]);
      screen.pass(1000);
      expect(made).toEqual(['far']);
    },
  );

  it('stops for a hand, and begins what was wished last when that has gone', () => {
    const { screen, hand, work, made, begun, turns } = begin();
    work.want('here', 'calm');
    screen.pass(3 * FRAME);
    const before = turns.length;
    expect(before).toBeGreaterThan(0);
    hand.moved();
    work.want('there', 'soon');
    screen.pass(100);
    expect(turns).toHaveLength(before);
    screen.pass(1000);
    expect(begun).toEqual(['here', 'there']);
    expect(made).toEqual(['there']);
  });

  it('finishes what it began while wishes keep coming and nobody moves the map', () => {
    const { screen, work, made } = begin();
    for (let i = 0; i < 300; i += 1) {
      work.want(`second ${i}`, 'calm');
      screen.pass(100);
    }
    expect(made.length).toBeGreaterThan(10);
  });

  it('leaves most of the time to others when second follows second, and none when one goes elsewhere', () => {
    const { screen, work, made, turns } = begin();
    for (let i = 0; i < 100; i += 1) {
      work.want(`second ${i}`, 'calm');
      screen.pass(200);
    }
    const spent = turns.reduce((sum, slices) => sum + slices, 0);
    expect(spent).toBeLessThan(20_000 / 15);
    expect(made.length).toBeGreaterThan(5);
    work.want('there', 'soon');
    screen.pass(15 * FRAME);
    expect(made.at(-1)).toBe('there');
  });

  it('takes as much of a turn as its pace says', () => {
    const turnsOf = (pace: 'first' | 'soon' | 'calm') => {
      const { screen, work, made, turns } = begin();
      work.want('it', pace);
      screen.pass(2000);
      expect(made).toEqual(['it']);
      vi.unstubAllGlobals();
      return turns;
    };
    expect(Math.max(...turnsOf('calm'))).toBe(SLICE);
    expect(turnsOf('first').length).toBeLessThan(turnsOf('soon').length);
    expect(turnsOf('soon').length).toBeLessThan(turnsOf('calm').length);
  });

  it('makes the first picture under a moving hand: nothing is there that it could disturb', () => {
    const { screen, hand, work, made } = begin();
    hand.moved();
    work.want('it', 'first');
    for (let i = 0; i < 20; i += 1) {
      hand.moved();
      screen.pass(FRAME);
    }
    expect(made).toEqual(['it']);
  });

  it('rests while nobody sees the page', () => {
    const { screen, work, made, turns } = begin();
    screen.hidden = true;
    work.want('it', 'calm');
    screen.pass(10_000);
    expect(turns).toEqual([]);
    screen.hidden = false;
    screen.pass(1000);
    expect(made).toEqual(['it']);
  });
});
