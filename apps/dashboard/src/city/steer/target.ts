import type { SteerBackends, SteerTarget } from '@kubecity/protocol';
import type { City } from '../city.ts';
import type { Selection } from '../find.ts';
import { plural } from '../format.ts';
import { type Backend, byName } from '../services.ts';

/** What targets are read from. */
export type Known = Pick<City, 'backend' | 'pod' | 'override'>;

export const sameTarget = (a: SteerTarget, b: SteerTarget): boolean => JSON.stringify(a) === JSON.stringify(b);

/** What a selected thing is as a target; undefined of what cannot be steered by itself. */
export function targetOf(
  city: Pick<City, 'backend' | 'pod' | 'edge'>,
  { kind, id }: Selection,
): SteerTarget | undefined {
  if (kind === 'backend') return city.backend.has(id) ? { kind, id } : undefined;
  if (kind === 'node') return { kind, name: id };
  if (kind === 'service') {
    const [namespace = '', name = ''] = id.split('/');
    return { kind, namespace, name };
  }
  if (kind === 'pod') {
    const pod = city.pod.get(id);
    return pod && { kind, namespace: pod.namespace, name: pod.name };
  }
  const backend = kind === 'edge' ? city.edge.get(id)?.backend : undefined;
  return backend !== undefined && city.backend.has(backend) ? { kind: 'backend', id: backend } : undefined;
}

/** Whose right it takes: a namespace, or undefined for one object of the whole cluster. */
export function namespaceOf(city: Pick<City, 'backend'>, target: SteerTarget): string | undefined {
  if (target.kind === 'backend') return city.backend.get(target.id)?.service.split('/')[0];
  return 'namespace' in target ? target.namespace : undefined;
}

/** The backends that a target names now, in the order of their names. */
export function namedBackends(city: Known, target: SteerTarget): readonly Backend[] {
  const named: Backend[] = [];
  const fits = matcher(city, target);
  for (const [id, backend] of city.backend) {
    const one = { ...backend, id };
    if (fits(one)) named.push(one);
  }
  return named.sort(byName);
}

function matcher(city: Known, target: SteerTarget): (backend: Backend) => boolean {
  switch (target.kind) {
    case 'backend': {
      const own = city.backend.get(target.id);
      return (one) =>
        one.id === target.id ||
        (own !== undefined && one.service === own.service && one.podUid !== undefined && one.podUid === own.podUid);
    }
    case 'service': {
      const service = `${target.namespace}/${target.name}`;
      const ports = target.ports?.length ? new Set(target.ports) : undefined;
      const chosen = choice(city, target.backends ?? {});
      return (one) =>
        one.service === service && (ports === undefined || ports.has(portName(one.servicePort))) && chosen(one);
    }
    case 'pod':
      return (one) => one.podName === target.name && one.service.startsWith(`${target.namespace}/`);
    case 'node':
      return (one) => one.node === target.name;
    case 'zone':
      return (one) => one.zone === target.name;
    case 'labels':
      return within(target.namespace, choice(city, { matchLabels: target.matchLabels }));
    case 'chosen':
      return within(target.namespace, choice(city, target.backends));
    case 'override': {
      const held = [...city.override.values()].find(
        ({ namespace, name }) => namespace === (target.namespace ?? '') && name === target.name,
      );
      const ids = new Set(held?.backends);
      return (one) => ids.has(one.id);
    }
  }
}

const within =
  (namespace: string | undefined, fits: (backend: Backend) => boolean): ((backend: Backend) => boolean) =>
  (one) =>
    (namespace === undefined || one.service.startsWith(`${namespace}/`)) && fits(one);

/** All fields that are given must match; an empty list is none given. */
function choice(
  { pod }: Pick<City, 'pod'>,
  { matchLabels = {}, podNames = [], nodeNames = [], zones = [], addresses = [] }: SteerBackends,
): (backend: Backend) => boolean {
  const labels = Object.entries(matchLabels);
  const has = (list: readonly string[], value: string | undefined) =>
    list.length === 0 || (value !== undefined && list.includes(value));
  return (one) => {
    if (!has(podNames, one.podName) || !has(nodeNames, one.node) || !has(zones, one.zone)) return false;
    if (!has(addresses, one.address)) return false;
    const own = labels.length === 0 ? undefined : pod.get(one.podUid ?? '')?.labels;
    return labels.every(([key, value]) => own?.[key] === value);
  };
}

/** `http` of `shop/cart:http/TCP`. */
const portName = (servicePort: string): string =>
  servicePort.slice(servicePort.indexOf(':') + 1, servicePort.lastIndexOf('/'));

/** The lists of a selection in words: `with version=v2, on node-a or node-b`; empty when nothing is given. */
export function choiceWords(backends: SteerBackends | undefined): string {
  const { matchLabels = {}, podNames = [], nodeNames = [], zones = [], addresses = [] } = backends ?? {};
  const labels = Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`);
  const parts = [
    few('pods', podNames),
    few('addresses', addresses),
    labels.length > 0 ? `with ${labels.join(' and ')}` : '',
    nodeNames.length > 0 ? `on ${few('nodes', nodeNames)}` : '',
    zones.length > 0 ? `in ${few('zones', zones)}` : '',
  ];
  return parts.filter(Boolean).join(', ');
}

/** Names that fit a line, else how many they are. */
function few(what: string, names: readonly string[]): string {
  return names.length <= 3 ? names.join(' or ') : plural(names.length, what.slice(0, -1), what);
}

/** Whom it is about, as the end of a sentence. */
export function targetWords(city: Pick<City, 'backend'>, target: SteerTarget): string {
  switch (target.kind) {
    case 'backend': {
      const backend = city.backend.get(target.id);
      return backend ? `${backend.podName ?? backend.address} in ${backend.service}` : target.id;
    }
    case 'service': {
      const words = choiceWords(target.backends);
      const service = `${target.namespace}/${target.name}`;
      const ports = target.ports?.length ? `, port ${target.ports.join(', ')}` : '';
      return words === '' ? `every backend of ${service}${ports}` : `backends of ${service}${ports} ${words}`;
    }
    case 'pod':
      return `${target.name} in all its Services`;
    case 'node':
      return `${target.name}, every backend on it`;
    case 'zone':
      return `zone ${target.name}, every backend in it`;
    case 'labels':
      return `pods ${choiceWords({ matchLabels: target.matchLabels })} in ${where(target.namespace)}`;
    case 'chosen':
      return `backends ${choiceWords(target.backends)} in ${where(target.namespace)}`;
    case 'override':
      return `what override ${target.name} names`;
  }
}

const where = (namespace: string | undefined): string => namespace ?? 'all namespaces';

/** What a person types who wants to break a floor: the name of the Service, else of the node, zone, pod or override. */
export function nameToType(city: Pick<City, 'backend' | 'override'>, target: SteerTarget): string {
  switch (target.kind) {
    case 'backend':
      return city.backend.get(target.id)?.service.split('/')[1] ?? target.id;
    case 'labels':
      return Object.values(target.matchLabels)[0] ?? target.namespace ?? '';
    case 'chosen':
      return target.namespace ?? target.backends.nodeNames?.[0] ?? target.backends.zones?.[0] ?? 'all namespaces';
    default:
      return target.name;
  }
}
