/** A colour as SVG programs of any age understand it: `#rrggbb` and an opacity in 0..1. */
export interface Colour {
  readonly hex: string;
  readonly alpha: number;
}

/** Red, green, blue and alpha in 0..1. */
type Rgba = readonly [number, number, number, number];

const CLEAR: Rgba = [0, 0, 0, 0];

/**
 * Reads what the map paints with: hex, `rgb()`, `transparent`, and `color-mix(in oklab, …)` of those as `brush.ts` writes it.
 * @throws Error with the text that is none of these
 */
export function colourOf(text: string): Colour {
  const [r, g, b, alpha] = read(text.trim());
  const hex = [r, g, b].map((part) =>
    Math.round(Math.min(1, Math.max(0, part)) * 255)
      .toString(16)
      .padStart(2, '0'),
  );
  return { hex: `#${hex.join('')}`, alpha: Math.round(alpha * 1000) / 1000 };
}

function read(text: string): Rgba {
  if (text === 'transparent') return CLEAR;
  if (text.startsWith('color-mix(')) return readMix(text);
  const hex = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(text);
  if (hex) return [...hex.slice(1).map((part) => Number.parseInt(part, 16) / 255), 1] as unknown as Rgba;
  const rgb = /^rgba?\(\s*([\d.]+)[\s,]+([\d.]+)[\s,]+([\d.]+)(?:[\s,/]+([\d.]+))?\s*\)$/.exec(text);
  if (rgb) return [Number(rgb[1]) / 255, Number(rgb[2]) / 255, Number(rgb[3]) / 255, Number(rgb[4] ?? 1)];
  throw new Error(`a colour that cannot be written as SVG: ${text}`);
}

/** `color-mix(in oklab, A 30%, B)`; both may be mixes themselves. */
function readMix(text: string): Rgba {
  const [space = '', first = '', second = ''] = parts(text.slice('color-mix('.length, -1));
  const share = /^(.*)\s([\d.]+)%$/s.exec(first);
  if (space.trim() !== 'in oklab' || !share) throw new Error(`a mix that cannot be written as SVG: ${text}`);
  return mixed(read((share[1] as string).trim()), read(second.trim()), Number(share[2]) / 100);
}

/** Splits at the commas that stand in no brackets. */
function parts(text: string): string[] {
  const found: string[] = [];
  let depth = 0;
  let from = 0;
  for (let i = 0; i < text.length; i += 1) {
    if (text[i] === '(') depth += 1;
    if (text[i] === ')') depth -= 1;
    if (text[i] !== ',' || depth > 0) continue;
    found.push(text.slice(from, i));
    from = i + 1;
  }
  return [...found, text.slice(from)];
}

/** As CSS Color 5 mixes: in Oklab, weighed by opacity. */
function mixed(a: Rgba, b: Rgba, part: number): Rgba {
  const alpha = a[3] * part + b[3] * (1 - part);
  if (alpha === 0) return CLEAR;
  const [p, q] = [oklab(a), oklab(b)];
  const [wa, wb] = [(a[3] * part) / alpha, (b[3] * (1 - part)) / alpha];
  return [...rgb(p[0] * wa + q[0] * wb, p[1] * wa + q[1] * wb, p[2] * wa + q[2] * wb), alpha];
}

type Triple = readonly [number, number, number];

/** https://bottosson.github.io/posts/oklab/ */
function oklab([red, green, blue]: Rgba): Triple {
  const [r, g, b] = [linear(red), linear(green), linear(blue)];
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

function rgb(lightness: number, a: number, b: number): Triple {
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    gamma(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    gamma(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    gamma(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}

const linear = (value: number): number => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
const gamma = (value: number): number => (value <= 0.0031308 ? value * 12.92 : 1.055 * value ** (1 / 2.4) - 0.055);
