import { type Brush, hatch, mix, roundRect } from '../brush.ts';
import { addFence } from '../draw-gates.ts';

/** One sign of the map and what it means. `draw` paints it 18 pixels wide around the height given. */
interface Entry {
  readonly words: string;
  readonly draw: (brush: Brush, x: number, y: number) => void;
}

const SIZE = 11;
const boxAt = (x: number, y: number) => ({ x: x + 3, y: y - SIZE / 2, width: SIZE, height: SIZE });

const square =
  (tone: 'light' | 'quiet' | 'weight') =>
  ({ context, palette }: Brush, x: number, y: number): void => {
    roundRect(context, boxAt(x, y), 3);
    context.fillStyle = palette[tone];
    context.fill();
  };

const dashed =
  (tone: 'drain' | 'faint', fill: boolean) =>
  ({ context, palette }: Brush, x: number, y: number): void => {
    if (fill) hatch(context, boxAt(x, y), mix(palette.faint, palette.ground, 0.6));
    context.save();
    roundRect(context, boxAt(x, y), 3);
    context.setLineDash([3.2, 2.4]);
    context.lineWidth = 1.6;
    context.strokeStyle = palette[tone];
    context.stroke();
    context.restore();
  };

function ticks({ context, palette }: Brush, x: number, y: number): void {
  context.beginPath();
  for (const at of [3, 9, 15]) {
    context.moveTo(x + at - 3, y - 3);
    context.lineTo(x + at, y);
    context.lineTo(x + at - 3, y + 3);
  }
  context.lineWidth = 1.8;
  context.strokeStyle = palette.light;
  context.stroke();
}

function bars({ context, palette }: Brush, x: number, y: number): void {
  context.beginPath();
  for (const at of [6, 11]) {
    context.moveTo(x + at, y - 5);
    context.lineTo(x + at, y + 5);
  }
  context.lineWidth = 2.4;
  context.strokeStyle = palette.refused;
  context.stroke();
}

const fence =
  (tone: 'text' | 'refused') =>
  ({ context, palette }: Brush, x: number, y: number): void => {
    context.beginPath();
    addFence(context, { at: { x: x + 8, y }, way: { x: 0, y: 1 }, half: 8, closed: 'in' });
    context.lineWidth = 1.6;
    context.strokeStyle = palette[tone];
    context.stroke();
  };

const ENTRIES: readonly Entry[] = [
  { words: 'traffic, more where they are closer', draw: ticks },
  { words: 'busy pod', draw: square('light') },
  { words: 'quiet pod', draw: square('quiet') },
  { words: 'draining', draw: dashed('drain', false) },
  { words: 'reweighted, with the share wished', draw: square('weight') },
  { words: 'refused', draw: bars },
  { words: 'not ready or stale', draw: dashed('faint', false) },
  { words: 'unknown', draw: dashed('faint', true) },
];

/** Where there are NetworkPolicies. */
const GATES: readonly Entry[] = [
  { words: 'closed by policy', draw: fence('text') },
  { words: 'refused by policy', draw: fence('refused') },
];

/** The signs in one row from `x`, around the height `y`; `gates`: policies close pods here. */
export function drawLegend(brush: Brush, x: number, y: number, gates: boolean): void {
  const { context, palette } = brush;
  let at = x;
  for (const { words, draw } of gates ? [...ENTRIES, ...GATES] : ENTRIES) {
    draw(brush, at, y);
    context.font = '450 11px "Inter Variable", sans-serif';
    context.letterSpacing = '0px';
    context.textAlign = 'start';
    context.textBaseline = 'middle';
    context.fillStyle = palette.soft;
    context.fillText(words, at + 23, y);
    at += 23 + context.measureText(words).width + 18;
  }
}
