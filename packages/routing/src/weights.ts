import type { Endpoint } from './endpoints.ts';
import type { KubePod } from './objects.ts';
import { NEUTRAL_WEIGHT, type Override } from './override.ts';
import type { ServiceDoor } from './service.ts';
import type { Backend, OverrideOutcome } from './table.ts';

export interface DoorEndpoints {
  readonly door: ServiceDoor;
  readonly endpoints: readonly Endpoint[];
  readonly usable: ReadonlySet<Endpoint>;
}

export interface Weighed {
  /** One list per door, in the order of the doors. */
  readonly backends: readonly (readonly Backend[])[];
  readonly outcomes: readonly OverrideOutcome[];
}

/** Labels of the pod behind an endpoint; undefined while the pod is not known. */
export type PodOf = (endpoint: Endpoint) => KubePod | undefined;

/**
 * Puts the operators' wishes on the endpoints of one Service. Drain wins over weight; among equals the youngest wins.
 * If a door would be left with usable endpoints but no weight at all, the youngest override to blame that does not say
 * `allowEmpty` is lifted for the whole Service (a wish is carried out everywhere or nowhere), until each door serves.
 */
export function weigh(doors: readonly DoorEndpoints[], overrides: readonly Override[], podOf: PodOf): Weighed {
  const active = [...overrides].sort(strongestFirst);
  const lifted: Override[] = [];
  for (;;) {
    const backends = doors.map((door) => weighDoor(door, active, podOf));
    const culprit = youngestEmptier(doors, backends, active);
    if (!culprit) return { backends, outcomes: outcomesOf(overrides, lifted, doors, backends, podOf) };
    active.splice(active.indexOf(culprit), 1);
    lifted.push(culprit);
  }
}

function weighDoor({ door, endpoints, usable }: DoorEndpoints, active: readonly Override[], podOf: PodOf): Backend[] {
  return endpoints.map((endpoint) => {
    const winner = active.find((override) => names(override, door, endpoint, podOf));
    const draining = winner?.spec.drain !== undefined;
    return {
      ...endpoint,
      usable: usable.has(endpoint),
      weight: draining ? 0 : (winner?.spec.weight ?? NEUTRAL_WEIGHT),
      draining,
      ...(winner && { overrideUid: winner.uid }),
    };
  });
}

function youngestEmptier(
  doors: readonly DoorEndpoints[],
  backends: readonly (readonly Backend[])[],
  active: readonly Override[],
): Override | undefined {
  const toBlame = new Set<string>();
  for (const [i, list] of backends.entries()) {
    if (doors[i]?.usable.size === 0 || list.some((backend) => backend.usable && backend.weight > 0)) continue;
    for (const backend of list) if (backend.usable && backend.overrideUid) toBlame.add(backend.overrideUid);
  }
  return active.filter((o) => toBlame.has(o.uid) && !o.spec.allowEmpty).sort(youngestFirst)[0];
}

/** Whether an override names this endpoint of this door. All fields that are given must match; an empty list is not given. */
export function names(override: Override, door: ServiceDoor, endpoint: Endpoint, podOf: PodOf): boolean {
  const { ports, backends } = override.spec;
  const within = (list: readonly string[] | undefined, value: string | undefined) =>
    !list?.length || (value !== undefined && list.includes(value));
  if (!within(ports, door.portName)) return false;
  if (!backends) return true;
  return (
    within(backends.podNames, endpoint.podName) &&
    within(backends.nodeNames, endpoint.node) &&
    within(backends.zones, endpoint.zone) &&
    within(backends.addresses, endpoint.address) &&
    labelsMatch(backends.selector?.matchLabels, endpoint, podOf)
  );
}

function labelsMatch(wanted: Readonly<Record<string, string>> | undefined, endpoint: Endpoint, podOf: PodOf): boolean {
  const entries = Object.entries(wanted ?? {});
  if (entries.length === 0) return true;
  const labels = podOf(endpoint)?.metadata.labels;
  return labels !== undefined && entries.every(([key, value]) => labels[key] === value);
}

function outcomesOf(
  overrides: readonly Override[],
  lifted: readonly Override[],
  doors: readonly DoorEndpoints[],
  backends: readonly (readonly Backend[])[],
  podOf: PodOf,
): OverrideOutcome[] {
  const inForce = new Set(backends.flat().map((backend) => backend.overrideUid));
  return overrides.map((override) => {
    const outcome = { ...identity(override), override };
    if (lifted.includes(override)) {
      return {
        ...outcome,
        state: 'lifted',
        message: `would leave Service ${override.namespace}/${override.spec.service} with no backend; spec.allowEmpty: true permits that`,
      };
    }
    if (inForce.has(override.uid)) return { ...outcome, state: 'applied' };
    const portNames = new Set(doors.map(({ door }) => door.portName));
    const missing = override.spec.ports?.find((port) => !portNames.has(port));
    if (missing !== undefined) {
      return {
        ...outcome,
        state: 'noBackends',
        field: 'spec.ports',
        message: `the Service has no port named ${JSON.stringify(missing)}`,
      };
    }
    const named = doors.some(({ door, endpoints }) =>
      endpoints.some((endpoint) => names(override, door, endpoint, podOf)),
    );
    return named
      ? { ...outcome, state: 'overruled', message: 'every backend that it names is held by another override' }
      : { ...outcome, state: 'noBackends', field: 'spec.backends', message: 'names no backend of the Service' };
  });
}

export function identity({ uid, namespace, name, generation }: Override) {
  return { uid, namespace, name, generation };
}

function strongestFirst(a: Override, b: Override): number {
  const drainFirst = Number(b.spec.drain !== undefined) - Number(a.spec.drain !== undefined);
  return drainFirst || youngestFirst(a, b);
}

/** API timestamps have whole seconds; the name decides a tie so that every node decides alike. */
function youngestFirst(a: Override, b: Override): number {
  const left = `${a.createdAt} ${a.name}`;
  const right = `${b.createdAt} ${b.name}`;
  return left < right ? 1 : left > right ? -1 : 0;
}
