import type { SteerBackends, SteerTarget } from '@kubecity/protocol';
import { type Known, namedBackends } from './target.ts';

/** Other ways to mean what was pointed at: its pod everywhere, its Service, its node, its zone. The thing itself first. */
export function relatedTargets(city: Known, target: SteerTarget): readonly SteerTarget[] {
  if (target.kind !== 'backend' && target.kind !== 'pod' && target.kind !== 'node') return [target];
  const named = namedBackends(city, target);
  const [first] = named;
  if (!first) return [target];
  const [namespace = '', name = ''] = first.service.split('/');
  const related: SteerTarget[] = [target];
  if (target.kind === 'backend' && first.podName !== undefined)
    related.push({ kind: 'pod', namespace, name: first.podName });
  if (target.kind === 'backend') related.push({ kind: 'service', namespace, name });
  if (target.kind !== 'node' && first.node !== undefined) related.push({ kind: 'node', name: first.node });
  if (first.zone !== undefined) related.push({ kind: 'zone', name: first.zone });
  const labels = city.pod.get(first.podUid ?? '')?.labels ?? {};
  const [label] = Object.entries(labels);
  if (target.kind !== 'node' && label)
    related.push({ kind: 'labels', namespace, matchLabels: { [label[0]]: label[1] } });
  return related;
}

export type Facet = 'matchLabels' | 'nodeNames' | 'zones' | 'podNames';

/** What a group may be chosen by, among the backends that it could name: labels as `key=value`. */
export function valuesFor(city: Known, target: SteerTarget, facet: Facet): readonly string[] {
  const all = namedBackends(city, withoutChoice(target));
  const values = all.flatMap((backend): string[] => {
    if (facet === 'matchLabels') {
      return Object.entries(city.pod.get(backend.podUid ?? '')?.labels ?? {}).map(([key, value]) => `${key}=${value}`);
    }
    const value = { nodeNames: backend.node, zones: backend.zone, podNames: backend.podName }[facet];
    return value === undefined ? [] : [value];
  });
  return [...new Set(values)].sort();
}

/** The lists that a target is chosen by; undefined of one that is not a group. */
export function choiceOf(target: SteerTarget): SteerBackends | undefined {
  if (target.kind === 'service') return target.backends ?? {};
  if (target.kind === 'chosen') return target.backends;
  return target.kind === 'labels' ? { matchLabels: target.matchLabels } : undefined;
}

export function chosenOf(target: SteerTarget, facet: Facet): readonly string[] {
  const choice = choiceOf(target) ?? {};
  if (facet !== 'matchLabels') return choice[facet] ?? [];
  return Object.entries(choice.matchLabels ?? {}).map(([key, value]) => `${key}=${value}`);
}

/** With the value taken up, or let go of. Of one label key only one value can hold. */
export function toggledIn(target: SteerTarget, facet: Facet, value: string): SteerTarget {
  const choice = choiceOf(target) ?? {};
  if (facet !== 'matchLabels') {
    const list = choice[facet] ?? [];
    const next = list.includes(value) ? list.filter((one) => one !== value) : [...list, value];
    return withChoice(target, { ...choice, [facet]: next.length === 0 ? undefined : next });
  }
  const at = value.indexOf('=');
  const [key, own] = [value.slice(0, at), value.slice(at + 1)];
  const labels = { ...choice.matchLabels };
  if (labels[key] === own) delete labels[key];
  else labels[key] = own;
  return withChoice(target, { ...choice, matchLabels: Object.keys(labels).length === 0 ? undefined : labels });
}

function withChoice(target: SteerTarget, choice: SteerBackends): SteerTarget {
  // Lists that say nothing are left out: what is compared and sent says only what was chosen.
  const backends: SteerBackends = JSON.parse(JSON.stringify(choice));
  const none = Object.keys(backends).length === 0;
  if (target.kind === 'service') {
    const { backends: _, ...whole } = target;
    return none ? whole : { ...whole, backends };
  }
  const namespace = 'namespace' in target && target.namespace !== undefined ? { namespace: target.namespace } : {};
  return { kind: 'chosen', ...namespace, backends };
}

/** The same without its lists: all that it could name. */
const withoutChoice = (target: SteerTarget): SteerTarget => withChoice(target, {});

/** A group of no Service must be chosen by something, else it would mean everything. */
export const choosesNothing = (target: SteerTarget): boolean =>
  target.kind === 'chosen' && Object.keys(target.backends).length === 0;

/** `names 2 of 4 backends`, `names 7 backends of 5 Services`. */
export function namedWords(city: Known, target: SteerTarget): string {
  const named = namedBackends(city, target);
  const services = new Set(named.map(({ service }) => service));
  const pods = new Set(named.map(({ podUid, address }) => podUid ?? address)).size;
  const one = pods === 1 ? 'pod' : 'pods';
  if (target.kind === 'service') {
    const all = new Set(namedBackends(city, withoutChoice(target)).map(({ podUid, address }) => podUid ?? address))
      .size;
    return `names ${pods} of ${all} ${all === 1 ? 'pod' : 'pods'} now`;
  }
  return `names ${pods} ${one} in ${services.size} ${services.size === 1 ? 'Service' : 'Services'} now`;
}
