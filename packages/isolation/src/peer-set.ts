import type { PeerPort } from './gate.ts';
import type { PodPeer } from './policy.ts';

/** Which pods a set of the kernel holds: their addresses, or their addresses with the numbers of one named port. */
export type SetQuery = { readonly peer: PodPeer } | PeerPort;

/** Members of one set, shared by every rule that asks for the same. */
export interface PeerSet {
  readonly id: string;
  readonly kind: 'addresses' | 'ports';
  /** `10.244.1.5`, or `10.244.1.5,tcp:8080` with the kind `ports`; both families. */
  readonly members: { has(member: string): boolean; keys(): Iterable<string>; readonly size: number };
}

/** How a set differs from the one before. */
export interface Delta {
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

export interface SetChanges {
  readonly created: readonly string[];
  readonly removed: readonly string[];
  readonly changed: ReadonlyMap<string, Delta>;
}

export function setId(query: SetQuery): string {
  const { peer } = query;
  return 'port' in query ? `${peer.key} ${query.port.protocol}:${query.port.name}` : peer.key;
}
