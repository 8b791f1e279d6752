import { textHash } from '@kubecity/routing';

const LENGTH = 10;

/** 52 bits of a text in base 36. */
export function digest(text: string): string {
  const [high, low] = textHash(text);
  return ((high >>> 12) * 2 ** 32 + low).toString(36).padStart(LENGTH, '0').slice(-LENGTH);
}
