import type { CityRecord } from '@kubecity/protocol';
import type { City } from './city.ts';
import type { Edge } from './edges.ts';
import { count, percent, plural, rate } from './format.ts';
import { type Counted, countedWords } from './share.ts';
import { nodeOfClient, open } from './traffic.ts';

/**
 * Why a pod gets no connections of a Service, the first that holds:
 * - `unselected`: it backs no Service (there is one reason, without a Service)
 * - `gets`: it does get some
 * - `terminating`, `unready`: it takes no new ones while others do
 * - `drained`, `weightless`: an override keeps new ones away
 * - `refused`: network policies refuse who tries
 * - `headless`: nothing is routed, clients choose by name
 * - `elsewhere`: policy Local, and nobody calls from its node
 * - `hinted`: its hints name zones or nodes where nobody calls from
 * - `unasked`: on the list, but no client connects to the Service
 * - `kept`: session affinity keeps the clients there are at other backends
 * - `chance`: on the list, and so few connections that none is no wonder
 * - `unexplained`: on the list, and by its share it should have got some
 */
export type NoneKind =
  | 'unselected'
  | 'gets'
  | 'terminating'
  | 'unready'
  | 'drained'
  | 'weightless'
  | 'refused'
  | 'headless'
  | 'elsewhere'
  | 'hinted'
  | 'unasked'
  | 'kept'
  | 'chance'
  | 'unexplained';

export interface NoneReason {
  readonly kind: NoneKind;
  /** `namespace/name`; absent when it backs none. */
  readonly service?: string;
  readonly servicePort?: string;
  readonly words: string;
}

type Backend = CityRecord<'backend'>;

/** One reason for each service port that the pod stands behind, in the order of their names. */
export function whyNone(city: City, uid: string): readonly NoneReason[] {
  const own = [...city.backend].filter(([, { podUid }]) => podUid === uid);
  if (own.length === 0) {
    const pod = city.pod.get(uid);
    const where = pod ? ` in ${pod.namespace}` : '';
    return [{ kind: 'unselected', words: `No Service${where} has it as a backend: no selector fits its labels.` }];
  }
  return own
    .sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }))
    .map(([id, backend]) => {
      const { service, servicePort } = backend;
      return { service, servicePort, ...whyNoneOf(city, id, backend) };
    });
}

type Reason = Pick<NoneReason, 'kind' | 'words'>;

/** The reason of one backend; of the city's edges only those of its service port are read. */
export function whyNoneOf(city: City, id: string, backend: Backend): Reason {
  const edges = [...city.edge.values()].filter((edge) => edge.servicePort === backend.servicePort);
  const into = edges.filter((edge) => edge.backend === id && alive(edge));
  if (into.length > 0) return { kind: 'gets', words: getsWords(into) };
  return ofItself(city, backend) ?? refusedTo(city, backend) ?? ofItsPlace(city, id, backend, edges.filter(alive));
}

const alive = (edge: Edge) => edge.openedPerSecond > 0 || open(edge) > 0;

function getsWords(into: readonly Edge[]): string {
  const opened = into.reduce((sum, edge) => sum + edge.openedPerSecond, 0);
  const clients = plural(into.length, 'client');
  return opened > 0
    ? `It gets ${rate(opened)} new connections a second from ${clients}.`
    : `It has open connections of ${clients}, and gets no new ones now.`;
}

/** What keeps everybody away. A backend that is not ready may still serve while there is no other: then it is `usable`. */
function ofItself(city: City, backend: Backend): Reason | undefined {
  const { usable, terminating, draining, weight, overrideUid, podUid = '' } = backend;
  if (!usable && terminating) {
    return { kind: 'terminating', words: 'It is shutting down: new connections go to the others.' };
  }
  if (!usable) {
    const phase = city.pod.get(podUid)?.phase;
    const why = phase === undefined || phase === 'Running' ? 'its readiness check does not pass' : `it is ${phase}`;
    return { kind: 'unready', words: `It is not ready: ${why}.` };
  }
  if (draining) return { kind: 'drained', words: `Drained by ${overrideWords(city, overrideUid)}.` };
  if (weight === 0) return { kind: 'weightless', words: `Its weight is 0 by ${overrideWords(city, overrideUid)}.` };
  return undefined;
}

function overrideWords(city: City, uid: string | undefined): string {
  const override = uid === undefined ? undefined : city.override.get(uid);
  if (!override) return 'an override that is gone';
  const by = override.by === undefined ? '' : ` of ${override.by}`;
  const reason = override.reason === undefined ? '' : ` (“${override.reason}”)`;
  return `override ${override.name}${by}${reason}`;
}

/** Who tries to come to it and may not, by the last minute's attempts. */
function refusedTo({ refusal }: City, { podUid, service }: Backend): Reason | undefined {
  const attempts = [...refusal.values()].filter(
    (one) => podUid !== undefined && one.podUid === podUid && (one.service ?? service) === service,
  );
  const [last] = attempts.sort((a, b) => b.lastAt - a.lastAt);
  if (!last) return undefined;
  const clients = new Set(attempts.map(({ client }) => client.label));
  const who = clients.size === 1 ? last.client.label : `${last.client.label} and ${count(clients.size - 1)} more`;
  const { direction, policies } = last;
  const what = direction === 'ingress' ? 'who comes to it' : 'who would go there';
  return { kind: 'refused', words: `${policyNames(policies)} refuse${verb(policies)} ${what}: ${who} tried.` };
}

const policyNames = (policies: readonly string[]): string =>
  `Network ${policies.length === 1 ? 'policy' : 'policies'} ${policies.join(', ')}`;
const verb = (policies: readonly string[]): string => (policies.length === 1 ? 's' : '');

/** What keeps the clients away that there are. */
function ofItsPlace(city: City, id: string, backend: Backend, edges: readonly Edge[]): Reason {
  const service = city.service.get(backend.service);
  if (service && (service.clusterIP === 'None' || service.type === 'ExternalName')) {
    return { kind: 'headless', words: 'The Service has no address of its own: clients choose a pod by its name.' };
  }
  const share = percent(backend.wishedShare);
  if (edges.length === 0) {
    return {
      kind: 'unasked',
      words: `It is on the list with a share of ${share}, but no client connects.${closed(city, backend)}${silent(city)}`,
    };
  }
  return notFromHere(city, backend, edges) ?? notInTheirHints(city, backend, edges) ?? unlucky(city, id, backend);
}

function notFromHere(city: City, backend: Backend, edges: readonly Edge[]): Reason | undefined {
  const policy = city.service.get(backend.service)?.policy;
  if (policy?.internalTraffic !== 'Local' || backend.node === undefined) return undefined;
  const inside = edges.filter(({ client }) => client.kind !== 'outside');
  if (inside.length < edges.length || inside.some((edge) => nodeOfClient(city, edge) === backend.node))
    return undefined;
  const words = `The policy is Local: only clients on ${backend.node} may use it, and none calls from there.`;
  return { kind: 'elsewhere', words: words + silent(city) };
}

/** Hints count only while every ready backend has one of their kind, and where they lead somewhere; nodes go before zones. */
function notInTheirHints(city: City, backend: Backend, edges: readonly Edge[]): Reason | undefined {
  const ready = [...city.backend.values()].filter((one) => one.servicePort === backend.servicePort && one.ready);
  for (const kind of ['nodes', 'zones'] as const) {
    if (!ready.every((one) => one.hints?.[kind] !== undefined)) continue;
    const callers = edges.map((edge) => callerOf(city, edge, kind));
    // Who came through another door, or from a node without a zone, is not led by hints.
    const led = callers.every((caller) => caller !== undefined && ready.some((one) => leads(one, kind, caller)));
    const mine = backend.hints?.[kind] ?? [];
    if (!led || callers.some((caller) => mine.includes(caller as string))) continue;
    const where = [...new Set(callers)].sort().join(', ');
    const what = kind === 'nodes' ? 'node' : 'zone';
    const words = `Its hints lead clients in ${what} ${mine.join(', ')} here; those there are call from ${where}.`;
    return { kind: 'hinted', words: words + silent(city) };
  }
  return undefined;
}

const leads = (one: Backend, kind: 'nodes' | 'zones', caller: string) =>
  one.weight > 0 && (one.hints?.[kind]?.includes(caller) ?? false);

function callerOf(city: City, edge: Edge, kind: 'nodes' | 'zones'): string | undefined {
  const node = nodeOfClient(city, edge);
  return kind === 'nodes' || node === undefined ? node : city.node.get(node)?.zone;
}

/** None among so many is chance while it is likelier than this. */
const NO_WONDER = 0.05;

function unlucky(city: City, id: string, { service, wishedShare }: Backend): Reason {
  const load = city.load.get(id);
  const share = percent(wishedShare);
  const among = load?.openedOfPort ?? 0;
  if (city.service.get(service)?.policy.affinitySeconds !== undefined) {
    const words = `It is on the list with a share of ${share}, but the clients there are, are kept at other backends.`;
    return { kind: 'kept', words: words + silent(city) };
  }
  if ((1 - wishedShare) ** among > NO_WONDER) {
    return { kind: 'chance', words: `It is on the list with a share of ${share}, and ${fewWords(load)}.` };
  }
  const words = `It is on the list with a share of ${share} and got none of ${countedWords(load as Counted)}.`;
  return { kind: 'unexplained', words: `${words} Ask the rules of a client’s node.${silent(city)}` };
}

function fewWords(load: Counted | undefined): string {
  if (load?.sinceChange && load.windowSeconds === 0) return countedWords(load);
  const few =
    load && load.openedOfPort > 0 ? `there were ${countedWords(load)}` : 'no new connection was opened lately';
  return `${few}: none is no wonder`;
}

/** Who tried longer than a minute ago is forgotten: the gate is still there. */
function closed(city: City, { podUid = '' }: Backend): string {
  const policies = city.pod.get(podUid)?.gates?.ingress ?? [];
  return policies.length === 0
    ? ''
    : ` ${policyNames(policies)} close${verb(policies)} it to all but those named there.`;
}

/** Nodes without figures may have clients that nobody sees. */
function silent(city: City): string {
  const mute = [...city.node.values()].filter(({ agent }) => agent.state !== 'live').length;
  return mute === 0 ? '' : ` ${plural(mute, 'node')} tell${mute === 1 ? 's' : ''} nothing: clients there are not seen.`;
}

/** A pod that calls this Service now, the busiest: whose way to look at. */
export function busiestCaller(city: City, service: string): string | undefined {
  let best: Edge | undefined;
  for (const edge of city.edge.values()) {
    if (edge.service !== service || edge.client.kind !== 'pod') continue;
    if (!city.pod.has(edge.client.id.slice('pod:'.length))) continue;
    if (!best || edge.openedPerSecond > best.openedPerSecond) best = edge;
  }
  return best?.client.id.slice('pod:'.length);
}
