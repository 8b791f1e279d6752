import type { CityRecord, MapQuestion } from '@kubecity/protocol';
import type { City } from './city.ts';
import { socket } from './format.ts';

type Packet = Extract<MapQuestion, { kind: 'explain' }>;
/** Who would open the connection. An outside client comes in through a node. */
export type PacketSource = Packet['source'];
export type PacketDestination = Packet['destination'];

/** One line of a picker. */
export interface PacketEnd<T> {
  /** Stable, and unlike any other's. */
  readonly id: string;
  readonly group: string;
  readonly label: string;
  readonly detail: string;
  /** Everything it is found by, in lower case. */
  readonly words: string;
  readonly value: T;
}

const words = (...parts: readonly (string | undefined)[]) => parts.filter(Boolean).join(' ').toLowerCase();

/** Pods with an address, nodes, and the networks outside that are seen to call. */
export function packetSources(city: City): readonly PacketEnd<PacketSource>[] {
  const sources: PacketEnd<PacketSource>[] = [];
  for (const [uid, pod] of city.pod) {
    if (pod.node === undefined || pod.ip === undefined) continue;
    sources.push({
      ...{ id: `pod~${uid}`, group: 'Pods', label: pod.name, detail: `${pod.namespace} · ${pod.ip} · ${pod.node}` },
      words: words(`${pod.namespace}/${pod.name}`, pod.ip, pod.node),
      value: { kind: 'pod', uid },
    });
  }
  for (const [node, { addresses }] of city.node) {
    sources.push({
      ...{ id: `node~${node}`, group: 'Nodes', label: node, detail: `a program there · ${addresses.join(' ')}` },
      words: words('node', node, ...addresses),
      value: { kind: 'node', node },
    });
  }
  const [entry] = city.node.keys();
  for (const network of entry === undefined ? [] : outsideNetworks(city)) {
    const address = network.replace(/\/\d+$/, '');
    sources.push({
      ...{ id: `outside~${network}`, group: 'Outside', label: network, detail: 'seen outside the cluster' },
      words: words('outside', network),
      value: { kind: 'outside', address, node: entry as string },
    });
  }
  return sources.sort(byLabel);
}

function outsideNetworks(city: City): ReadonlySet<string> {
  const networks = new Set<string>();
  for (const { client } of city.edge.values()) {
    const network = client.id.slice('outside:'.length);
    if (client.kind === 'outside' && isAddress(network.replace(/\/\d+$/, ''))) networks.add(network);
  }
  return networks;
}

/** Every door of every Service: cluster IP, load balancer, external IP, node port; then the pods' own addresses. */
export function packetDestinations(city: City): readonly PacketEnd<PacketDestination>[] {
  const ends = [...city.service.values()].flatMap((service) => doorsOf(service, city));
  return ends.sort(byLabel);
}

function doorsOf(service: CityRecord<'service'>, city: City): PacketEnd<PacketDestination>[] {
  const { namespace, name, clusterIP, policy } = service;
  const doors: PacketEnd<PacketDestination>[] = [];
  for (const { name: portName, port, protocol, nodePort } of service.ports) {
    if (!isProtocol(protocol)) continue;
    const add = (group: string, what: string, address: string | undefined, at: number) => {
      if (address === undefined || !isAddress(address)) return;
      const value = { address, port: at, protocol };
      doors.push({
        ...{ id: destinationId(value), group, label: `${namespace}/${name}`, value },
        detail: [portName, socket(value), protocol, what].filter(Boolean).join(' · '),
        words: words(`${namespace}/${name}:${at}`, portName, what, socket(value), protocol),
      });
    };
    add('Services', 'cluster IP', clusterIP, port);
    for (const address of policy.loadBalancers) add('Doors for outside', 'load balancer', address, port);
    for (const address of policy.externalIPs) add('Doors for outside', 'external IP', address, port);
    if (nodePort !== undefined) {
      for (const { name: node, addresses } of city.node.values()) {
        add('Doors for outside', `node port of ${node}`, addresses[0], nodePort);
      }
    }
  }
  return doors;
}

const byLabel = (a: PacketEnd<unknown>, b: PacketEnd<unknown>) =>
  a.label.localeCompare(b.label, 'en', { numeric: true }) || a.detail.localeCompare(b.detail, 'en', { numeric: true });

export const destinationId = ({ address, port, protocol }: PacketDestination) =>
  `${socket({ address, port })}/${protocol}`;

const PROTOCOLS = ['TCP', 'UDP', 'SCTP'] as const;
const isProtocol = (text: string): text is PacketDestination['protocol'] => PROTOCOLS.some((one) => one === text);

/** Those that have every word of the text in a name or address; those whose label begins with it come first. */
export function endsMatching<T>(ends: readonly PacketEnd<T>[], text: string, most: number): readonly PacketEnd<T>[] {
  const wanted = text.toLowerCase().split(/\s+/).filter(Boolean);
  const [first] = wanted;
  if (first === undefined) return ends.slice(0, most);
  const found = ends.filter((end) => wanted.every((word) => end.words.includes(word)));
  const begins = (end: PacketEnd<T>) => Number(end.label.toLowerCase().startsWith(first));
  return found.sort((a, b) => begins(b) - begins(a)).slice(0, most);
}

/** A typed address as a source: the pod or node that has it, else a client outside, coming in through `entry`. */
export function typedSource(city: City, text: string, entry: string | undefined): PacketSource | undefined {
  const address = text.trim().toLowerCase();
  if (!isAddress(address)) return undefined;
  for (const [node, { addresses }] of city.node) if (addresses.includes(address)) return { kind: 'node', node };
  for (const [uid, { ip }] of city.pod) if (ip === address) return { kind: 'pod', uid };
  return entry === undefined ? undefined : { kind: 'outside', address, node: entry };
}

/** `10.96.0.10:80`, `[fd00::1]:53/udp`: where nothing is said, TCP. */
export function typedDestination(text: string): PacketDestination | undefined {
  const [, six, four, port, word = 'TCP'] =
    /^(?:\[([0-9a-f:.]+)\]|([0-9.]+)):(\d{1,5})(?:\/(tcp|udp|sctp))?$/i.exec(text.trim()) ?? [];
  const address = (six ?? four)?.toLowerCase();
  const protocol = word.toUpperCase();
  const number = Number(port);
  if (address === undefined || !isAddress(address) || number < 1 || number > 65_535 || !isProtocol(protocol)) {
    return undefined;
  }
  return { address, port: number, protocol };
}

/** What a person may mean by an address; the hub reads it strictly. */
export function isAddress(text: string): boolean {
  const octets = text.split('.');
  if (octets.length === 4) return octets.every((octet) => /^\d{1,3}$/.test(octet) && Number(octet) < 256);
  return /^[0-9a-f:]{2,39}$/i.test(text) && text.split(':').length > 2;
}

/** The first door of a Service that rules decide about: its cluster IP, or else one for outside. */
export function doorOfService(city: City, id: string, key?: string): PacketDestination | undefined {
  const service = city.service.get(id);
  if (!service) return undefined;
  const ports = key === undefined ? service.ports : service.ports.filter((port) => port.key === key);
  return doorsOf({ ...service, ports }, city)[0]?.value;
}

/** How an end that was picked is called now; the place where it is told, too. */
export function sourceWords(city: City, source: PacketSource): string {
  if (source.kind === 'outside') return `${source.address}, in through ${source.node}`;
  if (source.kind === 'node') return `a program on ${source.node}`;
  const pod = city.pod.get(source.uid);
  return pod ? `${pod.namespace}/${pod.name}` : 'a pod that is gone';
}

export function destinationWords(city: City, destination: PacketDestination): string {
  const id = destinationId(destination);
  for (const [name, service] of city.service) if (hasDoor(city, service, destination)) return `${name} · ${id}`;
  const pod = [...city.pod.values()].find(({ ip }) => ip === destination.address);
  return pod ? `${pod.namespace}/${pod.name} · ${id}` : id;
}

/** A Service's address with a port that it does not have: which Service, and which ports there are. */
export function portlessWords(city: Pick<City, 'service'>, destination: PacketDestination): string | undefined {
  const { address, port, protocol } = destination;
  for (const [name, service] of city.service) {
    if (!addressesOf(service).includes(address) || hasPort(service, destination)) continue;
    const ports = service.ports.map((one) => `${one.port}/${one.protocol}`).join(', ');
    return `${address} is of ${name}, which has no port ${port}/${protocol}, but ${ports}.`;
  }
  return undefined;
}

const addressesOf = ({ clusterIP, policy }: CityRecord<'service'>): readonly (string | undefined)[] => [
  clusterIP,
  ...policy.loadBalancers,
  ...policy.externalIPs,
];

const hasPort = ({ ports }: CityRecord<'service'>, { port, protocol }: PacketDestination): boolean =>
  ports.some((one) => one.port === port && one.protocol === protocol);

function hasDoor(city: City, service: CityRecord<'service'>, destination: PacketDestination): boolean {
  const { address, port, protocol } = destination;
  if (addressesOf(service).includes(address)) return hasPort(service, destination);
  const atNode = service.ports.some((one) => one.protocol === protocol && one.nodePort === port);
  return atNode && [...city.node.values()].some(({ addresses }) => addresses.includes(address));
}
