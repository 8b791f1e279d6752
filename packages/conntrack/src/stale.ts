import type { ServicePort } from '@kubecity/routing';
import { type Doors, doorAddresses, servingBackends } from './doors.ts';
import type { PackedAddress } from './endpoint.ts';
import { IP_PROTOCOL, STATUS } from './flow-row.ts';
import type { UdpFlow } from './udp-flow.ts';

/** What is right now, and what was until now, for UDP in one family. */
export interface StaleRules {
  /** Today's doors, each with the endpoints that serve. */
  readonly current: Doors;
  /** Doors as they were before changes, each with all endpoints that it had. Doors that still exist may be among them. */
  readonly former: Doors;
  /** The addresses at which this node opens node ports. */
  readonly nodeAddresses: ReadonlySet<PackedAddress>;
}

/**
 * Is this entry a UDP flow that goes where its Service no longer leads? UDP has no end that the kernel could see: as long
 * as a client keeps sending from the same port, its packets follow the entry, not the rules. With the entry deleted, the
 * next packet is routed anew. TCP and SCTP end by themselves and are never stale.
 *
 * - To a door of today: stale unless a serving endpoint answers it; with no serving endpoint at all, every translated one.
 * - To a door of today and never translated (it came before the Service did): stale once an endpoint serves. Until then the
 *   rules would not translate it either. Other conntrack zones than the default one see such packets before translation,
 *   as Open vSwitch does: there it is no sign of anything, and the entry is not ours.
 * - To a former door: stale if it was translated to an endpoint that we had there. What answers there now is not ours.
 *
 * kube-proxy takes every entry to a node port's number, whatever its address. Here it must be an address of this node, or
 * translated: the node also forwards packets that go to the same node port of another node, untranslated. A translation
 * counts without the address, because the node may have lost that address meanwhile and the entry with it is stale still.
 */
export function isStale(flow: UdpFlow, { current, former, nodeAddresses }: StaleRules): boolean {
  if (flow.protocol !== IP_PROTOCOL.udp) return false;
  const translated = (flow.status & STATUS.destinationNat) !== 0;
  if (!translated && flow.zone !== 0) return false;
  const behind = (doors: Doors) =>
    doors.at(flow.destination, flow.destinationPort) ??
    (translated || nodeAddresses.has(flow.destination) ? doors.atNodePort(flow.destinationPort) : undefined);
  const serving = behind(current);
  if (serving) return (translated || serving.size > 0) && !serving.has(flow.answerer);
  return translated && behind(former)?.has(flow.answerer) === true;
}

/** May entries be stale after this change of one service port? Undefined stands for one that is not there. */
export function mayLeaveStale(before: ServicePort | undefined, after: ServicePort | undefined): boolean {
  if ((after ?? before)?.protocol !== 'UDP') return false;
  const [hadDoors, doors] = [doorTexts(before), doorTexts(after)];
  const [served, serves] = [servingTexts(before), servingTexts(after)];
  if (!holdsAll(serves, served) || !holdsAll(doors, hadDoors)) return true;
  // A first endpoint or a new door: packets that came before were not translated.
  return serves.size > 0 && (served.size === 0 || !holdsAll(hadDoors, doors));
}

const holdsAll = (whole: ReadonlySet<string>, part: ReadonlySet<string>): boolean =>
  [...part].every((text) => whole.has(text));

function doorTexts(servicePort: ServicePort | undefined): Set<string> {
  if (!servicePort) return new Set();
  const { port, nodePort } = servicePort;
  const texts = doorAddresses(servicePort).map((address) => `${address} ${port}`);
  return new Set(nodePort === undefined ? texts : [...texts, `node ${nodePort}`]);
}

const servingTexts = (servicePort: ServicePort | undefined): Set<string> =>
  new Set(servicePort && servingBackends(servicePort).map(({ address, port }) => `${address} ${port}`));
