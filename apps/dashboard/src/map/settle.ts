import type { Slices } from '../city/slices.ts';
import { type Body, bodyIn, GAP, hold } from './bodies.ts';
import { centre, lengthOf, type Point, type Rect } from './geometry.ts';
import type { Plot } from './plots.ts';
import { separate } from './separate.ts';

/** Rounds of pushing until plots stand apart. */
const ROUNDS = 120;
/** Of what is left of the heat after each turn, and of a speed. */
const COOLING = 1 - 0.001 ** (1 / 300);
const FRICTION = 0.6;
/** Strengths: towards where a plot is drawn, away from each other, and along links, which like to be so long. */
const PULL = 0.04;
const PUSH = 4;
const LINK = { strength: 0.12, length: 230 };
/** Pairs that are looked at between two rests, and in all: an enormous namespace gets fewer turns. */
const PIECE = 20_000;
const MOST = 60_000_000;

interface Moving extends Body {
  readonly pull: Point;
  vx: number;
  vy: number;
}

interface Tie {
  readonly from: Moving;
  readonly to: Moving;
  /** The part of the way that `to` goes: whoever has more links moves less. */
  readonly part: number;
}

/**
 * The places of one namespace's plots in its cell: linked things come near, and those linked to other namespaces lean
 * towards these. The forces are those of d3-force, which makes trees that so few bodies do not need. Undefined when they do
 * not come apart again.
 * @param turns at most
 */
export function* settle(
  plots: readonly Plot[],
  cells: ReadonlyMap<string, Rect>,
  near: ReadonlyMap<string, readonly string[]>,
  turns: number,
): Slices<readonly Body[] | undefined> {
  const cell = cells.get(plots[0]?.namespace ?? '') as Rect;
  const own = new Set(plots.map(({ id }) => id));
  const bodies = plots.map((plot): Moving => {
    const pull = pullOf(near.get(plot.id) ?? [], own, cells) ?? centre(cell);
    return { ...bodyIn(cell, plot), pull, vx: 0, vy: 0 };
  });
  const ties = tiesOf(bodies, near);
  const pairs = bodies.length ** 2;
  let heat = 1;
  let looked = 0;
  for (let i = 0; i < Math.min(turns, Math.ceil(MOST / pairs)); i += 1) {
    heat *= 1 - COOLING;
    for (const body of bodies) {
      body.vx += (body.pull.x - body.x) * PULL * heat;
      body.vy += (body.pull.y - body.y) * PULL * heat;
    }
    repel(bodies, heat);
    for (let round = 0; round < 2; round += 1) collide(bodies);
    for (const tie of ties) tighten(tie, heat);
    bodies.forEach(go);
    looked += 3 * pairs;
    if (looked < PIECE) continue;
    looked = 0;
    yield;
  }
  stretch(bodies);
  return separate(bodies, ROUNDS) ? bodies : undefined;
}

function tiesOf(bodies: readonly Moving[], near: ReadonlyMap<string, readonly string[]>): Tie[] {
  const byId = new Map(bodies.map((body) => [body.plot.id, body]));
  const pairs = bodies.flatMap((from) =>
    (near.get(from.plot.id) ?? []).flatMap((id) => {
      const to = byId.get(id);
      return to && from.plot.id < id ? [{ from, to }] : [];
    }),
  );
  const counts = new Map<Moving, number>();
  for (const { from, to } of pairs) for (const end of [from, to]) counts.set(end, (counts.get(end) ?? 0) + 1);
  return pairs.map(({ from, to }) => {
    const [a, b] = [counts.get(from) as number, counts.get(to) as number];
    return { from, to, part: a / (a + b) };
  });
}

/** All push all others away, the larger ones more. */
function repel(bodies: readonly Moving[], heat: number): void {
  for (let i = 0; i < bodies.length; i += 1) {
    const a = bodies[i] as Moving;
    for (let j = i + 1; j < bodies.length; j += 1) {
      const b = bodies[j] as Moving;
      const [dx, dy] = [b.x - a.x, b.y - a.y];
      const square = dx * dx + dy * dy;
      const by = (PUSH * heat) / (square < 1 ? Math.sqrt(square) || 1 : square);
      a.vx -= dx * by * b.plot.radius;
      a.vy -= dy * by * b.plot.radius;
      b.vx += dx * by * a.plot.radius;
      b.vy += dy * by * a.plot.radius;
    }
  }
}

/** Those that would lie over each other are stopped; the larger one gives way less. */
function collide(bodies: readonly Moving[]): void {
  for (let i = 0; i < bodies.length; i += 1) {
    const a = bodies[i] as Moving;
    const ra = a.plot.radius + GAP;
    const [x, y] = [a.x + a.vx, a.y + a.vy];
    for (let j = i + 1; j < bodies.length; j += 1) {
      const b = bodies[j] as Moving;
      const rb = b.plot.radius + GAP;
      const reach = ra + rb;
      const dx = x - b.x - b.vx;
      if (dx >= reach || dx <= -reach) continue;
      const dy = y - b.y - b.vy;
      const square = dx * dx + dy * dy;
      if (square >= reach * reach) continue;
      const by = reach / (Math.sqrt(square) || 1e-6) - 1;
      const part = (rb * rb) / (ra * ra + rb * rb);
      a.vx += dx * by * part;
      a.vy += dy * by * part;
      b.vx -= dx * by * (1 - part);
      b.vy -= dy * by * (1 - part);
    }
  }
}

function tighten({ from, to, part }: Tie, heat: number): void {
  const [dx, dy] = [to.x + to.vx - from.x - from.vx, to.y + to.vy - from.y - from.vy];
  const distance = lengthOf(dx, dy) || 1e-6;
  const by = ((distance - LINK.length) / distance) * heat * LINK.strength;
  to.vx -= dx * by * part;
  to.vy -= dy * by * part;
  from.vx += dx * by * (1 - part);
  from.vy += dy * by * (1 - part);
}

function go(body: Moving): void {
  body.vx *= FRICTION;
  body.vy *= FRICTION;
  body.x += body.vx;
  body.y += body.vy;
  hold(body);
}

/** The middle of the namespaces that something is linked to; undefined when these are its own only. */
function pullOf(
  near: readonly string[],
  own: ReadonlySet<string>,
  cells: ReadonlyMap<string, Rect>,
): Point | undefined {
  let [x, y, n] = [0, 0, 0];
  for (const id of near) {
    if (own.has(id)) continue;
    const cell = cells.get(id.slice(id.indexOf(':') + 1, id.indexOf('/')));
    if (!cell) continue;
    const middle = centre(cell);
    [x, y, n] = [x + middle.x, y + middle.y, n + 1];
  }
  return n === 0 ? undefined : { x: x / n, y: y / n };
}

/** Pulls the plots of one cell apart until they use it: links draw them together more than there is need to. */
function stretch(bodies: readonly Body[]): void {
  for (const axis of ['x', 'y'] as const) {
    const side = axis === 'x' ? 'width' : 'height';
    const low = Math.min(...bodies.map((body) => body[axis]));
    const high = Math.max(...bodies.map((body) => body[axis]));
    const from = Math.max(...bodies.map((body) => body.ground[axis]));
    const room = Math.min(...bodies.map((body) => body.ground[axis] + body.ground[side])) - from;
    // Those in one line stay in one line, in the middle.
    const factor = high - low < 40 ? 1 : Math.min(2, (0.92 * room) / (high - low));
    for (const body of bodies) body[axis] = from + room / 2 + (body[axis] - (low + high) / 2) * factor;
    bodies.forEach(hold);
  }
}
