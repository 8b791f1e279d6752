import { endOf } from './draw-gates.ts';
import { centre, type Point } from './geometry.ts';
import { middleOf } from './path.ts';
import type { Scene } from './scene.ts';
import { totalsOf } from './totals.ts';

/** What is on the map and where, for tests in a browser and the curious. `at` turns world units into pixels of the page. */
export function inspectScene(scene: Scene | undefined, at: (point: Point) => Point) {
  return {
    lens: scene?.lens,
    level: scene?.level,
    totals: scene && totalsOf(scene),
    districts:
      scene?.districts.map(({ id, rect, closed, folded }) => ({ id, closed, folded, ...at(centre(rect)) })) ?? [],
    services: scene?.junctions.map((junction) => ({ id: junction.service, ...at(junction) })) ?? [],
    pods:
      scene?.houses.flatMap((house) =>
        house.podUid === undefined ? [] : [{ id: house.podUid, name: house.label, ...at(house) }],
      ) ?? [],
    nodes:
      scene?.buildings.map(({ node, rect }) => ({ id: node, ...at({ x: rect.x + rect.width / 2, y: rect.y + 18 }) })) ??
      [],
    closed: scene?.houses.flatMap(({ podUid, closed }) => (closed && podUid !== undefined ? [podUid] : [])) ?? [],
    barred:
      scene?.barring.streets.map(({ id, policies, refusals, path }) => ({
        ...{ id, policies, refusals: refusals.length },
        ...at(endOf(path).at),
      })) ?? [],
    roads: scene?.roads.map(({ id, rate, backRate, path }) => ({ id, rate, backRate, ...at(middleOf(path)) })) ?? [],
  };
}
