import type { AuditEntry } from '@kubecity/protocol';
import { durationText } from '../duration.ts';
import { choiceWords } from './target.ts';

/** What happened, for a person: hands first, then what came of it by itself. */
export const WHAT: Readonly<Record<AuditEntry['what'], string>> = {
  create: 'made',
  replace: 'changed',
  delete: 'released',
  undo: 'undone',
  refused: 'refused',
  lifted: 'lifted',
  expired: 'expired',
  drained: 'drained',
  cut: 'cut',
};

/** What can be taken back: what a hand wrote. */
export const canUndo = ({ what }: AuditEntry): boolean =>
  what === 'create' || what === 'replace' || what === 'delete' || what === 'undo';

/** By what way, where it is not the usual one. */
export const HOW: Readonly<Record<AuditEntry['how'], string>> = {
  dashboard: 'dashboard',
  cli: 'kubecity',
  kubectl: 'kubectl',
  agent: 'agents',
};

type Loose = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Loose => typeof value === 'object' && value !== null;

/** A spec in a few words: `drain, cut idle, 5 min`, `weight 30 over 1 min`. Specs come as the API holds them: nothing is assumed. */
export function specWords(spec: unknown): string {
  if (!isObject(spec)) return 'nothing';
  const extras = [
    isObject(spec.ramp) && typeof spec.ramp.seconds === 'number' ? `over ${durationText(spec.ramp.seconds)}` : '',
    typeof spec.expiresAt === 'string' ? `until ${spec.expiresAt}` : '',
    spec.allowEmpty === true ? 'below the floor if need be' : '',
  ];
  return [effectWords(spec), ...extras].filter(Boolean).join(', ');
}

function effectWords(spec: Loose): string {
  if (typeof spec.weight === 'number') return `weight ${spec.weight}`;
  if (typeof spec.share === 'number') return `share ${spec.share} %`;
  if (!isObject(spec.drain)) return 'no effect';
  const { existing, deadlineSeconds } = spec.drain;
  const how = existing === 'cut' ? 'cut all' : existing === 'cutIdle' ? 'cut idle' : '';
  const deadline = typeof deadlineSeconds === 'number' ? `the rest cut after ${durationText(deadlineSeconds)}` : '';
  return ['drain', how, deadline].filter(Boolean).join(', ');
}

/** `nothing → drain`; empty of what changed no spec. */
export function changeWords({ before, after, what }: Pick<AuditEntry, 'before' | 'after' | 'what'>): string {
  if (before === undefined && after === undefined && !['create', 'delete'].includes(what)) return '';
  return `${specWords(before)} → ${specWords(after)}`;
}

/** Whom it is about: the Service, else what the spec chooses by. */
export function aboutWords({ service, namespace, before, after }: AuditEntry): string {
  const spec = isObject(after) ? after : isObject(before) ? before : {};
  const backends = isObject(spec.backends) ? spec.backends : {};
  const selector = isObject(backends.selector) ? backends.selector : backends;
  const words = choiceWords({
    matchLabels: isObject(selector.matchLabels) ? (selector.matchLabels as Record<string, string>) : undefined,
    podNames: namesIn(backends.podNames),
    nodeNames: namesIn(backends.nodeNames),
    zones: namesIn(backends.zones),
    addresses: namesIn(backends.addresses),
  });
  return [service ?? namespace ?? 'the whole cluster', words].filter(Boolean).join(': ');
}

const namesIn = (list: unknown): string[] | undefined =>
  Array.isArray(list) ? list.filter((name) => typeof name === 'string') : undefined;
