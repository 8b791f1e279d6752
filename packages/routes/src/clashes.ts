import type { Address } from '@kubecity/routing';
import type { Claim, HeldClaim, NodeClaims } from './node-claims.ts';

export interface Clash {
  readonly why: string;
  /** Name of the node whose claim stands. */
  readonly rival: string;
}

/** Which claims cannot stand beside those of an earlier node, and the others. */
export interface Clashes {
  /** By the very claim object. */
  readonly refused: ReadonlyMap<unknown, Clash>;
  readonly standing: Standing;
}

/** The MAC address that a node's address gives to its tunnel; undefined where another address cannot give the same. */
export type MacOf = (address: Address) => string | undefined;

/**
 * Two nodes with one address do not clash, unless it is this node's own.
 * @param nodes who comes first counts
 * @param own one of them
 */
export function findClashes(nodes: readonly NodeClaims[], own: NodeClaims | undefined, macOf: MacOf): Clashes {
  const refused = new Map<unknown, Clash>();
  const held = nodes.flatMap(({ all }) => all);
  const lengths = held.filter(({ isRange }) => isRange).map(({ claim }) => claim.prefix.length);
  const standing = new Standing(lengths, macOf);
  for (const one of held) {
    const other = standing.overlapping(one);
    const twin = other ? undefined : standing.withSameMac(one);
    if (other) refused.set(one.claim, { why: overlapText(one, other, own), rival: other.node });
    else if (twin) refused.set(one.claim, { why: macText(one, twin, own, macOf), rival: twin.node });
    else standing.add(one);
  }
  for (const claims of nodes) {
    for (const claim of addressesOf(claims, own)) {
      const { text } = claim.value;
      const why = `node ${claims.node} has the address ${text}, and so has node ${own?.node}, which is this one`;
      refused.set(claim, { why, rival: own?.node ?? '' });
    }
  }
  return { refused, standing };
}

/** Whether another node can take its place among claims of which none clashes, without one. If so they stand with the others. */
export function standsToo(claims: NodeClaims, own: NodeClaims | undefined, standing: Standing): boolean {
  if (addressesOf(claims, own).length > 0) return false;
  for (const held of claims.all) {
    if (!standing.isReadyFor(held) || standing.overlapping(held) || standing.withSameMac(held)) return false;
    standing.add(held);
  }
  return true;
}

/** Addresses of another node that are this node's own. */
function addressesOf({ node, addresses }: NodeClaims, own: NodeClaims | undefined): Claim<Address>[] {
  if (!own || node === own.node) return [];
  return [...addresses].flatMap(([family, claim]) =>
    own.addresses.get(family)?.value.text === claim.value.text ? [claim] : [],
  );
}

function overlapText(one: HeldClaim, other: HeldClaim, own: NodeClaims | undefined): string {
  return `${nameOf(one)} overlaps ${nameOf(other)}${one.node === other.node ? '' : precedence(other, own)}`;
}

function macText(one: HeldClaim, other: HeldClaim, own: NodeClaims | undefined, macOf: MacOf): string {
  const mac = macOf(one.claim.value);
  return `${nameOf(one)} comes to the tunnel's MAC address ${mac}, and so does ${nameOf(other)}${precedence(other, own)}: give one of them another address, or all nodes another vxlanId`;
}

const nameOf = ({ node, claim, isRange }: HeldClaim): string =>
  `${isRange ? 'the range' : 'the address'} ${claim.value.text} of node ${node}`;

const precedence = ({ node }: HeldClaim, own: NodeClaims | undefined): string =>
  node === own?.node ? ', which is this one' : ', which was there first';

/** The claims that stand. Two overlap when one's fixed bits begin with the other's; one of them at least is a range. */
export class Standing {
  readonly #lengths: ReadonlySet<number>;
  readonly #ranges = new Map<string, HeldClaim>();
  /** By each prefix that some range could have: the claims that begin with it, the first one first. */
  readonly #beneath = new Map<string, Set<HeldClaim>>();
  readonly #macs = new Map<string, Set<HeldClaim>>();
  readonly #macOf: MacOf;

  /** @param lengths of all ranges that will be asked for or added */
  constructor(lengths: Iterable<number>, macOf: MacOf) {
    this.#lengths = new Set(lengths);
    this.#macOf = macOf;
  }

  isReadyFor({ claim, isRange }: HeldClaim): boolean {
    return !isRange || this.#lengths.has(claim.prefix.length);
  }

  overlapping({ claim, isRange }: HeldClaim): HeldClaim | undefined {
    const { length } = claim.prefix;
    for (const shorter of this.#lengths) {
      const around = shorter <= length ? this.#ranges.get(claim.key(shorter)) : undefined;
      if (around) return around;
    }
    const [first] = (isRange && this.#beneath.get(claim.key(length))) || [];
    return first;
  }

  /** Another address whose tunnel has the same MAC address: one of the two would get what is for the other. */
  withSameMac(held: HeldClaim): HeldClaim | undefined {
    const mac = this.#macOfHeld(held);
    const others = (mac !== undefined && this.#macs.get(mac)) || [];
    return [...others].find(({ claim }) => claim.value.text !== held.claim.value.text);
  }

  #macOfHeld({ claim, isRange }: HeldClaim): string | undefined {
    return isRange ? undefined : this.#macOf(claim.value);
  }

  add(held: HeldClaim): void {
    const { claim, isRange } = held;
    const mac = this.#macOfHeld(held);
    if (mac !== undefined) this.#macs.set(mac, (this.#macs.get(mac) ?? new Set()).add(held));
    if (isRange) this.#ranges.set(claim.key(claim.prefix.length), held);
    for (const length of this.#lengths) {
      if (length > claim.prefix.length) continue;
      const prefix = claim.key(length);
      const beneath = this.#beneath.get(prefix);
      if (beneath) beneath.add(held);
      else this.#beneath.set(prefix, new Set([held]));
    }
  }

  /** One that stands. */
  remove(held: HeldClaim): void {
    const { claim, isRange } = held;
    const mac = this.#macOfHeld(held);
    if (mac !== undefined) this.#macs.get(mac)?.delete(held);
    if (isRange) this.#ranges.delete(claim.key(claim.prefix.length));
    for (const length of this.#lengths) {
      if (length <= claim.prefix.length) this.#beneath.get(claim.key(length))?.delete(held);
    }
  }
}
