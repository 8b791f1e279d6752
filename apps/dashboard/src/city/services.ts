import type { CityRecord } from '@kubecity/protocol';
import type { City } from './city.ts';

export type Backend = CityRecord<'backend'> & { readonly id: string };

/** Asking for the options each time costs a hundred times as much. */
const byNumber = new Intl.Collator('en', { numeric: true });

/** Names of a cluster are plain letters: their order needs no language, which asks for a hundred times as much. */
const inOrder = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

export const byName = (a: Backend, b: Backend): number =>
  inOrder(a.servicePort, b.servicePort) ||
  inOrder(a.podName ?? '', b.podName ?? '') ||
  byNumber.compare(a.address, b.address) ||
  a.port - b.port;

/** What the map says about one house, or one segment of a ring. Never by colour alone. */
export type Sign = 'plain' | 'draining' | 'weighted' | 'unready' | 'unknown';

/** Several service ports of one Service on one pod (or address) are one house and one segment. */
export interface Stand {
  /** Pod uid, or the address when no pod is known behind it. */
  readonly key: string;
  readonly podUid?: string;
  readonly name: string;
  readonly node?: string;
  readonly backends: readonly Backend[];
  /** Mean wished share over the Service's ports, 0..1. */
  readonly wishedShare: number;
  readonly sign: Sign;
}

export function standsOf(backends: readonly Backend[]): readonly Stand[] {
  const groups = new Map<string, Backend[]>();
  for (const backend of backends) {
    const key = backend.podUid ?? backend.address;
    const group = groups.get(key);
    if (group) group.push(backend);
    else groups.set(key, [backend]);
  }
  const ports = new Set(backends.map((backend) => backend.servicePort)).size;
  return [...groups].map(([key, group]) => {
    const first = group[0] as Backend;
    return {
      key,
      podUid: first.podUid,
      name: first.podName ?? first.address,
      node: first.node,
      backends: group,
      wishedShare: group.reduce((sum, backend) => sum + backend.wishedShare, 0) / Math.max(1, ports),
      sign: signOf(group),
    };
  });
}

/** The gravest first. */
const GRAVITY: readonly Sign[] = ['draining', 'weighted', 'unready'];

function signOf(backends: readonly Backend[]): Sign {
  const signs = backends.map(signOfBackend);
  return GRAVITY.find((sign) => signs.includes(sign)) ?? 'plain';
}

export function signOfBackend(backend: CityRecord<'backend'>): Sign {
  if (backend.draining || backend.terminating) return 'draining';
  if (backend.overrideUid !== undefined && backend.weight !== 100) return 'weighted';
  return backend.ready ? 'plain' : 'unready';
}

/**
 * The Service at whose roundabout a pod's house stands: the first by name when it backs several. A pod that backs none
 * has no entry and gets a house of its own.
 */
export function homesOfPods(city: Pick<City, 'backend'>): ReadonlyMap<string, string> {
  const homes = new Map<string, string>();
  for (const { podUid, service } of city.backend.values()) {
    if (podUid === undefined) continue;
    const home = homes.get(podUid);
    if (home === undefined || service < home) homes.set(podUid, service);
  }
  return homes;
}

/** What a pod is one of: its app label, else its name without what controllers append. */
export function workloadOf(pod: Pick<CityRecord<'pod'>, 'name' | 'labels'>): string {
  return (
    pod.labels['app.kubernetes.io/name'] ??
    pod.labels.app ??
    pod.name.replace(/-[a-f0-9]{4,10}-[a-z0-9]{5}$|-\d+$|-[a-z0-9]{5}$/, '')
  );
}

/** Overrides of one Service, the youngest first. */
export function overridesOf(city: Pick<City, 'override'>, service: string): readonly CityRecord<'override'>[] {
  return [...city.override.values()]
    .filter(
      // Without a Service of its own it acts on those that have its backends: their ids begin with the Service's name.
      (override) => override.service === service || override.backends.some((id) => id.startsWith(`${service}:`)),
    )
    .sort((a, b) => b.createdAt.localeCompare(a.createdAt));
}
