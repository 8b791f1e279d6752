import { expect, it } from 'vitest';
import { finish } from '../../src/city/slices.ts';
import type { Brush } from '../../src/map/brush.ts';
import { fenceOf } from '../../src/map/draw-gates.ts';
import { placeWords } from '../../src/map/draw-labels.ts';
import type { Palette } from '../../src/map/palette.ts';
import type { Pen } from '../../src/map/pen.ts';
import type { House } from '../../src/map/scene.ts';
import { ALL_OF_IT } from '../../src/map/wanted.ts';
import { cityOf } from './city-of.ts';
import { servicesLens } from './lenses.ts';

const ZOOM = 1.5;
const scene = servicesLens(cityOf(11)).scene(ALL_OF_IT);
const context = { measureText: (text: string) => ({ width: text.length * 6 }) } as unknown as Pen;

/** Where the name of the one house that is chosen stands, CSS pixels. */
function nameOf({ id, label }: House) {
  const chosen = new Set([id]);
  const emphasis = { chosen, touched: chosen };
  const brush: Brush = { context, palette: {} as Palette, emphasis, zoom: ZOOM, night: false, now: 0 };
  const words = finish(placeWords(brush, scene, ({ x, y }) => ({ x: x * ZOOM, y: y * ZOOM })));
  return words.find(({ text }) => text === label)?.box;
}

it('of a chosen pod does not stand on the gate that closes it', () => {
  const closed = scene.houses.filter((house) => house.closed !== undefined);
  const covered = closed.filter((house) => {
    const { at } = fenceOf(
      house,
      scene.junctions.find(({ id }) => id === house.at),
      ZOOM,
    );
    const box = nameOf(house);
    const [x, y] = [at.x * ZOOM, at.y * ZOOM];
    return box && x >= box.x && x <= box.x + box.width && y >= box.y && y <= box.y + box.height;
  });
  expect(closed.filter(nameOf).length).toBeGreaterThan(5);
  expect(covered.map(({ label }) => label)).toEqual([]);
});
