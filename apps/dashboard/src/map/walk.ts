import { isBundle } from '../city/lanes.ts';
import { endOf } from './draw-gates.ts';
import { centre, overlap, type Point, type Rect } from './geometry.ts';
import type { Hit } from './hit.ts';
import { middleOf } from './path.ts';
import type { Scene } from './scene.ts';

/** A place that the keyboard can stand on. */
export interface Stop extends Hit, Point {}

/** Height of a line of reading, pixels: what lies within it is read from left to right. */
const LINE = 90;

/** The places, gates that refuse and bundled streets on the screen as one reads: line by line. */
export function stopsOf(scene: Scene, seen: Rect, zoom: number): readonly Stop[] {
  const at = ({ x, y }: Point, kind: Hit['kind'], id: string): Stop => ({ kind, id, x, y });
  const stops = [
    ...scene.districts
      .filter(({ closed, label }) => closed && label !== '')
      .map(({ id, rect }) => at(centre(rect), 'district', id)),
    ...scene.buildings.map(({ id, rect }) => at({ x: centre(rect).x, y: rect.y }, 'building', id)),
    ...scene.junctions.map((junction) => at(junction, 'junction', junction.id)),
    ...scene.gates.map((gate) => at(gate, 'gate', gate.id)),
    ...scene.houses.map((house) => at(house, 'house', house.id)),
    ...scene.barring.streets.map(({ id, path }) => at(endOf(path).at, 'barred', id)),
    ...scene.roads.filter(({ id }) => isBundle(id)).map(({ id, path }) => at(middleOf(path), 'road', id)),
  ].filter(({ x, y }) => overlap(seen, { x: x - 0.5, y: y - 0.5, width: 1, height: 1 }));
  const line = ({ y }: Point) => Math.floor(((y - seen.y) * zoom) / LINE);
  return stops.sort((a, b) => line(a) - line(b) || a.x - b.x || (a.id < b.id ? -1 : 1));
}

/** The stop after (or before) the one with this id; the first (or last) when it is not among them; undefined past the end. */
export function nextStop(stops: readonly Stop[], id: string | undefined, back: boolean): Stop | undefined {
  const i = stops.findIndex((stop) => stop.id === id);
  if (i < 0) return back ? stops.at(-1) : stops[0];
  return stops[i + (back ? -1 : 1)];
}
