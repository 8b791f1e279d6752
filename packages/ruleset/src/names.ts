import { type Backend, type Family, type ServicePort, textHash } from '@kubecity/routing';

/** Every kernel object of ours starts with this, and nothing that starts otherwise is ever touched. */
export const OUR_PREFIX = 'CITY-';

/** XT_EXTENSION_MAXNAMELEN is 29 with the terminating zero. */
const MAX_CHAIN = 28;
/** IPSET_MAXNAMELEN is 32 with the terminating zero. */
const MAX_SET = 31;
const HASH_LENGTH = 10;

/**
 * - `D`: guard (doorkeeper) by source range in front of load balancer addresses
 * - `E`: what external doors do before backends are chosen
 * - `L`: backends for doors with policy Local
 * - `S`: backends for doors with policy Cluster
 *
 * Branches of the address tree are `B`, of weight trees `W`. The letters follow the way of a packet: a chain sorts before
 * the chains it leads to, which makes iptables-nft twice as fast at 10,000 Services (see `renderRestore`).
 */
export type ChainKind = 'D' | 'E' | 'L' | 'S';

/**
 * Chain of one service port: `CITY-S-` 7 + hash 10 + `-` 1 + up to 10 readable characters = 28. The hash over the whole
 * id makes it unique, the name behind it is for people; equal ids give equal names on every node and after restarts.
 */
export function servicePortChain(kind: ChainKind, port: Pick<ServicePort, 'id'>): string {
  return servicePortChains(port)(kind);
}

/** The same for all chains of one service port, which is hashed once. */
export function servicePortChains({ id }: Pick<ServicePort, 'id'>): (kind: ChainKind) => string {
  const readable = id.slice(id.indexOf('/') + 1).replace(/[^a-zA-Z0-9.-]+/g, '.');
  const tail = cut(`${hash(id)}-${readable}`, MAX_CHAIN - 'CITY-S-'.length);
  return (kind) => `CITY-${kind}-${tail}`;
}

/** Chain of one branch of a weight tree over many backends: `of` is the chain it belongs to, `prefix` bits of the hash. */
export function weightChain(of: string, prefix: string): string {
  return `CITY-W-${hash(of)}-${prefix}`;
}

/**
 * Chain of one branch of an address tree: `CITY-B-10.96.16.0-20`. IPv6 has dots for colons, and the hash of the address
 * where it is too long. Kinds keep the trees of one table apart.
 */
export function addressChain(kind: string, base: string, bits: number): string {
  const name = `CITY-${kind}-${base.replaceAll(':', '.')}-${bits}`;
  return name.length <= MAX_CHAIN ? name : `CITY-${kind}-${hash(base)}-${bits}`;
}

/** Chain of one branch of a port tree: `CITY-BN-tcp-30000-30511`, or with `of` the hash of the address it belongs to. */
export function portChain(kind: string, protocol: string, first: number, last: number, of?: string): string {
  const owner = of === undefined ? protocol : `${hash(of).slice(0, 6)}-${protocol.slice(0, 1)}`;
  return `CITY-${kind}-${owner}-${first}-${last}`;
}

/** All sets of one family begin so. */
export const AFFINITY_PREFIX: Readonly<Record<Family, string>> = { IPv4: 'CITY-A4-', IPv6: 'CITY-A6-' };

/** The set that guards the way into our rules, see `CompileOptions.inFront`: it holds every address, each for a while. */
export const LEASE: Readonly<Record<Family, string>> = { IPv4: 'CITY-LEASE-4', IPv6: 'CITY-LEASE-6' };

/** ipset of the clients that session affinity holds at one backend of one service port, whichever door they use. */
export function affinitySet(
  port: Pick<ServicePort, 'id' | 'family'>,
  backend: Pick<Backend, 'address' | 'port'>,
): string {
  const readable = backend.address.replaceAll(':', '.');
  return cut(
    `${AFFINITY_PREFIX[port.family]}${hash(`${port.id} ${backend.address} ${backend.port}`)}-${readable}`,
    MAX_SET,
  );
}

/** A chain known by `id`: `CITY-<kind>-<hash>-<readable>`. */
export function chainName(kind: string, id: string, readable: string): string {
  return cut(`CITY-${kind}-${hash(id)}-${readable.replace(/[^a-zA-Z0-9.-]+/g, '.')}`, MAX_CHAIN);
}

/** The same for an ipset. */
export function setName(kind: string, id: string, readable: string): string {
  return cut(`CITY-${kind}-${hash(id)}-${readable.replace(/[^a-zA-Z0-9.-]+/g, '.')}`, MAX_SET);
}

function cut(name: string, length: number): string {
  return name.slice(0, length).replace(/[.-]+$/, '');
}

/**
 * 50 bits in base 32. Two FNV-1a style 32-bit lanes with a murmur finish: pure, stable, and wide enough that 10,000
 * service ports collide with a chance below 1 in 20 million (and then only if the readable parts are equal too).
 */
export function hash(text: string): string {
  const [high, low] = textHash(text);
  let out = '';
  for (let shift = 0; shift < 30; shift += 5) out += ALPHABET[(low >>> shift) & 31];
  for (let shift = 0; out.length < HASH_LENGTH; shift += 5) out += ALPHABET[(high >>> shift) & 31];
  return out;
}

/** The first `count` (0..32) of 32 well mixed bits, as text. */
export function hashBits(text: string, count: number): string {
  return textHash(text)[0].toString(2).padStart(32, '0').slice(0, count);
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
