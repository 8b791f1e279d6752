const LENGTH = 10;

/** 52 bits of a text in base 36: pure and stable, so that every program gives a thing the same name. No secret. */
export function digest(text: string): string {
  let a = 0x811c9dc5;
  let b = 0x9747b28c;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 0x01000193);
    b = Math.imul(b ^ code, 0x5bd1e995);
    b ^= b >>> 15;
  }
  const [high, low] = [finish(a ^ b) >>> 12, finish(b) >>> 0];
  return (high * 2 ** 32 + low).toString(36).padStart(LENGTH, '0').slice(-LENGTH);
}

/** The last mixing of MurmurHash3. */
function finish(lane: number): number {
  let h = lane;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
