export type Attributes = Readonly<Record<string, string | number | undefined>>;

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Text as XML holds it; control characters, for which XML 1.0 has no room, are left out. */
export const escaped = (text: string): string =>
  [...text]
    .filter((one) => one >= ' ' || one === '\n' || one === '\t')
    .map((one) => ENTITIES[one] ?? one)
    .join('');

/** ` name="value"` of each that has a value. */
export const attributes = (all: Attributes): string =>
  Object.entries(all)
    .flatMap(([name, value]) => (value === undefined ? [] : [` ${name}="${escaped(String(value))}"`]))
    .join('');

/** Hundredths of a pixel are enough, and a third of the size. */
export const round = (value: number): number => Math.round(value * 100) / 100;
