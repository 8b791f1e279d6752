import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { finish, type Slices } from '../../src/city/slices.ts';
import { planOf } from '../../src/live/map-plan.ts';
import { PlanMemory } from '../../src/live/plans.ts';
import type { Brushes } from '../../src/map/brushes.ts';
import { FrameLoop } from '../../src/map/frame-loop.ts';
import type { Show } from '../../src/map/show.ts';
import type { Sight, StillLayer } from '../../src/map/still-layer.ts';
import { StillPictures } from '../../src/map/still-pictures.ts';
import { ALL_OF_IT } from '../../src/map/wanted.ts';
import { cityOf } from './city-of.ts';
import { FakeScreen } from './fake-screen.ts';

/** Sheets of a picture, and what one takes, milliseconds. */
const SHEETS = 12;
const SHEET = { ground: 6, places: 1 } as const;

let screen: FakeScreen;
beforeEach(() => {
  screen = new FakeScreen();
  vi.stubGlobal('localStorage', { getItem: () => null, setItem: () => undefined });
});
afterEach(() => void vi.unstubAllGlobals());

/** A layer that draws nothing and counts: sheets, and pictures that were shown. */
class CountingLayer {
  readonly #kind: keyof typeof SHEET;
  sheets = 0;
  shown = 0;
  reaches = true;
  #drawn: Sight | undefined;

  constructor(kind: keyof typeof SHEET) {
    this.#kind = kind;
  }

  *draw(sight: Sight): Slices<() => void> {
    for (let i = 0; i < SHEETS; i += 1) {
      screen.spend(SHEET[this.#kind]);
      this.sheets += 1;
      yield;
    }
    return () => {
      this.#drawn = sight;
      this.shown += 1;
    };
  }

  serves = () => this.reaches;
  covers = () => this.reaches;
  follow = () => undefined;
  isSharp = (sight: Sight) => this.#drawn?.x === sight.x;
}

function begin() {
  const survey = cityOf(5);
  const plan = finish(planOf('services', survey, survey, new PlanMemory(), false));
  const scene = finish(plan.scene(survey, ALL_OF_IT));
  const [ground, places] = [new CountingLayer('ground'), new CountingLayer('places')];
  const layers = [ground, places].map((layer) => layer as unknown as StillLayer) as [StillLayer, StillLayer];
  const pictures = new StillPictures(...layers, {} as Brushes);
  const state = { show: { scene, still: true, figures: { at: 0 } } as unknown as Show, x: 0, hand: 0 };
  const frames = new FrameLoop(() => pictures.draw(state.show, { x: state.x } as Sight, state.hand));
  const tell = (at: number, what: 'figures' | 'all') => {
    state.show = { ...state.show, figures: { at } };
    pictures.redraw(what);
    frames.wake();
  };
  /** Rings are broader by so much now. */
  const grow = (by: number) => {
    const { scene: before } = state.show;
    const junctions = before.junctions.map((junction) => ({ ...junction, radius: junction.radius + by }));
    state.show = { ...state.show, scene: { ...before, junctions }, still: false };
    pictures.take(state.show, before);
    tell(1, 'figures');
  };
  return { ground, places, pictures, state, frames, tell, grow };
}

describe('still pictures', () => {
  it('write the figures of every second before the next, however dear the ground is', () => {
    const { ground, places, pictures, tell } = begin();
    tell(0, 'all');
    screen.pass(1000);
    expect([ground.shown, places.shown]).toEqual([1, 1]);
    for (let second = 1; second <= 20; second += 1) {
      tell(second, 'figures');
      screen.pass(1000);
      expect(pictures.written).toEqual({ at: second });
    }
    expect(places.shown).toBe(21);
    // The ground is as dear as it may be: one in two and a half seconds.
    expect(ground.shown).toBeGreaterThan(20 / 4);
    expect(ground.shown).toBeLessThan(20 / 2);
  });

  it('are left alone while a hand moves the map, and drawn once where it comes to rest', () => {
    const { ground, places, pictures, state, frames, tell } = begin();
    tell(0, 'all');
    screen.pass(1000);
    const before = ground.sheets + places.sheets;
    state.hand = 130;
    for (let i = 0; i < 50; i += 1) {
      state.x += 3;
      tell(i, i % 10 === 0 ? 'all' : 'figures');
      screen.pass(16);
    }
    expect(ground.sheets + places.sheets).toBe(before);
    state.hand = 0;
    pictures.redraw('all');
    frames.wake();
    screen.pass(300);
    expect(ground.sheets + places.sheets).toBe(before + 2 * SHEETS);
    expect(pictures.written).toEqual({ at: 49 });
  });

  it('under a hand that came to where there is none, get one sheet a frame', () => {
    const { ground, places, pictures, state, frames, tell } = begin();
    tell(0, 'all');
    screen.pass(1000);
    const before = ground.sheets + places.sheets;
    state.hand = 130;
    ground.reaches = false;
    pictures.redraw('all');
    frames.wake();
    screen.pass(10 * 16);
    expect(ground.sheets + places.sheets - before).toBeGreaterThan(5);
    expect(ground.sheets + places.sheets - before).toBeLessThanOrEqual(11);
  });

  it('that a hand left behind are not finished for where it was', () => {
    const { ground, places, state, frames, tell } = begin();
    tell(0, 'all');
    screen.pass(1000);
    tell(1, 'all');
    screen.pass(2 * 16);
    const begun = ground.sheets + places.sheets;
    expect(begun).toBeLessThan(4 * SHEETS);
    state.x = 500;
    frames.wake();
    screen.pass(1000);
    expect(ground.sheets + places.sheets).toBe(begun + 2 * SHEETS);
    expect([ground.shown, places.shown]).toEqual([2, 2]);
  });

  it('are drawn once for what a second brings, and frame by frame for what is seen to move', () => {
    const sheetsFor = (by: number) => {
      const { places, tell, grow } = begin();
      tell(0, 'all');
      screen.pass(1000);
      const before = places.sheets;
      grow(by);
      screen.pass(1000);
      return places.sheets - before;
    };
    expect(sheetsFor(1)).toBe(SHEETS);
    expect(sheetsFor(10)).toBeGreaterThan(2 * SHEETS);
  });

  it('of another level are not waited for, those of a changing city are', () => {
    const { ground, places, pictures, state, tell } = begin();
    tell(0, 'all');
    screen.pass(1000);
    tell(1, 'all');
    screen.pass(2 * 16);
    const begun = ground.sheets + places.sheets;
    const before = state.show.scene;
    state.show = { ...state.show, scene: { ...before, level: 'city' } };
    pictures.take(state.show, before);
    tell(2, 'all');
    screen.pass(1000);
    expect(ground.sheets + places.sheets).toBe(begun + 2 * SHEETS);
    expect(pictures.written).toEqual({ at: 2 });
    // News in every frame, each a reason to draw all: pictures are shown all the same.
    const shown = places.shown;
    for (let i = 3; i < 103; i += 1) {
      tell(i, 'all');
      screen.pass(16);
    }
    expect(places.shown - shown).toBeGreaterThan(5);
  });

  it('of a first sight are drawn under a hand too', () => {
    const { ground, places, state, tell } = begin();
    state.hand = 130;
    tell(0, 'all');
    screen.pass(1000);
    expect([ground.shown, places.shown]).toEqual([1, 1]);
  });
});

describe('frames', () => {
  it('are asked for when they are meant, and none between', () => {
    let drawn = 0;
    const loop = new FrameLoop(() => {
      drawn += 1;
      return 48;
    });
    loop.wake();
    screen.pass(48 * 100);
    expect(drawn).toBeGreaterThan(95);
    expect(drawn).toBeLessThanOrEqual(101);
    screen.hidden = true;
    const before = drawn;
    screen.pass(5000);
    expect(drawn).toBe(before);
    loop.close();
  });
});
