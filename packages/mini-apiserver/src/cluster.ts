import type { ServiceAddresses } from './service-addresses.ts';
import type { Store } from './store.ts';
import type { TypeRegistry } from './type-registry.ts';

/** What the parts of the server share. */
export interface Cluster {
  readonly store: Store;
  readonly types: TypeRegistry;
  readonly serviceAddresses: ServiceAddresses;
  /** Unix time in milliseconds. */
  readonly now: () => number;
  readonly newUid: () => string;
  /** 0 ≤ n < 1, for generated names. */
  readonly random: () => number;
}
