import type { City } from '../city.ts';
import { age, clock, count, plural } from '../format.ts';
import { failureOf, type Override } from '../overrides.ts';

/** A node whose agent tells nothing now, with what may still happen there. */
export interface SilentNode {
  readonly node: string;
  readonly words: string;
}

/** Nodes of an override that are silent: whatever is said of it may be otherwise there. */
export function silentNodes(
  { kind, nodes: { acknowledged, waitingFor } }: Override,
  nodes: City['node'],
  now: number,
): readonly SilentNode[] {
  const silent = (name: string) => nodes.get(name)?.agent.state !== 'live';
  const since = (name: string) => {
    const at = nodes.get(name)?.agent.lastFrameAt;
    return at === undefined ? 'has never been heard' : `has been silent for ${age(now - at)}`;
  };
  const confirmed =
    kind === 'drain'
      ? 'it had confirmed, so no new connection should come from there, but what is open there is not known'
      : 'it had confirmed, and is not heard now';
  const missing =
    kind === 'drain'
      ? 'it has not confirmed, so its clients may still open new connections'
      : 'it has not confirmed, so its clients may still be served as before';
  return [
    ...waitingFor.filter(silent).map((node) => ({ node, words: `${node} ${since(node)}: ${missing}.` })),
    ...acknowledged.filter(silent).map((node) => ({ node, words: `${node} ${since(node)}: ${confirmed}.` })),
  ];
}

export const PHASES = ['draining', 'cutting', 'drained'] as const;

export interface Drain {
  /** `unknown`: nothing more to see, but not all nodes can be asked. */
  readonly phase: (typeof PHASES)[number] | 'unknown';
  /** The steps that this drain may go through. */
  readonly steps: readonly (typeof PHASES)[number][];
}

/** How far a drain is. It is drained only when every node says so; undefined of what is no drain, or has no effect. */
export function drainOf(override: Override, silent: readonly SilentNode[]): Drain | undefined {
  const { drain, nodes } = override;
  if (!drain || failureOf(override) !== undefined) return undefined;
  const cuts = drain.existing !== 'wait' || drain.udp !== 'wait' || drain.deadline !== undefined;
  const steps = PHASES.filter((step) => step !== 'cutting' || cuts);
  const unsure = silent.length > 0 || nodes.waitingFor.length > 0;
  return { phase: drain.phase === 'drained' && unsure ? 'unknown' : drain.phase, steps };
}

export const PHASE_WORDS = {
  draining: 'Draining',
  cutting: 'Cutting',
  drained: 'Drained',
  unknown: 'Not known whether it is drained',
} as const;

/** `37 of 40 nodes confirmed · waiting for node-c, node-f, node-k`. */
export function confirmedWords({ nodes }: Override, most = 5): string {
  const { desired, acknowledged, waitingFor, observing = [] } = nodes;
  if (desired === 0 && observing.length > 0) return 'Every node only observes: nothing is steered';
  const besides = observing.length === 0 ? '' : ` · ${observingWords(observing.length)}`;
  const confirmed = `${count(acknowledged.length)} of ${plural(desired, 'node')} confirmed`;
  if (waitingFor.length === 0) return `${confirmed}${besides}`;
  const more = waitingFor.length > most ? ` and ${count(waitingFor.length - most)} more` : '';
  return `${confirmed} · waiting for ${waitingFor.slice(0, most).join(', ')}${more}${besides}`;
}

/** `3 nodes only observe: nothing is steered there`. */
const observingWords = (nodes: number): string =>
  `${plural(nodes, 'node')} only ${nodes === 1 ? 'observes' : 'observe'}: nothing is steered there`;

/** What is still to come, one sentence each: time left, deadline, what was cut, the end of the override. */
export function outlook(override: Override, now: number): readonly string[] {
  if (failureOf(override) !== undefined) return [];
  return [...drainOutlook(override, now), ...rampOutlook(override, now), ...expiryOutlook(override, now)];
}

function drainOutlook({ drain, connections }: Override, now: number): string[] {
  if (!drain) return [];
  const { doneAt, deadline, cut, cutPerSecond, phase } = drain;
  const open = connections.moving + connections.idle + connections.waiting;
  const lines: string[] = [];
  if (doneAt !== undefined && open > 0)
    lines.push(`Nothing open in about ${age(Math.max(0, doneAt - now))}, as it falls now.`);
  else if (open > 0 && phase === 'draining') lines.push('When nothing will be open cannot be told: it does not fall.');
  if (deadline !== undefined && open > 0) {
    lines.push(
      deadline > now
        ? `What is left in ${age(deadline - now)} is cut (${clock(deadline)}).`
        : `The deadline passed ${age(now - deadline)} ago: the rest is being cut.`,
    );
  }
  if (cut > 0) {
    lines.push(`${plural(cut, 'connection')} cut so far, at most ${count(cutPerSecond)} a second on each node.`);
  }
  return lines;
}

function rampOutlook({ ramp, kind, weight, share }: Override, now: number): string[] {
  if (!ramp || ramp.until <= now) return [];
  const unit = kind === 'share' ? ' %' : '';
  const to = kind === 'share' ? share : weight;
  return [`At ${ramp.value}${unit} on the way from ${ramp.from} to ${to}${unit}, there in ${age(ramp.until - now)}.`];
}

const expiryOutlook = ({ expiresAt }: Override, now: number): string[] =>
  expiresAt === undefined || expiresAt <= now
    ? []
    : [`Ends by itself in ${age(expiresAt - now)} (${clock(expiresAt)}).`];

/** 0..1 of the way of a ramp; undefined without one under way. */
export function rampPart({ ramp, kind, weight = 0, share = 0 }: Override, now: number): number | undefined {
  if (!ramp || ramp.until <= now) return undefined;
  const to = kind === 'share' ? share : weight;
  return to === ramp.from ? 1 : Math.min(1, Math.max(0, (ramp.value - ramp.from) / (to - ramp.from)));
}

/** What an override does, for a chip: `drain`, `weight 30`, `share 10 %`. */
export function effectChip({ kind, weight, share }: Override): string {
  return kind === 'weight' ? `weight ${weight}` : kind === 'share' ? `share ${share} %` : kind;
}
