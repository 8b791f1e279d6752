import { LEASE } from '../names.ts';
import { type Address, addressOf, isWithin, type Range, rangeOf } from './range.ts';
import type { Match, SetKey } from './rule-text.ts';

/** The first packet of a connection as it reaches the node, or leaves a program on it. */
export interface Packet {
  readonly from: 'pod' | 'external' | 'node';
  /** Interface it comes in through; a program's packet has none. */
  readonly iif?: string;
  readonly source: string;
  readonly destination: string;
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  readonly port: number;
}

/** What the rules ask about besides the packet. */
export interface World {
  /** Addresses of the node (addrtype LOCAL); loopback is always local. */
  readonly localAddresses: readonly string[];
  readonly sets: Sets;
}

/** What each ipset holds before the packet: addresses, or `10.244.1.5,tcp:80` where it is asked for `dst,dst`. */
export type Sets = Pick<ReadonlyMap<string, Pick<ReadonlySet<string>, 'has' | 'size'>>, 'get'>;

/** The packet at one point of its way. Values: each side of a random choice goes on with its own. */
export interface State {
  readonly source: Address;
  readonly client: string;
  readonly destination: Address;
  readonly iif: string;
  readonly protocol: string;
  readonly port: number;
  readonly mark: number;
  /** `address:port` once a DNAT rule took it. */
  readonly to?: string;
  readonly local: (address: Address) => boolean;
  readonly sets: Sets;
  /** Names of the sets that rules put the client into. */
  readonly remembered: readonly string[];
}

const LEASES: ReadonlySet<string> = new Set(Object.values(LEASE));
const LOOPBACK = [rangeOf('127.0.0.0/8'), rangeOf('::1/128')];

export function stateOf(packet: Packet, world: World): State {
  const ranges: readonly Range[] = [...LOOPBACK, ...world.localAddresses.map(rangeOf)];
  return {
    source: addressOf(packet.source),
    client: packet.source,
    destination: addressOf(packet.destination),
    iif: packet.from === 'node' ? '' : (packet.iif ?? ''),
    protocol: packet.protocol,
    port: packet.port,
    mark: 0,
    local: (address) => ranges.some((range) => isWithin(address, range)),
    sets: world.sets,
    remembered: [],
  };
}

/** The state behind `-j DNAT --to-destination to`. */
export function rewritten(state: State, to: string): State {
  const [, v6, v4, port] = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(to) ?? [];
  const address = v6 ?? v4;
  if (address === undefined) throw new Error(`walk: not address:port: ${to}`);
  return { ...state, destination: addressOf(address), port: Number(port), to };
}

/** The state behind `-j SET --add-set set src`. */
export function remembered(state: State, set: string): State {
  return { ...state, remembered: [...state.remembered, set] };
}

/** Whether a match that leaves nothing to chance holds. */
export function holds(match: Exclude<Match, { kind: 'probability' }>, state: State): boolean {
  switch (match.kind) {
    case 'source':
    case 'destination':
      return isWithin(state[match.kind], match.range) !== match.not;
    case 'interface':
      return (match.prefix ? state.iif.startsWith(match.name) : state.iif === match.name) !== match.not;
    case 'protocol':
      return state.protocol === match.protocol;
    case 'port':
      return state.protocol === match.protocol && match.first <= state.port && state.port <= match.last;
    case 'mark':
      return ((state.mark & match.mask) >>> 0 === match.value) !== match.not;
    case 'state':
      return match.states.some((word) => word === 'NEW' || (word === 'DNAT' && state.to !== undefined)) !== match.not;
    case 'hairpin':
      return state.source.bits === state.destination.bits;
    case 'memory':
      return true;
    // A walked packet is the first of its connection.
    case 'syn':
      return (state.protocol === 'tcp') !== match.not;
    case 'local':
      return state.local(state[match.side]);
    case 'ports':
      return match.spans.some(([first, last]) => first <= state.port && state.port <= last);
    case 'set':
      // It holds every address, or none; which ranges it takes for that is the kernel's business.
      if (LEASES.has(match.name)) return (state.sets.get(match.name)?.size ?? 0) > 0 !== match.not;
      return (state.remembered.includes(match.name) || wasIn(state, match.name, match.key)) !== match.not;
  }
}

/** Whether the packet, by the client or by where it goes, was in this set before. */
export function wasIn({ sets, client, destination, protocol, port }: State, set: string, key: SetKey = 'src'): boolean {
  const keys: Readonly<Record<SetKey, string>> = {
    src: client,
    dst: destination.text,
    // Asked of later packets only, which nobody walks.
    'src,src,dst': '',
    'dst,dst': `${destination.text},${protocol}:${port}`,
  };
  return sets.get(set)?.has(keys[key]) ?? false;
}
