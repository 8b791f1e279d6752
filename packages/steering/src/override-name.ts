import type { BackendSelection } from '@kubecity/routing';
import { digest } from './digest.ts';

export type EffectKind = 'drain' | 'weight' | 'share';

/** Longest name of an object in the API. */
const MOST = 253;
/** More of a list than this is told by the digest. */
const MOST_LISTED = 3;

/**
 * What the object for one wish is called, the same each time it is wished: `cart-drain-cart-1` for a pod (or address) of a
 * Service, `cart-share-labels-version-v2` for a group of it, `node-b1-drain` for what goes over many Services.
 */
export function overrideName(
  effect: EffectKind,
  { service, ports, backends }: { service?: string; ports?: readonly string[]; backends?: BackendSelection },
): string {
  const on = ports?.length ? listed('port', ports) : [];
  const group = service === undefined ? groupParts(backends) : memberParts(backends);
  const parts = service === undefined ? [...group, effect] : [service, effect, ...group, ...on];
  return cleanName(parts.join('-'), exceedsList(backends) || (ports?.length ?? 0) > MOST_LISTED, {
    service,
    ports,
    backends,
  });
}

/** One pod or address alone needs no word before it. */
function memberParts(backends: BackendSelection | undefined): string[] {
  const { podNames = [], addresses = [] } = backends ?? {};
  const [only] = [...podNames, ...addresses];
  const parts = groupParts(backends);
  if (parts.length === 0) return ['all'];
  return only !== undefined && parts.length === 2 && podNames.length + addresses.length === 1 ? [only] : parts;
}

function groupParts(backends: BackendSelection = {}): string[] {
  const { podNames = [], nodeNames = [], zones = [], addresses = [], selector } = backends;
  const labels = Object.entries(selector?.matchLabels ?? {}).map(([key, value]) => `${key}-${value}`);
  return [
    ...listed('pod', podNames),
    ...listed('node', nodeNames),
    ...listed('zone', zones),
    ...listed('address', addresses),
    ...(labels.length === 0 ? [] : ['labels', labels.sort().slice(0, MOST_LISTED).join('.')]),
  ];
}

function listed(noun: string, names: readonly string[]): string[] {
  if (names.length === 0) return [];
  const plural = noun === 'address' ? 'addresses' : `${noun}s`;
  return [names.length === 1 ? noun : plural, [...names].sort().slice(0, MOST_LISTED).join('.')];
}

function exceedsList(backends: BackendSelection = {}): boolean {
  const { podNames = [], nodeNames = [], zones = [], addresses = [], selector } = backends;
  const lists = [podNames, nodeNames, zones, addresses, Object.keys(selector?.matchLabels ?? {})];
  return lists.some((list) => list.length > MOST_LISTED);
}

/** What a DNS name cannot say, or what is left out, is told apart by a digest of the whole. */
function cleanName(wished: string, incomplete: boolean, whole: object): string {
  const plain = wished.replaceAll(':', '-');
  const clean = plain
    .toLowerCase()
    .replaceAll(/[^a-z0-9.-]/g, '-')
    .replaceAll(/[.-]*\.[.-]*/g, '.')
    .replaceAll(/^[.-]+|[.-]+$/g, '');
  if (clean === plain && !incomplete && clean.length <= MOST) return clean;
  const tail = `-${digest(`${wished} ${JSON.stringify(whole)}`)}`;
  return `${clean.slice(0, MOST - tail.length).replace(/[.-]+$/, '')}${tail}`;
}
