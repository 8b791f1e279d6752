import { lengthOf, type Point, type Rect } from './geometry.ts';

/** A road's middle line as evenly spaced points: `[x0, y0, x1, y1, …]`, so that a dot's place is one look-up. */
export interface Path {
  readonly xy: Float32Array;
  readonly length: number;
  /** The ground it crosses. */
  readonly ground: Rect;
}

const PIECES = 40;

/** Samples a cubic Bézier curve at equal distances along its length. */
export function cubic(a: Point, b: Point, c: Point, d: Point): Path {
  const raw: Point[] = [];
  for (let i = 0; i <= PIECES * 2; i += 1) {
    const t = i / (PIECES * 2);
    const s = 1 - t;
    raw.push({
      x: s * s * s * a.x + 3 * s * s * t * b.x + 3 * s * t * t * c.x + t * t * t * d.x,
      y: s * s * s * a.y + 3 * s * s * t * b.y + 3 * s * t * t * c.y + t * t * t * d.y,
    });
  }
  return even(raw);
}

/** A curve from a to b that bows to its left by `bow` times its length (negative: to its right). */
export function bowed(a: Point, b: Point, bow: number): Path {
  const dx = b.x - a.x;
  const dy = b.y - a.y;
  const side = { x: dy * bow * (4 / 3), y: -dx * bow * (4 / 3) };
  return cubic(
    a,
    { x: a.x + dx * 0.3 + side.x, y: a.y + dy * 0.3 + side.y },
    { x: a.x + dx * 0.7 + side.x, y: a.y + dy * 0.7 + side.y },
    b,
  );
}

function even(raw: readonly Point[]): Path {
  const along = [0];
  for (let i = 1; i < raw.length; i += 1) {
    const [p, q] = [raw[i - 1] as Point, raw[i] as Point];
    along.push((along[i - 1] as number) + lengthOf(q.x - p.x, q.y - p.y));
  }
  const length = along.at(-1) ?? 0;
  const xy = new Float32Array((PIECES + 1) * 2);
  let j = 0;
  for (let i = 0; i <= PIECES; i += 1) {
    const wanted = (length * i) / PIECES;
    while (j < raw.length - 2 && (along[j + 1] as number) < wanted) j += 1;
    const [p, q] = [raw[j] as Point, raw[j + 1] as Point];
    const piece = (along[j + 1] as number) - (along[j] as number);
    const t = piece > 0 ? (wanted - (along[j] as number)) / piece : 0;
    xy[i * 2] = p.x + (q.x - p.x) * t;
    xy[i * 2 + 1] = p.y + (q.y - p.y) * t;
  }
  return { xy, length, ground: groundUnder(xy) };
}

function groundUnder(xy: Float32Array): Rect {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let i = 0; i < xy.length; i += 2) {
    const [x, y] = [xy[i] as number, xy[i + 1] as number];
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  return { x: left, y: top, width: right - left, height: bottom - top };
}

/** The sample halfway along. */
export function middleOf({ xy }: Path): Point {
  const i = Math.floor(xy.length / 4) * 2;
  return { x: xy[i] as number, y: xy[i + 1] as number };
}

/** The point at `t` (0..1), moved `aside` to the right of the way; written into `out` to spare the collector. */
export function pointAt(path: Path, t: number, aside: number, out: { x: number; y: number }): void {
  const at = Math.min(Math.max(t, 0), 0.99999) * PIECES;
  const i = Math.floor(at) * 2;
  const part = at - Math.floor(at);
  const [x0, y0] = [path.xy[i] as number, path.xy[i + 1] as number];
  const [dx, dy] = [(path.xy[i + 2] as number) - x0, (path.xy[i + 3] as number) - y0];
  const norm = lengthOf(dx, dy) || 1;
  out.x = x0 + dx * part - (dy / norm) * aside;
  out.y = y0 + dy * part + (dx / norm) * aside;
}

/** Shortest distance from a point to the path's sampled line. */
export function distanceToPath(path: Path, { x, y }: Point): number {
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i + 3 < path.xy.length; i += 2) {
    const [x0, y0] = [path.xy[i] as number, path.xy[i + 1] as number];
    const [dx, dy] = [(path.xy[i + 2] as number) - x0, (path.xy[i + 3] as number) - y0];
    const square = dx * dx + dy * dy;
    const t = square > 0 ? Math.min(1, Math.max(0, ((x - x0) * dx + (y - y0) * dy) / square)) : 0;
    best = Math.min(best, lengthOf(x - x0 - dx * t, y - y0 - dy * t));
  }
  return best;
}
