import {
  type Address,
  type AddressRange,
  bitsOf,
  cleanAddress,
  cleanRange,
  type Family,
  type KubeNode,
  quote,
} from '@kubecity/routing';

/** What one Node object says about where its pods are and where itself is. */
export interface NodeClaims {
  readonly node: string;
  /** RFC 3339, or empty; with the name it says who was there first. */
  readonly since: string;
  readonly ranges: readonly Claim<AddressRange>[];
  /** The first InternalIP of each family, as kubelet counts. */
  readonly addresses: ReadonlyMap<Family, Claim<Address>>;
  /** All of them, addresses first: a node that is inside its own range is there, and its range is wrong. */
  readonly all: readonly HeldClaim[];
  readonly faults: readonly Fault[];
}

/** A claim and whose it is. */
export interface HeldClaim {
  readonly node: string;
  readonly claim: Claim<Address>;
  readonly isRange: boolean;
}

/** A range or an address that a node says is its own. */
export class Claim<Value extends { readonly text: string; readonly family: Family }> {
  readonly value: Value;
  /** The bits that it fixes, most significant first, as `0` and `1`. */
  readonly prefix: string;
  readonly #keys = new Map<number, string>();

  constructor(value: Value, prefix: string) {
    this.value = value;
    this.prefix = prefix;
  }

  /** Names the family and the first `bits` of the prefix. Kept, because all claims are compared at every change of one. */
  key(bits: number): string {
    const known = this.#keys.get(bits);
    if (known !== undefined) return known;
    const key = `${this.value.family} ${this.prefix.slice(0, bits)}`;
    this.#keys.set(bits, key);
    return key;
  }
}

export interface Fault {
  readonly field: string;
  readonly message: string;
}

/** Objects do not change, so each is read once; a cluster has many, and one changes at a time. */
const known = new WeakMap<KubeNode, NodeClaims>();

export function claimsOf(node: KubeNode): NodeClaims {
  const before = known.get(node);
  if (before) return before;
  const claims = read(node);
  known.set(node, claims);
  return claims;
}

function read({ metadata, spec, status }: KubeNode): NodeClaims {
  const faults: Fault[] = [];
  const ranges: Claim<AddressRange>[] = [];
  const texts = spec?.podCIDRs ?? (spec?.podCIDR === undefined ? [] : [spec.podCIDR]);
  for (const [i, text] of texts.entries()) {
    const range = cleanRange(text);
    if (range) ranges.push(new Claim(range, bitsOf(range.address).slice(0, range.bits)));
    else faults.push({ field: `spec.podCIDRs[${i}]`, message: `${quote(text)} is no address range` });
  }
  const addresses = new Map<Family, Claim<Address>>();
  for (const [i, { type, address }] of (status?.addresses ?? []).entries()) {
    if (type !== 'InternalIP') continue;
    const clean = cleanAddress(address);
    if (!clean || !isHost(clean.text)) {
      faults.push({ field: `status.addresses[${i}]`, message: `${quote(address)} is no address of a node` });
    } else if (!addresses.has(clean.family)) {
      addresses.set(clean.family, new Claim(clean, bitsOf(clean.text)));
    }
  }
  const node = metadata.name;
  const all = [
    ...[...addresses.values()].map((claim) => ({ node, claim, isRange: false })),
    ...ranges.map((claim) => ({ node, claim, isRange: true })),
  ];
  return { node, since: metadata.creationTimestamp ?? '', ranges, addresses, all, faults };
}

/** Neither unspecified, loopback nor multicast, nor one that means something on a single link only. */
function isHost(address: string): boolean {
  return !/^(0\.|127\.|169\.254\.|22[4-9]\.|2[345]\d\.|::1?$|ff|fe[89ab])/.test(address);
}
