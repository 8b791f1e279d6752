import type { CityRecord } from '@kubecity/protocol';
import { duration, plural } from './format.ts';
import type { Backend } from './services.ts';

/** How a Service treats its clients, in sentences; what decides who gets a connection comes first. */
export function policyWords(service: CityRecord<'service'>, backends: readonly Backend[]): readonly string[] {
  const { policy, type } = service;
  const none = routesNothing(service);
  if (none !== undefined) return [none];
  return [
    policy.affinitySeconds === undefined
      ? 'Every new connection is placed anew.'
      : `Clients keep their backend for ${duration(policy.affinitySeconds)} after their last connection.`,
    policy.internalTraffic === 'Local'
      ? 'Clients in the cluster get only pods on their own node.'
      : 'Clients in the cluster get any backend.',
    ...hintWords(backends, policy.distribution),
    ...externalWords(policy, type),
  ];
}

/** Of a Service that is a name only: it has no backends here, and refuses nobody. Undefined of all others. */
export function routesNothing({ policy, clusterIP }: CityRecord<'service'>): string | undefined {
  if (policy.externalName !== undefined) return `A name for ${policy.externalName}. Nothing is routed here.`;
  if (clusterIP === 'None') return 'Headless: its name resolves to the pods’ own addresses. Nothing is routed here.';
  return undefined;
}

function externalWords(policy: CityRecord<'service'>['policy'], type: string): readonly string[] {
  if (policy.externalTraffic === undefined) return ['No door for clients from outside.'];
  const words = [
    policy.externalTraffic === 'Local'
      ? 'Clients from outside get only pods on the node where they arrive; the pods see their addresses.'
      : 'Clients from outside get any backend; the pods see a node’s address in place of theirs.',
  ];
  if (policy.loadBalancers.length > 0) words.push(`Load balancer: ${policy.loadBalancers.join(', ')}.`);
  else if (type === 'LoadBalancer') words.push('Its load balancer has no address yet.');
  if (policy.sourceRanges.length > 0) {
    words.push(`Only ${policy.sourceRanges.join(', ')} may use the load balancer.`);
  }
  if (policy.externalIPs.length > 0) words.push(`Also reached at ${policy.externalIPs.join(', ')}.`);
  if (policy.healthCheckNodePort !== undefined) {
    words.push(`Load balancers ask each node at port ${policy.healthCheckNodePort} whether it has a pod.`);
  }
  return words;
}

/** Whether hints count: only while every ready backend of a port has one of the same kind. */
export type HintUse =
  | { readonly use: 'none' }
  /** Some ready backends have none: then none counts. */
  | { readonly use: 'partial'; readonly hinted: number; readonly ready: number }
  | { readonly use: 'nodes' | 'zones'; readonly places: ReadonlyMap<string, number> };

export function hintUse(backends: readonly Backend[]): HintUse {
  const ready = backends.filter((backend) => backend.ready);
  for (const use of ['nodes', 'zones'] as const) {
    const hinted = ready.filter(({ hints }) => hints?.[use] !== undefined);
    if (ready.length === 0 || hinted.length < ready.length) continue;
    const places = new Map<string, number>();
    for (const { hints } of hinted)
      for (const place of hints?.[use] ?? []) places.set(place, (places.get(place) ?? 0) + 1);
    return { use, places };
  }
  const hinted = ready.filter(({ hints }) => hints !== undefined).length;
  return hinted === 0 ? { use: 'none' } : { use: 'partial', hinted, ready: ready.length };
}

function hintWords(backends: readonly Backend[], distribution: string | undefined): readonly string[] {
  const asked = distribution === undefined ? [] : [`It asks for traffic distribution ${distribution}.`];
  const ports = new Set(backends.map(({ servicePort }) => servicePort));
  const said = new Set<string>();
  for (const port of ports) said.add(hintSentence(hintUse(backends.filter(({ servicePort }) => servicePort === port))));
  said.delete('');
  return [...asked, ...said];
}

function hintSentence(hints: HintUse): string {
  if (hints.use === 'none') return '';
  if (hints.use === 'partial') {
    return `${hints.hinted} of ${plural(hints.ready, 'ready backend')} have a hint: hints count only when all have one.`;
  }
  const places = [...hints.places].sort(([a], [b]) => a.localeCompare(b)).map(([name, n]) => `${name} ${n}`);
  const place = hints.use === 'zones' ? 'zone' : 'node';
  return `Clients in the cluster get backends meant for their ${place} (${places.join(', ')}), any if there is none.`;
}
