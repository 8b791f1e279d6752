import type { Candidate } from './endpoints.ts';
import type { KubePod } from './objects.ts';
import { NEUTRAL_WEIGHT, type Override } from './override.ts';
import type { ServiceDoors } from './service.ts';
import type { Endpoint } from './slice.ts';
import type { Backend, OverrideOutcome } from './table.ts';

/** Everybody behind one service port, and who of them may get new connections anywhere in the cluster. */
export interface PortCandidates {
  readonly doors: ServiceDoors;
  readonly candidates: readonly Candidate[];
  readonly usable: (endpoint: Endpoint) => boolean;
}

/** What operators decided for one candidate. */
export type Share = Pick<Backend, 'weight' | 'overrideUid' | 'draining' | 'keepsSticky'>;

export interface Weighed {
  /** One list per service port, beside its candidates. */
  readonly shares: readonly (readonly Share[])[];
  readonly outcomes: readonly OverrideOutcome[];
}

/** The pod behind an endpoint, for its labels; undefined while it is not known. */
export type PodOf = (endpoint: Endpoint) => PodLabels | undefined;
export type PodLabels = { readonly uid?: string; readonly labels: KubePod['metadata']['labels'] };

const NEUTRAL: Share = { weight: NEUTRAL_WEIGHT, overrideUid: undefined, draining: false, keepsSticky: false };

/**
 * Puts the operators' wishes on the candidates of one Service, both families together. Drain wins over weight; among
 * equals the youngest wins. If a service port would be left with usable endpoints but no weight at all, the youngest
 * override to blame that does not say `allowEmpty` is lifted for the whole Service (a wish is carried out everywhere or
 * nowhere), until each port serves. Neither hints nor locality count here, so every node decides alike.
 */
export function weigh(ports: readonly PortCandidates[], overrides: readonly Override[], podOf: PodOf): Weighed {
  const active = [...overrides].sort(strongestFirst);
  const lifted: Override[] = [];
  for (;;) {
    const shares = ports.map((port) => weighPort(port, active, podOf));
    const culprit = youngestEmptier(ports, shares, active);
    if (!culprit) return { shares, outcomes: outcomesOf(overrides, lifted, ports, shares, podOf) };
    active.splice(active.indexOf(culprit), 1);
    lifted.push(culprit);
  }
}

function weighPort({ doors, candidates }: PortCandidates, active: readonly Override[], podOf: PodOf): Share[] {
  if (active.length === 0) return candidates.map(() => NEUTRAL);
  return candidates.map(({ endpoint }) => {
    const winner = active.find((override) => names(override, doors, endpoint, podOf));
    return winner ? shareOf(winner) : NEUTRAL;
  });
}

function shareOf({ uid, spec }: Override): Share {
  const { drain, weight = NEUTRAL_WEIGHT } = spec;
  const draining = drain !== undefined;
  return { weight: draining ? 0 : weight, overrideUid: uid, draining, keepsSticky: drain?.sticky === 'keep' };
}

function youngestEmptier(
  ports: readonly PortCandidates[],
  shares: readonly (readonly Share[])[],
  active: readonly Override[],
): Override | undefined {
  if (active.length === 0) return undefined;
  const toBlame = new Set<string>();
  for (const [i, { candidates, usable }] of ports.entries()) {
    const usableShares = (shares[i] ?? []).filter((_, k) => usable((candidates[k] as Candidate).endpoint));
    if (usableShares.some(({ weight }) => weight > 0)) continue;
    for (const { overrideUid } of usableShares) if (overrideUid) toBlame.add(overrideUid);
  }
  return active.filter((o) => toBlame.has(o.uid) && !o.spec.allowEmpty).sort(youngestFirst)[0];
}

/** Whether an override names this endpoint of this service port. All fields that are given must match; an empty list is not given. */
export function names(override: Override, doors: ServiceDoors, endpoint: Endpoint, podOf: PodOf): boolean {
  const { ports, backends } = override.spec;
  const within = (list: readonly string[] | undefined, value: string | undefined) =>
    !list?.length || (value !== undefined && list.includes(value));
  if (!within(ports, doors.portName)) return false;
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
  const labels = podOf(endpoint)?.labels;
  return labels !== undefined && entries.every(([key, value]) => labels[key] === value);
}

function outcomesOf(
  overrides: readonly Override[],
  lifted: readonly Override[],
  ports: readonly PortCandidates[],
  shares: readonly (readonly Share[])[],
  podOf: PodOf,
): OverrideOutcome[] {
  if (overrides.length === 0) return [];
  const inForce = new Set(shares.flat().map((share) => share.overrideUid));
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
    const portNames = new Set(ports.map(({ doors }) => doors.portName));
    const missing = override.spec.ports?.find((port) => !portNames.has(port));
    if (missing !== undefined) {
      return {
        ...outcome,
        state: 'noBackends',
        field: 'spec.ports',
        message: `the Service has no port named ${JSON.stringify(missing)}`,
      };
    }
    const named = ports.some(({ doors, candidates }) =>
      candidates.some(({ endpoint }) => names(override, doors, endpoint, podOf)),
    );
    return named
      ? { ...outcome, state: 'overruled', message: 'every backend that it names is held by another override' }
      : { ...outcome, state: 'noBackends', field: 'spec.backends', message: 'names no backend of the Service' };
  });
}

export function identity({ uid, namespace, name, generation }: Override) {
  return { uid, namespace, name, generation, cluster: namespace === '' };
}

function strongestFirst(a: Override, b: Override): number {
  const drainFirst = Number(b.spec.drain !== undefined) - Number(a.spec.drain !== undefined);
  return drainFirst || youngestFirst(a, b);
}

/** The name decides a tie so that every node decides alike. */
function youngestFirst(a: Override, b: Override): number {
  return b.startedAt - a.startedAt || (a.name < b.name ? 1 : a.name > b.name ? -1 : 0);
}
