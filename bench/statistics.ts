/** The value below which `share` (0..1) of all lie; NaN of nothing. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Milliseconds since `start`, a value of `process.hrtime.bigint()`. */
export function since(start: bigint): number {
  return Number(process.hrtime.bigint() - start) / 1e6;
}
