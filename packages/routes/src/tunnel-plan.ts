import { type AddressRange, bitsOf, cleanRange, type Family } from '@kubecity/routing';
import type { Link } from './kernel-rows.ts';
import type { KernelState } from './kernel-state.ts';
import { TUNNEL_NAMES } from './ownership.ts';
import type { Peer } from './peers.ts';
import type { RoutePlanInput } from './plan-input.ts';
import { tunnelMac } from './tunnel-mac.ts';
import type { WishedTunnel } from './wished.ts';

/** Bytes that the kernel puts around a packet: outer IP, UDP and VXLAN headers, and the inner Ethernet header. */
const OVERHEAD: Readonly<Record<Family, number>> = { IPv4: 50, IPv6: 70 };
/** The least that a link must carry for packets of the family to pass over it. */
const LEAST_MTU: Readonly<Record<Family, number>> = { IPv4: 68, IPv6: 1280 };
const BITS: Readonly<Record<Family, number>> = { IPv4: 32, IPv6: 128 };
const FAMILIES = ['IPv4', 'IPv6'] as const;

type TunnelPlan = { readonly tunnel: WishedTunnel } | { readonly refusal: string };

/** A plan is made at every change of one node, and most peers stay as they are. */
const macs = new WeakMap<Peer, { readonly id: number; readonly mac: string }>();

/** The uplink and the tunnel of each family: what they shall be, or why there is none. */
export class TunnelPlans {
  readonly #input: RoutePlanInput;
  readonly #plans: Readonly<Record<Family, TunnelPlan>>;
  readonly #uplinks: Readonly<Record<Family, readonly UplinkPrefix[]>>;

  constructor(input: RoutePlanInput) {
    this.#input = input;
    this.#plans = { IPv4: planTunnel('IPv4', input), IPv6: planTunnel('IPv6', input) };
    this.#uplinks = { IPv4: uplinkPrefixes('IPv4', input), IPv6: uplinkPrefixes('IPv6', input) };
  }

  /** All that the way of a peer depends on here. */
  facts(): unknown {
    const { mode, vxlanId } = this.#input.settings;
    return { mode, vxlanId, refusals: [this.refusal('IPv4'), this.refusal('IPv6')], uplinks: this.#uplinks };
  }

  /** Why there is no tunnel; undefined when there is one. */
  refusal(family: Family): string | undefined {
    const plan = this.#plans[family];
    return 'refusal' in plan ? plan.refusal : undefined;
  }

  /**
   * Also where nobody is reached through it yet: a peer may see a gateway where we see none, and a tunnel that is there
   * takes its packets.
   */
  wished(): WishedTunnel[] {
    if (this.#input.settings.mode !== 'auto') return [];
    return FAMILIES.flatMap((family) => {
      const plan = this.#plans[family];
      return 'tunnel' in plan && this.#input.peers.some(({ range }) => range.family === family) ? [plan.tunnel] : [];
    });
  }

  /** Names the network of the uplink that a range overlaps, which would cut the node off from its neighbours. */
  uplinkOverlap(family: Family, prefix: string): string | undefined {
    return this.#uplinks[family].find(({ bits }) => bits.startsWith(prefix) || prefix.startsWith(bits))?.name;
  }

  macOf(peer: Peer): string {
    const id = this.#input.settings.vxlanId;
    const before = macs.get(peer);
    if (before?.id === id) return before.mac;
    const mac = tunnelMac(id, peer.address);
    macs.set(peer, { id, mac });
    return mac;
  }
}

interface UplinkPrefix {
  readonly bits: string;
  readonly name: string;
}

function planTunnel(family: Family, input: RoutePlanInput): TunnelPlan {
  const { own, kernel, settings, refusedTunnels } = input;
  const local = own.addresses.get(family);
  if (local === undefined) return { refusal: `node ${own.node}, which is this one, has no InternalIP of ${family}` };
  const uplink = uplinkOf(family, input);
  if (!uplink) return { refusal: `no link of this node has its address ${local}` };
  const refused = refusedTunnels?.[family];
  if (refused !== undefined) return { refusal: refused };
  const name = TUNNEL_NAMES[family];
  const present = kernel.linkNamed(name);
  if (present && present.kind !== 'vxlan') {
    return { refusal: `a device ${name} is there already that is no VXLAN device: remove or rename it` };
  }
  const mtu = uplink.mtu - OVERHEAD[family];
  if (mtu < LEAST_MTU[family]) {
    return {
      refusal: `${uplink.name} carries packets of ${uplink.mtu} bytes, which leaves ${mtu} inside: too few for ${family}`,
    };
  }
  const mac = tunnelMac(settings.vxlanId, local);
  const { vxlanId: id, vxlanPort: port } = settings;
  return { tunnel: { family, name, id, port, local, device: uplink.index, mtu, mac, ...end(family, own.ranges) } };
}

/** A range of a single address has none to spare. */
function end(family: Family, ranges: readonly AddressRange[]): Pick<WishedTunnel, 'address'> {
  const range = ranges.find((each) => each.family === family && each.bits < BITS[family]);
  return range ? { address: { address: range.address, bits: BITS[family] } } : {};
}

/**
 * The link that has this node's address. Where routers are told of it, that may be one that leads nowhere; then it is the
 * link on the way to the first peer that can be reached.
 */
function uplinkOf(family: Family, { own, kernel, peers, ways }: RoutePlanInput): Link | undefined {
  const local = own.addresses.get(family);
  const holder = local === undefined ? undefined : kernel.holderOf(local);
  if (!holder || !leadsNowhere(holder)) return holder;
  for (const { range, address } of peers) {
    const way = range.family === family ? ways.get(address) : undefined;
    if (way?.kind === 'link' || way?.kind === 'gateway') return kernel.link(way.device);
  }
  return undefined;
}

/** The loopback link has a MAC address of zeros. */
function leadsNowhere({ kind, mac }: Link): boolean {
  return kind === 'dummy' || mac === '00:00:00:00:00:00';
}

function uplinkPrefixes(family: Family, input: RoutePlanInput): UplinkPrefix[] {
  const uplink = uplinkOf(family, input);
  return uplink ? prefixesOf(family, uplink, input.kernel) : [];
}

function prefixesOf(family: Family, link: Link, kernel: KernelState): UplinkPrefix[] {
  return kernel.addressesOn(link.index).flatMap((held) => {
    const range = held.family === family ? cleanRange(`${held.address}/${held.bits}`) : undefined;
    return range
      ? [{ bits: bitsOf(range.address).slice(0, range.bits), name: `${range.text}, the network of ${link.name}` }]
      : [];
  });
}
