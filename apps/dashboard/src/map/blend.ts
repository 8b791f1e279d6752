import type { Scene, Segment } from './scene.ts';

/** How long the map takes to show that something moved, milliseconds. */
export const CHANGE = 320;

/** Slow at both ends. */
export const ease = (t: number): number => (t < 0.5 ? 4 * t ** 3 : 1 - (2 - 2 * t) ** 3 / 2);

const between = (a: number, b: number, t: number): number => a + (b - a) * t;

/**
 * The scene on its way from `before` to `after`, `t` in 0..1: houses move, rings grow, segments turn, roads broaden.
 * What is new is there at once; what is gone is gone.
 */
export function blend(before: Scene, after: Scene, t: number): Scene {
  if (t >= 1 || before.lens !== after.lens || before.level !== after.level) return after;
  const houses = new Map(before.houses.map((house) => [house.id, house]));
  const junctions = new Map(before.junctions.map((junction) => [junction.id, junction]));
  const roads = new Map(before.roads.map((road) => [road.id, road]));
  return {
    ...after,
    houses: after.houses.map((house) => {
      const old = houses.get(house.id);
      if (!old) return house;
      const [x, y] = [between(old.x, house.x, t), between(old.y, house.y, t)];
      return { ...house, x, y, activity: between(old.activity, house.activity, t) };
    }),
    junctions: after.junctions.map((junction) => {
      const old = junctions.get(junction.id);
      if (!old) return junction;
      return {
        ...junction,
        x: between(old.x, junction.x, t),
        y: between(old.y, junction.y, t),
        radius: between(old.radius, junction.radius, t),
        segments: turn(old.segments, junction.segments, t),
      };
    }),
    roads: after.roads.map((road) => {
      const old = roads.get(road.id);
      return old ? { ...road, width: between(old.width, road.width, t) } : road;
    }),
  };
}

function turn(before: readonly Segment[], after: readonly Segment[], t: number): readonly Segment[] {
  const old = new Map(before.map((segment) => [segment.key, segment]));
  return after.map((segment) => {
    const was = old.get(segment.key);
    if (!was) return segment;
    return {
      ...segment,
      from: between(was.from, segment.from, t),
      to: between(was.to, segment.to, t),
      activity: between(was.activity, segment.activity, t),
    };
  });
}

/** World units by which a ring grows that is seen to grow. What a second's traffic brings is less, and is drawn at once. */
const GROWTH = 3;

/** True when a change between two scenes is worth frames: something is somewhere else or has quite another size. */
export function differs(before: Scene, after: Scene): boolean {
  if (before.lens !== after.lens) return false;
  const old = new Map(before.houses.map((house) => [house.id, house]));
  const moved = after.houses.some((house) => {
    const was = old.get(house.id);
    return was && (Math.abs(was.x - house.x) > 0.5 || Math.abs(was.y - house.y) > 0.5);
  });
  const rings = new Map(before.junctions.map((junction) => [junction.id, junction]));
  return (
    moved ||
    after.junctions.some((junction) => {
      const was = rings.get(junction.id);
      return (
        was &&
        (Math.abs(was.radius - junction.radius) > GROWTH || Math.hypot(was.x - junction.x, was.y - junction.y) > 0.5)
      );
    })
  );
}
