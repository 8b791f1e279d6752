import { createHash } from 'node:crypto';
import type { Refusal, SteerRequest } from '@kubecity/protocol';
import {
  type Backend,
  buildRoutingTable,
  type KubeRoutingOverride,
  NEUTRAL_WEIGHT,
  type Override,
  type OverrideSpec,
  parseOverride,
  portsOf,
  type RoutingInput,
  type ServicePort,
} from '@kubecity/routing';
import { backendId } from './object-records.ts';
import { serviceOf } from './traffic/figures.ts';

/** What must be written to the API for one request, and what to tell the operator when it is written. */
export type SteerPlan =
  | { readonly do: 'nothing'; readonly override?: string; readonly message: string }
  | { readonly do: 'create' | 'replace'; readonly object: KubeRoutingOverride; readonly message: string }
  | { readonly do: 'delete'; readonly object: KubeRoutingOverride; readonly message: string };

export class SteerRefusal extends Error {
  readonly code: Refusal;

  constructor(code: Refusal, message: string) {
    super(message);
    this.code = code;
  }
}

/** The backend a request names, as the pod (or bare address) within its Service that an override can name. */
interface Target {
  readonly port: ServicePort;
  readonly backend: Backend;
  /** Pod name, or address when no pod is behind it. */
  readonly who: string;
  readonly select: OverrideSpec['backends'];
}

type Make = Extract<SteerRequest, { action: 'drain' | 'weight' }>;

/**
 * Decides what one request means for the objects of the cluster.
 * @param city the objects of (at least) the Service
 * @param now Unix milliseconds
 * @throws SteerRefusal
 */
export function planSteer(request: SteerRequest, city: RoutingInput, now: number): SteerPlan {
  const input = onlyService(city, serviceOf(request.backend));
  const target = findTarget(request.backend, input);
  if (request.action === 'undrain') return planUndrain(target, input);
  if (request.action === 'weight' && request.weight === NEUTRAL_WEIGHT) return planNeutral(target, input);
  return planWish(request, target, input, now);
}

interface ServiceInput {
  readonly input: RoutingInput;
  readonly overrides: readonly KubeRoutingOverride[];
}

function onlyService(city: RoutingInput, service: string): ServiceInput {
  const [namespace = '', name = ''] = service.split('/');
  const here = <T extends { metadata: { namespace?: string } }>(objects: Iterable<T>) =>
    [...objects].filter((object) => object.metadata.namespace === namespace);
  const overrides = here(city.overrides).filter(
    (object) => (object.spec as { service?: unknown } | undefined)?.service === name,
  );
  const input = {
    services: here(city.services).filter((object) => object.metadata.name === name),
    endpointSlices: here(city.endpointSlices),
    pods: here(city.pods),
    overrides,
  };
  return { input, overrides };
}

function findTarget(id: string, { input }: ServiceInput): Target {
  const [key = '', address = ''] = id.split('|');
  const ports = portsOf(buildRoutingTable(input), key);
  if (ports.length === 0) throw new SteerRefusal('not-found', `There is no service port ${key}.`);
  const found = ports.flatMap((port) => port.backends.map((backend) => ({ port, backend })));
  const target = found.find(({ backend }) => backendId(key, backend) === id);
  if (!target) throw new SteerRefusal('not-found', `${key} has no backend ${address} any more.`);
  const { port, backend } = target;
  const who = backend.podName ?? backend.address;
  const select = backend.podName === undefined ? { addresses: [backend.address] } : { podNames: [backend.podName] };
  return { port, backend, who, select };
}

function planWish(request: Make, target: Target, service: ServiceInput, now: number): SteerPlan {
  const { port, backend, who, select } = target;
  const name = overrideName(port.name, request.action, who);
  const existing = service.overrides.find((object) => object.metadata.name === name);
  if (existing && !namesOnly(existing, target)) {
    const text = `RoutingOverride ${port.namespace}/${name} exists and says something else: ${covers(existing)}.`;
    throw new SteerRefusal('conflict', `${text} Rename or delete it first.`);
  }
  const holder = service.overrides.find((object) => object.metadata.uid === backend.overrideUid);
  if (request.action === 'drain' && backend.draining && holder) {
    return {
      do: 'nothing',
      override: holder.metadata.name,
      message: `${who} is draining already (${nameOf(holder)}).`,
    };
  }
  const object = wish(request, target, name, select, existing);
  const effect = judge(object, service, now);
  if (effect.refusal) throw effect.refusal;
  return { do: existing ? 'replace' : 'create', object, message: [done(request, who), ...effect.remarks].join(' ') };
}

function wish(
  request: Make,
  { port }: Target,
  name: string,
  backends: OverrideSpec['backends'],
  existing: KubeRoutingOverride | undefined,
): KubeRoutingOverride {
  const { resourceVersion, uid, creationTimestamp, labels, annotations } = existing?.metadata ?? {};
  const metadata = { namespace: port.namespace, name, resourceVersion, uid, creationTimestamp, labels, annotations };
  return {
    apiVersion: 'kubecity.dev/v1alpha1',
    kind: 'RoutingOverride',
    metadata,
    spec: {
      service: port.name,
      backends,
      ...(request.action === 'drain' ? { drain: { existing: 'wait' } } : { weight: request.weight }),
      ...(request.reason && { reason: request.reason }),
      ...(request.allowEmpty && { allowEmpty: true }),
    },
  } as KubeRoutingOverride;
}

/** Builds the routes as they would be with the wish, by the rules that the agents follow. */
function judge(object: KubeRoutingOverride, { input, overrides }: ServiceInput, now: number) {
  const uid = object.metadata.uid ?? 'wished';
  const creationTimestamp = object.metadata.creationTimestamp ?? apiTime(now);
  const wished = { ...object, metadata: { ...object.metadata, uid, creationTimestamp } };
  const others = overrides.filter(({ metadata }) => metadata.name !== object.metadata.name);
  const stateBefore = new Map(buildRoutingTable(input).outcomes.map(({ uid, state }) => [uid, state]));
  const { outcomes, servicePorts } = buildRoutingTable({ ...input, overrides: [...others, wished] });
  const mine = outcomes.find((outcome) => outcome.uid === uid);
  const remarks: string[] = [];
  for (const other of outcomes) {
    if (other.state !== 'lifted' || other.uid === uid || stateBefore.get(other.uid) === 'lifted') continue;
    remarks.push(`RoutingOverride ${other.name} is lifted by this: it does not allow an empty Service.`);
  }
  const { allowEmpty } = object.spec as { allowEmpty?: boolean };
  // within one second the names decide who is younger, so it may be another that would have to give way
  if (mine?.state === 'lifted' || (remarks.length > 0 && !allowEmpty)) return { remarks, refusal: wouldEmpty(object) };
  if (mine?.state === 'overruled') {
    const holders = [...servicePorts.values()].flatMap(({ backends }) =>
      backends.map((backend) => backend.overrideUid),
    );
    const winner = others.find(({ metadata }) => holders.includes(metadata.uid));
    return overruled(winner, remarks);
  }
  if (mine?.state === 'applied') return { remarks };
  const reason = mine?.message ?? 'it names no backend';
  return { remarks, refusal: new SteerRefusal('invalid-request', `This cannot be done: ${reason}.`) };
}

/** As API servers write it: whole seconds. With a fraction it would compare as older than its own second. */
const apiTime = (now: number) => `${new Date(now).toISOString().slice(0, 19)}Z`;

function wouldEmpty(object: KubeRoutingOverride): SteerRefusal {
  const { service } = object.spec as { service: string };
  return new SteerRefusal(
    'would-empty',
    `This would leave ${object.metadata.namespace}/${service} without a backend for new connections. ` +
      'Bring another backend back first, or allow an empty Service.',
  );
}

function overruled(winner: KubeRoutingOverride | undefined, remarks: readonly string[]) {
  const drains = winner !== undefined && specOf(winner)?.drain !== undefined;
  // a weight under a drain is a wish for afterwards; a weight under a younger weight would never count
  if (drains) return { remarks: [...remarks, `It counts once ${nameOf(winner)} is gone, which drains it now.`] };
  const by = winner ? `${nameOf(winner)} (${covers(winner)})` : 'another RoutingOverride';
  const refusal = new SteerRefusal('conflict', `Its weight comes from ${by}, which is younger. Change or delete that.`);
  return { remarks, refusal };
}

function planUndrain(target: Target, { overrides }: ServiceInput): SteerPlan {
  const { backend, who } = target;
  const drain = overrides.find(({ metadata }) => metadata.uid === backend.overrideUid);
  if (!backend.draining || !drain) {
    throw new SteerRefusal('invalid-request', `${who} is not draining, so there is nothing to undo.`);
  }
  refuseUnlessOnly(drain, target);
  return { do: 'delete', object: drain, message: `${who} gets new connections again.` };
}

function planNeutral(target: Target, { overrides }: ServiceInput): SteerPlan {
  const { port, backend, who } = target;
  const name = overrideName(port.name, 'weight', who);
  const ours = overrides.find(({ metadata }) => metadata.name === name);
  if (ours && specOf(ours)?.weight !== undefined) {
    refuseUnlessOnly(ours, target);
    return { do: 'delete', object: ours, message: `${who} is back at weight ${NEUTRAL_WEIGHT}.` };
  }
  const holder = overrides.find(({ metadata }) => metadata.uid === backend.overrideUid);
  if (!holder || backend.draining || backend.weight === NEUTRAL_WEIGHT) {
    return { do: 'nothing', message: `${who} has no weight of its own.` };
  }
  refuseUnlessOnly(holder, target);
  return { do: 'delete', object: holder, message: `${who} is back at weight ${NEUTRAL_WEIGHT}.` };
}

function refuseUnlessOnly(object: KubeRoutingOverride, target: Target): void {
  if (namesOnly(object, target)) return;
  const text = `${nameOf(object)} holds ${target.who} and more than that: ${covers(object)}.`;
  throw new SteerRefusal('conflict', `${text} Change or delete it with kubectl.`);
}

/** The override says nothing but this pod (or this address) of the Service. */
function namesOnly(object: KubeRoutingOverride, { backend }: Target): boolean {
  const { podNames = [], addresses = [], nodeNames = [], zones = [], selector } = specOf(object)?.backends ?? {};
  if (nodeNames.length + zones.length + Object.keys(selector?.matchLabels ?? {}).length > 0) return false;
  const onlyPod = podNames.length === 1 && podNames[0] === backend.podName;
  const onlyAddress = addresses.length === 1 && addresses[0] === backend.address;
  return (onlyPod && addresses.length === 0) || (onlyAddress && podNames.length === 0) || (onlyPod && onlyAddress);
}

/** What an override covers, in words: `pods a, b in zone z`. */
function covers(object: KubeRoutingOverride): string {
  const spec = specOf(object);
  if (!spec) return 'its spec is invalid';
  const { podNames, addresses, nodeNames, zones, selector } = spec.backends ?? {};
  const labels = Object.entries(selector?.matchLabels ?? {}).map(([key, value]) => `${key}=${value}`);
  const parts = [
    listed('pods', podNames),
    listed('addresses', addresses),
    listed('labels', labels),
    listed('on nodes', nodeNames),
    listed('in zones', zones),
    listed('ports', spec.ports),
  ].filter((part) => part !== '');
  return parts.length === 0 ? `every backend of Service ${spec.service}` : parts.join(' ');
}

function listed(what: string, names: readonly string[] | undefined): string {
  if (!names?.length) return '';
  const more = names.length > 5 ? ` and ${names.length - 5} more` : '';
  return `${what} ${names.slice(0, 5).join(', ')}${more}`;
}

function done(request: Make, who: string): string {
  return request.action === 'drain'
    ? `${who} gets no new connections once every node has confirmed it; what is open goes on.`
    : `${who} gets weight ${request.weight} for new connections.`;
}

function specOf(object: KubeRoutingOverride): Override['spec'] | undefined {
  const parsed = parseOverride(object);
  return 'override' in parsed ? parsed.override.spec : undefined;
}

const nameOf = ({ metadata }: KubeRoutingOverride) => `RoutingOverride ${metadata.namespace}/${metadata.name}`;

const MAX_NAME = 253;

/** `<service>-drain-<pod>`, the same each time; too long a name ends in a digest of the whole. */
export function overrideName(service: string, action: 'drain' | 'weight', who: string): string {
  const name = `${service}-${action}-${who.replaceAll(':', '-')}`.toLowerCase();
  if (name.length <= MAX_NAME) return name;
  const digest = createHash('sha256').update(name).digest('hex').slice(0, 8);
  return `${name.slice(0, MAX_NAME - 9).replace(/[.-]+$/, '')}-${digest}`;
}
