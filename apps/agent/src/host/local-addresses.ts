import { networkInterfaces } from 'node:os';
import { cleanRange, type Family, rangeHolds } from '@kubecity/routing';

/** Addresses of this network namespace, loopback included, canonical text; those within `ranges` where some are given. */
export function localAddresses(family: Family, ranges?: readonly string[]): string[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses) =>
    (addresses ?? []).filter((address) => address.family === family).map(({ address }) => address),
  );
  if (ranges === undefined) return all;
  const parsed = ranges.flatMap((range) => cleanRange(range) ?? []);
  return all.filter((address) => parsed.some((range) => rangeHolds(range, address)));
}
