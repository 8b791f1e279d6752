import { type Body, GAP, hold } from './bodies.ts';
import { hash } from './geometry.ts';

/** Of more bodies, only neighbours are compared. */
const FEW = 60;

/** Pushes overlapping plots of one cell apart; false when the cell is too small for them. */
export function separate(bodies: readonly Body[], rounds: number): boolean {
  const reach = 2 * Math.max(...bodies.map(({ plot }) => plot.radius)) + GAP;
  for (let turn = 0; turn < rounds; turn += 1) {
    const touched = bodies.length > FEW ? pushNear(bodies, reach) : pushAll(bodies);
    if (!touched) return true;
  }
  return false;
}

function pushAll(bodies: readonly Body[]): boolean {
  let touched = false;
  for (let i = 0; i < bodies.length; i += 1) {
    for (let j = i + 1; j < bodies.length; j += 1) touched = push(bodies[i] as Body, bodies[j] as Body) || touched;
  }
  return touched;
}

/** Only those may touch whose middles lie in the same or in neighbouring squares of this side. */
function pushNear(bodies: readonly Body[], side: number): boolean {
  const squares = new Map<number, number[]>();
  const at = (value: number) => Math.floor(value / side);
  const keyOf = (i: number, j: number) => i * 1_048_576 + j;
  for (const [i, { x, y }] of bodies.entries()) {
    const key = keyOf(at(x), at(y));
    const own = squares.get(key);
    if (own) own.push(i);
    else squares.set(key, [i]);
  }
  let touched = false;
  for (const [i, a] of bodies.entries()) {
    const [column, row] = [at(a.x), at(a.y)];
    for (let square = 0; square < 9; square += 1) {
      const key = keyOf(column - 1 + (square % 3), row - 1 + Math.floor(square / 3));
      for (const j of squares.get(key) ?? []) if (j > i) touched = push(a, bodies[j] as Body) || touched;
    }
  }
  return touched;
}

/** Moves both when they touch; false when they do not. */
function push(a: Body, b: Body): boolean {
  const need = a.plot.radius + b.plot.radius + GAP;
  let [x, y] = [b.x - a.x, b.y - a.y];
  const square = x * x + y * y;
  if (square >= (need - 0.5) ** 2) return false;
  const distance = Math.sqrt(square);
  if (distance === 0) {
    const angle = (hash(b.plot.id) % 628) / 100;
    [x, y] = [Math.cos(angle), Math.sin(angle)];
  }
  const by = ((need - distance) / 2 + 0.3) / (distance || 1);
  a.x -= x * by;
  a.y -= y * by;
  b.x += x * by;
  b.y += y * by;
  hold(a);
  hold(b);
  return true;
}
