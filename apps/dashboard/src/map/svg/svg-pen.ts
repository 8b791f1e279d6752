import type { Pen } from '../pen.ts';
import { colourOf } from './colour.ts';
import { type Attributes, attributes, escaped, round } from './xml.ts';

/** Width of a text in pixels, in a font and with letters so far apart. */
export type Measure = (text: string, font: string, letterSpacing: string) => number;

type Matrix = readonly [number, number, number, number, number, number];

/** What the next stroke looks like, as a canvas begins. */
class Inks {
  globalAlpha = 1;
  fillStyle: Pen['fillStyle'] = '#000000';
  strokeStyle: Pen['strokeStyle'] = '#000000';
  lineWidth = 1;
  lineCap: CanvasLineCap = 'butt';
  lineJoin: CanvasLineJoin = 'miter';
  shadowBlur = 0;
  shadowColor = 'transparent';
  font = '400 10px sans-serif';
  letterSpacing = '0px';
  textAlign: CanvasTextAlign = 'start';
  textBaseline: CanvasTextBaseline = 'alphabetic';
  dash: readonly number[] = [];
  /** Id of the clip path, if any. */
  clipped = '';
  matrix: Matrix = [1, 0, 0, 1, 0, 0];
}

const ANCHORS: Partial<Record<CanvasTextAlign, string>> = { center: 'middle', end: 'end', right: 'end' };
/** Programs differ in what they make of `dominant-baseline`: text is moved down by its middle instead. */
const MIDDLE = 0.36;

class Gradient implements CanvasGradient {
  readonly #circle: Attributes;
  readonly #stops: string[] = [];

  constructor(circle: Attributes) {
    this.#circle = circle;
  }

  addColorStop(offset: number, text: string): void {
    const { hex, alpha } = colourOf(text);
    this.#stops.push(`<stop${attributes({ offset, 'stop-color': hex, 'stop-opacity': alpha })}/>`);
  }

  text(id: string): string {
    return `<radialGradient${attributes({ id, gradientUnits: 'userSpaceOnUse', ...this.#circle })}>${this.#stops.join('')}</radialGradient>`;
  }
}

/** Writes down as SVG what is drawn with it. Elements stand in the order of drawing, those of one transform in one group. */
export class SvgPen extends Inks implements Pen {
  readonly #kept: Inks[] = [];
  #path: string[] = [];
  readonly #measure: Measure;
  readonly #definitions = new Map<string, { readonly id: string; readonly text: string }>();
  readonly #groups: { readonly matrix: Matrix; readonly elements: string[] }[] = [];

  constructor(measure: Measure) {
    super();
    this.#measure = measure;
  }

  /** Definitions and elements, without the root. */
  get body(): string {
    const groups = this.#groups.map(
      ({ matrix, elements }) =>
        `<g${attributes({ transform: `matrix(${matrix.map(round).join(' ')})` })}>\n${elements.join('\n')}\n</g>`,
    );
    const definitions = [...this.#definitions.values()].map(({ text }) => text);
    return `<defs>${definitions.join('\n')}</defs>\n${groups.join('\n')}`;
  }

  save(): void {
    this.#kept.push(Object.assign(new Inks(), this));
  }
  restore(): void {
    Object.assign(this, this.#kept.pop());
  }
  setTransform(a: number, b: number, c: number, d: number, e: number, f: number): void {
    this.matrix = [a, b, c, d, e, f];
  }
  setLineDash(segments: Iterable<number>): void {
    this.dash = [...segments];
  }

  beginPath(): void {
    this.#path = [];
  }
  moveTo(x: number, y: number): void {
    this.#path.push(`M${round(x)} ${round(y)}`);
  }
  lineTo(x: number, y: number): void {
    this.#path.push(`${this.#path.length === 0 ? 'M' : 'L'}${round(x)} ${round(y)}`);
  }
  quadraticCurveTo(cx: number, cy: number, x: number, y: number): void {
    this.#path.push(`Q${round(cx)} ${round(cy)} ${round(x)} ${round(y)}`);
  }
  closePath(): void {
    this.#path.push('Z');
  }
  arc(x: number, y: number, radius: number, from: number, to: number): void {
    const at = (angle: number) => `${round(x + radius * Math.cos(angle))} ${round(y + radius * Math.sin(angle))}`;
    const turn = Math.min(to - from, 2 * Math.PI);
    const arcTo = (angle: number, large: boolean) =>
      `A${round(radius)} ${round(radius)} 0 ${large ? 1 : 0} 1 ${at(angle)}`;
    const start = `${this.#path.length === 0 ? 'M' : 'L'}${at(from)}`;
    // A whole circle has no end of its own: two halves.
    if (turn > 6.28) this.#path.push(start, arcTo(from + Math.PI, false), arcTo(from + 2 * Math.PI, false));
    else this.#path.push(start, arcTo(to, turn > Math.PI));
  }
  roundRect(x: number, y: number, width: number, height: number, radius: number): void {
    const r = Math.max(0, Math.min(radius, width / 2, height / 2));
    const corner = (dx: number, dy: number) => `a${round(r)} ${round(r)} 0 0 1 ${round(dx)} ${round(dy)}`;
    this.#path.push(
      `M${round(x + r)} ${round(y)}h${round(width - 2 * r)}${corner(r, r)}v${round(height - 2 * r)}${corner(-r, r)}`,
      `h${round(2 * r - width)}${corner(-r, -r)}v${round(2 * r - height)}${corner(r, -r)}Z`,
    );
  }

  fill(): void {
    this.#add('path', { d: this.#path.join(''), ...this.#fillInk(), ...this.#shadow() });
  }
  stroke(): void {
    this.#add('path', { d: this.#path.join(''), fill: 'none', ...this.#strokeInk(), ...this.#shadow() });
  }
  fillRect(x: number, y: number, width: number, height: number): void {
    this.#add('rect', { x: round(x), y: round(y), width: round(width), height: round(height), ...this.#fillInk() });
  }
  clip(): void {
    const shape = `<path d="${this.#path.join('')}"/>`;
    this.clipped = this.#define(shape, (id) => `<clipPath id="${id}">${shape}</clipPath>`);
  }
  createRadialGradient(x0: number, y0: number, r0: number, x1: number, y1: number, r1: number): CanvasGradient {
    const [fx, fy, fr, cx, cy, r] = [x0, y0, r0, x1, y1, r1].map(round);
    return new Gradient({ fx, fy, fr, cx, cy, r });
  }

  fillText(text: string, x: number, y: number): void {
    this.#add('text', { ...this.#letters(x, y), ...this.#fillInk() }, text);
  }
  strokeText(text: string, x: number, y: number): void {
    this.#add('text', { ...this.#letters(x, y), fill: 'none', ...this.#strokeInk() }, text);
  }
  measureText(text: string): { readonly width: number } {
    return { width: this.#measure(text, this.font, this.letterSpacing) };
  }

  #add(name: string, given: Attributes, text?: string): void {
    const { matrix, globalAlpha, clipped } = this;
    const last = this.#groups.at(-1);
    const group = last?.matrix === matrix ? last : { matrix, elements: [] };
    if (group !== last) this.#groups.push(group);
    const all = attributes({
      ...given,
      opacity: globalAlpha === 1 ? undefined : round(globalAlpha),
      'clip-path': clipped === '' ? undefined : `url(#${clipped})`,
    });
    group.elements.push(text === undefined ? `<${name}${all}/>` : `<${name}${all}>${escaped(text)}</${name}>`);
  }

  /** One definition for equal ones; its id. */
  #define(key: string, write: (id: string) => string): string {
    const known = this.#definitions.get(key);
    if (known) return known.id;
    const id = `d${this.#definitions.size}`;
    this.#definitions.set(key, { id, text: write(id) });
    return id;
  }

  #paint(style: Pen['fillStyle']): { readonly value: string; readonly alpha: number } {
    if (typeof style === 'string') {
      const { hex, alpha } = colourOf(style);
      return { value: hex, alpha };
    }
    if (!(style instanceof Gradient)) throw new Error('a pattern that cannot be written as SVG');
    return { value: `url(#${this.#define(style.text(''), (id) => style.text(id))})`, alpha: 1 };
  }

  #fillInk(): Attributes {
    const { value, alpha } = this.#paint(this.fillStyle);
    return { fill: value, 'fill-opacity': alpha === 1 ? undefined : alpha };
  }

  #strokeInk(): Attributes {
    const { lineWidth, lineCap, lineJoin, dash, strokeStyle } = this;
    const { value, alpha } = this.#paint(strokeStyle);
    return {
      stroke: value,
      'stroke-opacity': alpha === 1 ? undefined : alpha,
      'stroke-width': round(lineWidth),
      'stroke-linecap': lineCap === 'butt' ? undefined : lineCap,
      'stroke-linejoin': lineJoin === 'miter' ? undefined : lineJoin,
      'stroke-dasharray': dash.length === 0 ? undefined : dash.map(round).join(' '),
    };
  }

  /** A canvas measures its shadow in pixels, SVG in the units of the element. */
  #shadow(): Attributes {
    const { shadowBlur, shadowColor, matrix } = this;
    if (shadowBlur <= 0) return {};
    const { hex, alpha } = colourOf(shadowColor);
    if (alpha === 0) return {};
    const blur = round(shadowBlur / 2 / (Math.abs(matrix[0]) || 1));
    const shadow = attributes({ dx: 0, dy: 0, stdDeviation: blur, 'flood-color': hex, 'flood-opacity': alpha });
    const id = this.#define(
      shadow,
      (own) => `<filter id="${own}" x="-100%" y="-100%" width="300%" height="300%"><feDropShadow${shadow}/></filter>`,
    );
    return { filter: `url(#${id})` };
  }

  #letters(x: number, y: number): Attributes {
    const { font, letterSpacing, textAlign, textBaseline } = this;
    const [, weight, size, family] = /^(\S+) ([\d.]+)px (.+)$/.exec(font) ?? [];
    if (size === undefined) throw new Error(`a font that cannot be written as SVG: ${font}`);
    return {
      x: round(x),
      y: round(y + (textBaseline === 'middle' ? Number(size) * MIDDLE : 0)),
      'font-family': (family as string).replaceAll('"', "'").replace("'Inter Variable'", "Inter, 'Inter Variable'"),
      'font-size': round(Number(size)),
      'font-weight': weight,
      'letter-spacing': letterSpacing === '0px' ? undefined : letterSpacing,
      'text-anchor': ANCHORS[textAlign],
    };
  }
}
