/** What a line of news is compared with. Addresses and ranges are canonical text. */
export interface Concerns {
  /** Devices that nodes are reached through, ours among them. */
  readonly devices: ReadonlySet<string>;
  /** Those of ours. */
  readonly tunnels: ReadonlySet<string>;
  /** Routes that we keep, by destination. */
  readonly routes: ReadonlyMap<string, { readonly gateway?: string; readonly device?: string }>;
  /** Entries of our devices: link address by neighbour, node by link address. */
  readonly entries: ReadonlyMap<string, string>;
  /** Whether an address or range lies within those of this node's own pods. */
  readonly isOwn: (destination: string) => boolean;
}

const ADDRESS = /^\d+: \S+ +inet6? \S+ .*scope (\S+)/;
const LINK = /^\d+: ([^:@\s]+)[:@]/;
const NEIGHBOUR = /^(\S+) dev (\S+) (?:lladdr (\S+) )?.*[A-Z]{4,}$/;
const ROUTE =
  /^(?:(?<kind>unicast|unreachable|blackhole|prohibit|throw) )?(?<destination>default|[\da-f.:]+(?:\/\d+)?) /;
/** Of a device itself; every new one brings them. */
const LINK_LOCAL = /^(fe80|ff[0-9a-f]{2}):/;
/** Not of the main table. */
const OTHER_TABLE = / table /;

/**
 * Whether a line of `ip -oneline monitor` is a reason to compare the kernel with what it should hold. When in doubt it is; what
 * comes with each pod, and the echo of what we wrote ourselves, is none.
 */
export function concerns(news: string, known: Concerns): boolean {
  const line = news.trim();
  const isDeleted = line.startsWith('Deleted ');
  const what = isDeleted ? line.slice('Deleted '.length) : line;
  const scope = ADDRESS.exec(what)?.[1];
  if (scope !== undefined) return scope !== 'link' && scope !== 'host';
  const link = LINK.exec(what)?.[1];
  if (link !== undefined) return known.devices.has(link);
  const neighbour = NEIGHBOUR.exec(what);
  if (neighbour) return entryConcerns(neighbour, isDeleted, known);
  return routeConcerns(what, isDeleted, known);
}

/** A neighbour, or a forwarding entry, which is told as one: its address is the node's. */
function entryConcerns(
  [, address = '', device = '', mac = '']: RegExpExecArray,
  isDeleted: boolean,
  { tunnels, entries }: Concerns,
): boolean {
  if (!tunnels.has(device)) return false;
  const isWished = entries.get(address) === mac || entries.get(mac) === address;
  const isSomethingOfOurs = entries.has(address) || entries.has(mac);
  return isDeleted ? isSomethingOfOurs : isSomethingOfOurs && !isWished;
}

function routeConcerns(what: string, isDeleted: boolean, { routes, isOwn }: Concerns): boolean {
  const { destination } = ROUTE.exec(what)?.groups ?? {};
  // local, broadcast and multicast ones, and what is no route at all
  if (destination === undefined || LINK_LOCAL.test(destination) || OTHER_TABLE.test(what)) return false;
  const wished = routes.get(destination);
  const isOurs = / proto 202\b/.test(what);
  if (!wished) return !(isDeleted && isOurs) && !isOwn(destination);
  const word = (name: string) => new RegExp(` ${name} (\\S+)`).exec(what)?.[1];
  const isAsWished =
    isOurs && word('via') === wished.gateway && (wished.device === undefined || word('dev') === wished.device);
  return isDeleted || !isAsWished;
}
