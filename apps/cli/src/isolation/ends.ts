import { isKubeError, type KubeClient, resources } from '@kubecity/kube';
import {
  cleanAddress,
  familyOf,
  type KubeEndpointSlice,
  type KubeNode,
  type KubeService,
  PROXY_NAME_LABEL,
  socketText,
} from '@kubecity/routing';
import { Failure } from '../failure.ts';
import type { OwnedPod, PolicyCity } from './policy-city.ts';

/** What somebody named as one end of a connection. */
export type NamedEnd =
  | { readonly kind: 'pod' | 'node'; readonly namespace: string; readonly name: string }
  | { readonly kind: 'service'; readonly namespace: string; readonly name: string; readonly port?: string }
  | { readonly kind: 'address'; readonly address: string };

const KINDS: Readonly<Record<string, 'pod' | 'node' | 'service'>> = {
  pod: 'pod',
  pods: 'pod',
  po: 'pod',
  node: 'node',
  nodes: 'node',
  no: 'node',
  service: 'service',
  services: 'service',
  svc: 'service',
};

/** `web-1`, `shop/web-1`, `pod/web-1`, `pod/shop/web-1`, `service/cart:http`, `node/a` or an address. @throws Failure `usage` */
export function endOf(text: string, option: '--from' | '--to', namespace: string): NamedEnd {
  const address = cleanAddress(text);
  if (address) return { kind: 'address', address: address.text };
  const words = text.split('/');
  const kind = words.length > 1 ? KINDS[words[0] ?? ''] : undefined;
  const [name = '', home = namespace, more] = (kind ? words.slice(1) : words).reverse();
  const [, plain = '', port] = /^([^:]*)(?::([^:]+))?$/.exec(name) ?? [];
  const isPortMisplaced = port !== undefined && kind !== 'service';
  if (
    more !== undefined ||
    plain === '' ||
    home === '' ||
    isPortMisplaced ||
    (kind === 'service' && option === '--from')
  ) {
    const spellings = option === '--to' ? 'pod/NAME, service/NAME:PORT, node/NAME' : 'pod/NAME, node/NAME';
    const remark = isPortMisplaced ? ' The port goes into --port.' : '';
    throw new Failure(
      'usage',
      `${option}: ${JSON.stringify(text)} is no end. Give ${spellings} or an address.${remark}`,
    );
  }
  return kind === 'service'
    ? { kind, namespace: home, name: plain, port }
    : { kind: kind ?? 'pod', namespace: home, name: plain };
}

/** Where somebody is reached, or calls from. */
export interface Place {
  readonly address: string;
  /** For people. */
  readonly label: string;
  readonly node?: string;
  readonly pod?: OwnedPod;
}

/** @throws Failure where it is not there, or has no address */
export function placesOf(end: Exclude<NamedEnd, { kind: 'service' }>, city: PolicyCity): Place[] {
  if (end.kind === 'address') return [placeAt(end.address, city)];
  if (end.kind === 'node') {
    const node = city.nodes.find(({ metadata }) => metadata.name === end.name);
    if (!node) throw new Failure('failure', `There is no node ${end.name}, or you may not list nodes.`);
    const places = addressesOfNode(node).map((address) => ({ address, label: `node ${end.name}`, node: end.name }));
    if (places.length === 0) throw new Failure('failure', `Node ${end.name} has no internal address.`);
    return places;
  }
  const { namespace, name } = end;
  const pod = city.pods.find(
    ({ metadata }) => metadata.name === name && (metadata.namespace ?? 'default') === namespace,
  );
  if (!pod) throw new Failure('failure', `There is no pod ${name} in namespace ${namespace}.`);
  const { phase, podIP, podIPs = podIP === undefined ? [] : [{ ip: podIP }] } = pod.status ?? {};
  if (phase === 'Succeeded' || phase === 'Failed')
    throw new Failure('failure', `Pod ${namespace}/${name} has ended (${phase}).`);
  const addresses = podIPs.flatMap(({ ip }) => cleanAddress(ip)?.text ?? []);
  if (addresses.length === 0) throw new Failure('failure', `Pod ${namespace}/${name} has no address yet.`);
  return addresses.map((address) => ({ address, label: `${namespace}/${name}`, node: pod.spec?.nodeName, pod }));
}

/** Whoever has the address now, by the best claim. */
function placeAt(address: string, { tracker, pods, nodes }: PolicyCity): Place {
  const known = tracker.podsAt(address)[0];
  if (known) {
    const isIt = ({ metadata }: OwnedPod) => `${metadata.namespace ?? 'default'}/${metadata.name}` === known.id;
    return { address, label: known.id, node: known.node, pod: pods.find(isIt) };
  }
  const node = nodes.find((one) => tracker.isAddressOfNode(address, one.metadata.name))?.metadata.name;
  return node === undefined ? { address, label: address } : { address, label: `node ${node}`, node };
}

export function addressesOfNode({ status }: KubeNode): string[] {
  const internal = status?.addresses?.filter(({ type }) => type === 'InternalIP') ?? [];
  return internal.flatMap(({ address }) => cleanAddress(address)?.text ?? []);
}

/** A place and the port there, behind whatever led to it. */
export interface Target extends Place {
  readonly port: number;
}

/** Of a Service's port the endpoints that may take connections. @throws Failure */
export async function endpointsOf(
  end: Extract<NamedEnd, { kind: 'service' }>,
  wished: string | undefined,
  protocol: string,
  client: KubeClient,
  city: PolicyCity,
): Promise<{ readonly port: string; readonly targets: Target[] }> {
  const { namespace, name } = end;
  const port = servicePortOf(await serviceOf(client, namespace, name), end.port ?? wished, protocol);
  const { items } = await client.list<KubeEndpointSlice>(resources.endpointSlices, {
    namespace,
    labelSelector: `kubernetes.io/service-name=${name},!${PROXY_NAME_LABEL}`,
  });
  const targets = items.flatMap(({ ports, endpoints }) => {
    const own = ports?.find(
      (one) => (one.name ?? '') === (port.name ?? '') && (one.protocol ?? 'TCP') === protocol,
    )?.port;
    const usable = (endpoints ?? []).filter(({ conditions }) => conditions?.serving ?? conditions?.ready ?? true);
    const addresses = usable.flatMap(({ addresses: [first] = [] }) =>
      first === undefined ? [] : (cleanAddress(first)?.text ?? []),
    );
    return own === undefined || own === null
      ? []
      : addresses.map((address) => ({ ...placeAt(address, city), port: own }));
  });
  const unique = [...new Map(targets.map((target) => [socketText(target.address, target.port), target])).values()];
  const called = `${namespace}/${name}:${port.name ?? port.port}`;
  if (unique.length === 0)
    throw new Failure('failure', `Service ${called} has no endpoint that takes ${protocol} connections.`);
  return { port: called, targets: unique.sort((a, b) => (a.label < b.label ? -1 : 1)) };
}

async function serviceOf(client: KubeClient, namespace: string, name: string): Promise<KubeService> {
  try {
    return await client.get<KubeService>(resources.services, { namespace, name });
  } catch (error) {
    if (isKubeError(error, 'not-found'))
      throw new Failure('failure', `There is no Service ${name} in namespace ${namespace}.`);
    throw error;
  }
}

function servicePortOf({ metadata, spec }: KubeService, wished: string | undefined, protocol: string) {
  const ports = (spec?.ports ?? []).filter((one) => (one.protocol ?? 'TCP') === protocol);
  const fits = ports.filter((one) => wished === undefined || one.name === wished || String(one.port) === wished);
  const [port, another] = fits;
  const there = ports.map((one) => `${one.name ?? one.port}`).join(', ') || 'none';
  if (!port)
    throw new Failure('failure', `Service ${metadata.name} has no ${protocol} port ${wished ?? ''}. It has: ${there}.`);
  if (another)
    throw new Failure(
      'usage',
      `Service ${metadata.name} has several ${protocol} ports: ${there}. Give one: service/${metadata.name}:PORT.`,
    );
  return port;
}

/** Pairs that can speak with each other: of one family. */
export function ofFamily(places: readonly Place[], address: string): Place | undefined {
  return places.find((place) => familyOf(place.address) === familyOf(address));
}
