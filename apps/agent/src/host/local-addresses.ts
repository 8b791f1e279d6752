import { networkInterfaces } from 'node:os';
import type { Family } from '@kubecity/routing';

/** Addresses of this network namespace, loopback included; canonical text. */
export function localAddresses(family: Family): string[] {
  return Object.values(networkInterfaces()).flatMap((addresses) =>
    (addresses ?? []).filter((address) => address.family === family).map(({ address }) => address),
  );
}
