/**
 * Of each weight its part of what those before it left; the last takes all. Rules in a row that match with these chances
 * are taken as the weights say. Summed from the end: weights may be fractions, and a sum from which they are taken one by
 * one could in the end be less than the weight that is left.
 */
export function partsInRow(weights: readonly number[]): readonly number[] {
  const parts = new Array<number>(weights.length);
  let left = 0;
  for (let i = weights.length - 1; i >= 0; i--) {
    const weight = weights[i] as number;
    left += weight;
    parts[i] = weight / left;
  }
  return parts;
}
