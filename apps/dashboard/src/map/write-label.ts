import { type Brush, roundRect } from './brush.ts';
import { addFence } from './draw-gates.ts';
import type { Label, PlacedLabel } from './labels.ts';
import { widthOf } from './word-widths.ts';

const underFont = ({ size }: Pick<Label, 'size'>): string => fontOf({ size: size * 0.86, weight: 450 });
const fontOf = ({ size, weight }: Pick<Label, 'size' | 'weight'>): string =>
  `${weight} ${size}px "Inter Variable", sans-serif`;

/** How broad the words are, their sign included, in CSS pixels. */
export function measure({ context }: Brush, label: Pick<Label, 'text' | 'under' | 'size' | 'weight' | 'sign'>): number {
  const sign = label.sign ? SIGN : 0;
  const width = sign + widthOf(context, label.text, fontOf(label), spacing(label.text));
  if (label.under === undefined) return width;
  return Math.max(width, widthOf(context, label.under, underFont(label), '0px'));
}

/** A sign and the gap after it. */
const SIGN = 14;

/** Districts are written in spaced capitals. */
const spacing = (text: string): string =>
  text.length > 1 && /[A-Z]/.test(text) && text === text.toUpperCase() ? '2px' : '0px';

export function write(brush: Brush, label: PlacedLabel): void {
  const { context, palette } = brush;
  context.save();
  context.globalAlpha = label.dim ? 0.45 : 1;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  const y = label.under === undefined ? label.y : label.y - label.size * 0.52;
  const x = label.x + (label.sign ? SIGN / 2 : 0);
  if (label.plate) drawPlate(brush, label);
  const line = (text: string, at: number, colour: string, x: number) => {
    if (label.halo) {
      context.strokeStyle = palette.ground;
      context.lineWidth = 3.5;
      context.lineJoin = 'round';
      context.strokeText(text, x, at);
    }
    context.fillStyle = colour;
    context.fillText(text, x, at);
  };
  context.font = fontOf(label);
  context.letterSpacing = spacing(label.text);
  line(label.text, y, palette[label.tone], x);
  if (label.sign)
    drawSign(brush, label.sign, x - widthOf(context, label.text, fontOf(label), '0px') / 2 - SIGN / 2 - 1, y);
  if (label.under !== undefined) {
    context.letterSpacing = '0px';
    context.font = underFont(label);
    line(label.under, y + label.size * 1.12, palette.soft, label.x);
  }
  context.restore();
}

/** Ground under words: what runs there is still seen, and no longer read as part of a letter. */
function drawPlate({ context, palette }: Brush, { box, dim }: PlacedLabel): void {
  context.save();
  context.globalAlpha = dim ? 0.4 : 0.8;
  context.fillStyle = palette.land;
  roundRect(context, { x: box.x - 3, y: box.y - 1, width: box.width + 6, height: box.height + 2 }, 7);
  context.fill();
  context.restore();
}

/** A small house as it would stand there: hollow and dashed for draining, violet for another weight; or a closed gate. */
function drawSign({ context, palette }: Brush, sign: NonNullable<Label['sign']>, x: number, y: number): void {
  if (sign === 'closed' || sign === 'barred') {
    context.beginPath();
    addFence(context, { at: { x, y: y - 0.5 }, way: { x: 0, y: 1 }, half: 5.5, closed: 'in' });
    context.lineWidth = 1.3;
    context.strokeStyle = sign === 'closed' ? palette.text : palette.refused;
    context.stroke();
    return;
  }
  roundRect(context, { x: x - 4.5, y: y - 5, width: 9, height: 9 }, 2.4);
  context.fillStyle = sign === 'weighted' ? palette.weight : palette.ground;
  context.fill();
  if (sign === 'weighted') return;
  context.lineWidth = 1.6;
  context.setLineDash([2.6, 1.8]);
  context.strokeStyle = palette.drain;
  context.stroke();
}
