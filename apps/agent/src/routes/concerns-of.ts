import { TUNNEL_NAMES } from '@kubecity/routes';
import { cleanAddress, cleanRange, rangeHolds } from '@kubecity/routing';
import type { Concerns } from './concern.ts';
import type { Turn } from './turn.ts';

const known = new WeakMap<object, Concerns>();
const TUNNELS = Object.values(TUNNEL_NAMES);

/** What a line of news is held against after this compare. Made when the first line comes: there may be none until the next. */
export function concernsOf(turn: Pick<Turn, 'plan' | 'kernel' | 'ways' | 'peers'>): Concerns {
  const before = known.get(turn);
  if (before) return before;
  const concerns = read(turn);
  known.set(turn, concerns);
  return concerns;
}

function read({ plan, kernel, ways, peers }: Pick<Turn, 'plan' | 'kernel' | 'ways' | 'peers'>): Concerns {
  const nameOf = (device: number) => kernel.link(device)?.name;
  const uplinks = [...ways.values()].map((way) => ('device' in way ? nameOf(way.device) : undefined));
  const holders = [...(peers.own?.addresses.values() ?? [])].map((address) => kernel.holderOf(address)?.name);
  const tunnelOf = (family: keyof typeof TUNNEL_NAMES) => TUNNEL_NAMES[family];
  return {
    devices: new Set([...TUNNELS, ...uplinks, ...holders].filter((name) => name !== undefined)),
    tunnels: new Set(TUNNELS),
    routes: new Map(
      plan.routes.map(({ family, range, hop }) => {
        const device = hop && (hop.device === 'tunnel' ? tunnelOf(family) : nameOf(hop.device));
        return [range, { ...(hop && { gateway: hop.gateway }), ...(device !== undefined && { device }) }];
      }),
    ),
    entries: new Map([
      ...plan.neighbours.map(({ address, mac }): [string, string] => [address, mac]),
      ...plan.forwarding.map(({ mac, remote }): [string, string] => [mac, remote]),
    ]),
    isOwn: (destination) => {
      const range = cleanRange(destination);
      const first = range?.address ?? cleanAddress(destination)?.text;
      if (first === undefined) return false;
      const bits = range?.bits ?? Number.POSITIVE_INFINITY;
      return (peers.own?.ranges ?? []).some((own) => bits >= own.bits && rangeHolds(own, first));
    },
  };
}
