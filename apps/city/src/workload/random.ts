/** 0 <= x < 1, the same sequence for the same seed (mulberry32: small, and good enough to spread traffic). */
export type Random = () => number;

export function seededRandom(seed: string): Random {
  let state = hash(seed);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** FNV-1a, 32 bits. */
export function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  return value >>> 0;
}

/** Milliseconds to the next of events that come independently, `perSecond` on average. */
export const pause = (random: Random, perSecond: number) => (-Math.log(1 - random()) / perSecond) * 1000;

export const between = (random: Random, least: number, most: number) => least + random() * (most - least);
