import type { AgentAnswer, AgentQuestion } from '@kubecity/protocol';
import { type Family, type KubeRoutingOverride, parseOverride, type RoutingTracker } from '@kubecity/routing';
import type { OverrideObjects } from '../override-objects.ts';
import type { RuleLoop } from './rule-loop.ts';
import type { RuleSync } from './rule-sync.ts';

export type PreviewQuestion = Extract<AgentQuestion, { kind: 'preview' }>;
type Change = PreviewQuestion['changes'][number];
type PreviewedChain = Extract<AgentAnswer, { kind: 'preview' }>['chains'][number];

export interface PreviewOptions {
  readonly tracker: Pick<RoutingTracker, 'setOverride' | 'deleteOverride'>;
  /** What the API has now. */
  readonly overrides: Pick<OverrideObjects, 'get'>;
  readonly loop: Pick<RuleLoop, 'take' | 'waiting' | 'routed' | 'mode'>;
  readonly families: ReadonlyMap<Family, Pick<RuleSync, 'preview' | 'reconfigured'>>;
  /** Unix ms. */
  readonly now: () => number;
}

/** More is not for eyes, and every answer fits the hub's bound. */
const MOST_CHAINS = 500;
const MOST_RULES = 10_000;
const MOST_TEXT = 4096;

/**
 * The rules that this node would write if these objects were in the API. The tracker and the compilers are taken there and back
 * in one turn of the event loop, so that no sync ever sees them away; the kernel is not asked.
 */
export function answerPreview({ changes }: PreviewQuestion, options: PreviewOptions): AgentAnswer {
  const { tracker, overrides, loop, families, now } = options;
  const waiting = loop.waiting();
  if (waiting !== undefined) return refused('busy', `this node has no rules to compare with: ${waiting}`);
  if (loop.mode === 'observe') return refused('invalid-request', 'this node only observes: it writes no rules');
  if ([...families.values()].some(({ reconfigured }) => reconfigured)) {
    return refused('busy', 'a new configuration of this node is being written; ask again');
  }
  const at = now();
  const objects: (KubeRoutingOverride | Change)[] = [];
  for (const change of changes) {
    const object = change.object === undefined ? change : objectOf(change, change.object, overrides, at);
    if (typeof object === 'string') return refused('invalid-request', object);
    objects.push(object);
  }

  loop.take();
  for (const object of objects) {
    if ('metadata' in object) tracker.setOverride(object);
    else tracker.deleteOverride({ metadata: placeOf(object) });
  }
  const { table, changed } = loop.take();
  const routed = loop.routed(table);
  for (const change of changes) {
    const before = overrides.get(placeOf(change));
    if (before) tracker.setOverride(before);
    else tracker.deleteOverride({ metadata: placeOf(change) });
  }
  loop.take();
  const chains = [...families].flatMap(([family, sync]) =>
    sync.preview(routed, changed).map((chain): PreviewedChain => ({ family, ...chain })),
  );
  return { kind: 'preview', at, ...bounded(chains) };
}

/** The object as the API server would have it; in words why it would not. */
function objectOf(
  change: Change,
  given: unknown,
  overrides: PreviewOptions['overrides'],
  at: number,
): KubeRoutingOverride | string {
  const place = placeOf(change);
  if (typeof given !== 'object' || given === null) return `${change.kind} ${change.name}: not an object`;
  const before = overrides.get(place)?.metadata;
  const object: KubeRoutingOverride = {
    metadata: {
      uid: `preview ${place.namespace ?? ''}/${place.name}`,
      creationTimestamp: new Date(at).toISOString(),
      ...before,
      ...place,
      generation: (before?.generation ?? 0) + 1,
    },
    spec: 'spec' in given ? given.spec : undefined,
  };
  const parsed = parseOverride(object);
  if ('override' in parsed) return object;
  return parsed.problems.map(({ field, message }) => `${change.kind} ${change.name}: ${field}: ${message}`).join('; ');
}

function placeOf({ kind, namespace, name }: Change): { readonly namespace?: string; readonly name: string } {
  return kind === 'ClusterRoutingOverride' || namespace === undefined ? { name } : { namespace, name };
}

function bounded(chains: readonly PreviewedChain[]) {
  const shown: PreviewedChain[] = [];
  let room = MOST_RULES;
  const cut = (rules: readonly string[]) => rules.map((rule) => rule.slice(0, MOST_TEXT));
  for (const chain of chains.slice(0, MOST_CHAINS)) {
    room -= chain.before.length + chain.after.length;
    if (room < 0) break;
    shown.push({ ...chain, before: cut(chain.before), after: cut(chain.after) });
  }
  return { chains: shown, truncated: shown.length < chains.length };
}

const refused = (code: 'busy' | 'invalid-request', message: string): AgentAnswer => ({
  kind: 'refused',
  code,
  message: message.slice(0, 1024),
});
