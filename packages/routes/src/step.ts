import { ERRNO } from './errno.ts';
import type { Forwarding, Link, LinkAddress, Neighbour, Route } from './kernel-rows.ts';
import type { WishedTunnel } from './wished.ts';

/** One request to the kernel. */
export type Step =
  /** With the index that the kernel gives it, which only a dump tells. */
  | { readonly act: 'createTunnel'; readonly tunnel: WishedTunnel }
  | {
      readonly act: 'changeLink';
      readonly link: Link;
      readonly mtu?: number;
      readonly mac?: string;
      readonly up?: true;
    }
  | { readonly act: 'deleteLink'; readonly link: Link }
  | { readonly act: 'addAddress' | 'deleteAddress'; readonly address: LinkAddress }
  | { readonly act: 'setNeighbour' | 'deleteNeighbour'; readonly neighbour: Neighbour }
  | { readonly act: 'setForwarding' | 'deleteForwarding'; readonly forwarding: Forwarding }
  /** `addRoute` is refused (EEXIST) where another hand was quicker; `replaceRoute` swaps ours without a hole. */
  | { readonly act: 'addRoute' | 'replaceRoute' | 'deleteRoute'; readonly route: Route };

/** Whether a refusal (errno, positive) says no more than that what should go is gone already, perhaps with its link. */
export function isGone({ act }: Step, errno: number): boolean {
  if (errno === ERRNO.ENODEV) return act.startsWith('delete');
  if (act === 'deleteRoute') return errno === ERRNO.ESRCH;
  if (act === 'deleteAddress') return errno === ERRNO.EADDRNOTAVAIL;
  return (act === 'deleteNeighbour' || act === 'deleteForwarding') && errno === ERRNO.ENOENT;
}

/** What a step does, for people: `route 10.1.2.0/24 via 192.168.1.2 added`. */
export function stepText(step: Step): string {
  switch (step.act) {
    case 'createTunnel':
      return `device ${step.tunnel.name} created`;
    case 'changeLink':
      return `device ${step.link.name} ${changes(step)}`;
    case 'deleteLink':
      return `device ${step.link.name} removed`;
    case 'addAddress':
    case 'deleteAddress':
      return `address ${step.address.address}/${step.address.bits} ${DONE[step.act]}`;
    case 'setNeighbour':
    case 'deleteNeighbour':
      return `neighbour ${step.neighbour.address} at ${step.neighbour.mac} ${DONE[step.act]}`;
    case 'setForwarding':
    case 'deleteForwarding':
      return `forwarding of ${step.forwarding.mac} to ${step.forwarding.remote} ${DONE[step.act]}`;
    default:
      return `${routeText(step.route)} ${DONE[step.act]}`;
  }
}

const DONE = {
  addAddress: 'added',
  deleteAddress: 'removed',
  setNeighbour: 'set',
  deleteNeighbour: 'removed',
  setForwarding: 'set',
  deleteForwarding: 'removed',
  addRoute: 'added',
  replaceRoute: 'replaced',
  deleteRoute: 'removed',
} as const;

function changes({ mtu, mac, up }: Extract<Step, { act: 'changeLink' }>): string {
  const parts = [mtu === undefined ? '' : `mtu set to ${mtu}`, mac === undefined ? '' : `mac set to ${mac}`];
  return [...parts, up ? 'set up' : ''].filter(Boolean).join(', ');
}

function routeText({ range, gateway }: Route): string {
  return gateway === undefined ? `route ${range}` : `route ${range} via ${gateway}`;
}
