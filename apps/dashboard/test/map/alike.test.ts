import { describe, expect, it } from 'vitest';
import { addPath, type Brush } from '../../src/map/brush.ts';
import { drawHouses } from '../../src/map/draw-houses.ts';
import type { Palette } from '../../src/map/palette.ts';
import { bowed, pointAt } from '../../src/map/path.ts';
import type { Pen } from '../../src/map/pen.ts';
import type { House } from '../../src/map/scene.ts';

const palette = new Proxy(
  { hues: ['#4f86e8', '#44ab85'] },
  { get: (own, key) => (key === 'hues' ? own.hues : '#336699') },
);

/** A pen that writes down what it is asked to do. */
function listening() {
  const asked: { what: string; of: readonly number[]; fillStyle: unknown }[] = [];
  const ink: Record<string, unknown> = {};
  const context = new Proxy(ink, {
    get: (own, what: string) =>
      what in own ? own[what] : (...of: number[]) => asked.push({ what, of, fillStyle: own.fillStyle }),
  }) as unknown as Pen;
  return { asked, context, count: (what: string) => asked.filter((one) => one.what === what).length };
}

function brushOn(context: Pen, more: Partial<Brush> = {}): Brush {
  return { context, palette: palette as unknown as Palette, zoom: 1, night: false, now: 0, ...more };
}

const room = (i: number, more: Partial<House> = {}): House => ({
  id: `pod:${i}`,
  label: `pod-${i}`,
  x: (i % 50) * 40,
  y: Math.floor(i / 50) * 40,
  size: 34,
  activity: (i % 997) / 997,
  sign: 'plain',
  wishedShare: 0.25,
  hue: i % 7,
  stale: false,
  ...more,
});

const rooms = (count: number) => Array.from({ length: count }, (_, i) => room(i));

describe('drawHouses', () => {
  it.each([
    ['near', 1],
    ['from afar', 0.2],
  ])('draws ten times the rooms with no more colours, %s', (_, zoom) => {
    const fillsOf = (count: number) => {
      const pen = listening();
      drawHouses(brushOn(pen.context, { zoom }), rooms(count));
      // every room has walls
      expect(pen.count('roundRect')).toBeGreaterThanOrEqual(count);
      return pen.count('fill') + pen.count('stroke');
    };
    expect(fillsOf(10_000)).toBeLessThanOrEqual(fillsOf(1000));
    expect(fillsOf(1000)).toBeLessThan(200);
  });

  it('lights a busy room more than a quiet one, and each kind of room in its own way', () => {
    const pen = listening();
    const looks: Partial<House>[] = [
      { activity: 0.2 },
      { activity: 0.3 },
      { activity: 0.9 },
      { sign: 'draining' },
      { hue: 2 },
    ];
    drawHouses(
      brushOn(pen.context),
      looks.map((look, i) => room(i, { activity: 0.2, hue: 1, ...look })),
    );
    const walls = pen.asked.filter(({ what }) => what === 'fill').map(({ fillStyle }) => fillStyle);
    expect(new Set(walls).size).toBe(walls.length);
  });

  it('draws a glowing room of the night for itself', () => {
    const pen = listening();
    drawHouses(brushOn(pen.context, { night: true }), [room(0, { activity: 0.9 }), room(7, { activity: 0.9 })]);
    expect(pen.count('save')).toBe(2);
  });
});

describe('addPath', () => {
  const path = bowed({ x: 0, y: 0 }, { x: 300, y: 0 }, 0.3);

  it.each([0.05, 0.3, 0.7, 1, 4])('leaves no point out that could be seen, at a zoom of %d', (zoom) => {
    const pen = listening();
    addPath(brushOn(pen.context, { zoom }), path);
    const drawn = pen.asked.map(({ of: [x = 0, y = 0] }) => ({ x, y }));
    const at = { x: 0, y: 0 };
    for (let t = 0; t <= 1; t += 0.005) {
      pointAt(path, t, 0, at);
      const off = Math.min(...drawn.slice(1).map((to, i) => distance(at, drawn[i] as typeof at, to)));
      expect(off * zoom).toBeLessThan(0.3);
    }
  });

  it('takes fewer points from afar, and always both ends', () => {
    const drawnAt = (zoom: number) => {
      const pen = listening();
      addPath(brushOn(pen.context, { zoom }), path);
      expect(pen.asked[0]?.of).toEqual([...path.xy.slice(0, 2)]);
      expect(pen.asked.at(-1)?.of).toEqual([...path.xy.slice(-2)]);
      return pen.asked.length;
    };
    expect(drawnAt(4)).toBe(path.xy.length / 2);
    expect(drawnAt(0.1)).toBeLessThan(drawnAt(4) / 3);
  });
});

interface Spot {
  readonly x: number;
  readonly y: number;
}

/** From a point to a piece of a line. */
function distance(p: Spot, a: Spot, b: Spot): number {
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const t = Math.min(1, Math.max(0, ((p.x - a.x) * dx + (p.y - a.y) * dy) / (dx * dx + dy * dy || 1)));
  return Math.hypot(p.x - a.x - dx * t, p.y - a.y - dy * t);
}
