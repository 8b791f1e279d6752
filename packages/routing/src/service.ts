import { cleanAddress } from './address.ts';
import { parseExternals } from './external-doors.ts';
import { isPort, isProtocol, quote, type Report } from './field.ts';
import { type Floor, parseFloor } from './floor.ts';
import type { KubeService } from './objects.ts';
import type { Problem } from './problem.ts';
import type { Family, Protocol, ServicePort, ServicePortId, TrafficPolicy } from './table.ts';

/** One port of a Service in one family with all its doors, before anybody knows who stands behind it. */
export type ServiceDoors = Omit<ServicePort, 'hasEndpoints' | 'floor' | 'backends'>;

export interface ParsedService {
  /** By port, IPv4 before IPv6. */
  readonly ports: readonly ServiceDoors[];
  /** Its own, absent = that of its namespace. */
  readonly floor?: Floor;
  readonly problems: readonly Problem[];
}

/** Another proxy serves Services with this label (kube-proxy's own opt-out). */
export const PROXY_NAME_LABEL = 'service.kubernetes.io/service-proxy-name';

/** What the API server fills in (core/v1 ClientIPConfig), and the longest it admits. */
const DEFAULT_AFFINITY_SECONDS = 10_800;
const MAX_AFFINITY_SECONDS = 86_400;

const FAMILIES: readonly Family[] = ['IPv4', 'IPv6'];

export function servicePortKey(namespace: string, name: string, portName: string, protocol: string): string {
  return `${namespace}/${name}:${portName}/${protocol}`;
}

export function servicePortId(key: string, family: Family): string {
  return family === 'IPv4' ? key : `${key}/IPv6`;
}

/** The family in which a service port of this id is routed. */
export function familyOfId(id: ServicePortId): Family {
  return id.endsWith('/IPv6') ? 'IPv6' : 'IPv4';
}

/**
 * The doors of a Service, family by family: one without a cluster IP of a family has none in it, whatever its external
 * addresses. A Service that is nobody's to route (headless, ExternalName, another proxy's) has none and no problem. A bad
 * field is left out by name; everything else works.
 * @param allowExternalIPs false = none of them opens a door
 */
export function parseService(service: KubeService, allowExternalIPs: boolean): ParsedService {
  const { metadata, spec } = service;
  const problems: Problem[] = [];
  const report: Report = (field, message) =>
    problems.push({ kind: 'Service', namespace: metadata.namespace ?? '', name: metadata.name, field, message });

  if (!spec?.clusterIP || spec.clusterIP === 'None' || spec.type === 'ExternalName') return { ports: [], problems };
  if (metadata.labels?.[PROXY_NAME_LABEL] !== undefined) return { ports: [], problems };
  const clusterIPs = clusterIPsOf(spec, report);
  const families = FAMILIES.filter((family) => clusterIPs[family] !== undefined);
  if (families.length === 0) return { ports: [], problems };

  const shared = {
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    internalTrafficPolicy: policyOf('spec.internalTrafficPolicy', spec.internalTrafficPolicy, report),
    affinitySeconds: affinityOf(spec, report),
  };
  const externals = parseExternals(
    service,
    policyOf('spec.externalTrafficPolicy', spec.externalTrafficPolicy, report),
    { families, allowExternalIPs, report },
  );
  const ports = parsePorts(service, report).flatMap((port) =>
    externals.map((external): ServiceDoors => {
      const { family } = external;
      return {
        id: servicePortId(port.key, family),
        clusterIP: clusterIPs[family] ?? '',
        ...port,
        ...shared,
        ...external,
      };
    }),
  );
  return { ports, floor: parseFloor(metadata, report), problems };
}

type Spec = NonNullable<KubeService['spec']>;

/** With `ipFamilies` they say whose address stands where; without, there is one family: that of `clusterIP`. */
function clusterIPsOf(spec: Spec, report: Report): Partial<Record<Family, string>> {
  const found: Partial<Record<Family, string>> = {};
  const take = (field: string, text: string, wanted?: string) => {
    const address = cleanAddress(text);
    if (!address) report(field, `not an IP address: ${quote(text)}`);
    else if (wanted !== undefined && wanted !== address.family)
      report(field, `not an ${wanted} address: ${quote(text)}`);
    else found[address.family] ??= address.text;
  };
  if (!spec.ipFamilies?.length) take('spec.clusterIP', spec.clusterIP ?? '');
  for (const [i, family] of (spec.ipFamilies ?? []).entries()) {
    const text = spec.clusterIPs?.[i];
    if (family !== 'IPv4' && family !== 'IPv6') report(`spec.ipFamilies[${i}]`, `unknown family ${quote(family)}`);
    else if (text !== undefined) take(`spec.clusterIPs[${i}]`, text, family);
  }
  return found;
}

function policyOf(field: string, value: string | undefined, report: Report): TrafficPolicy {
  if (value === 'Local') return 'Local';
  if (value && value !== 'Cluster') report(field, `unknown policy ${quote(value)}, taken for Cluster`);
  return 'Cluster';
}

function affinityOf(spec: Spec, report: Report): number | undefined {
  const { sessionAffinity } = spec;
  if (!sessionAffinity || sessionAffinity === 'None') return undefined;
  if (sessionAffinity !== 'ClientIP') {
    report('spec.sessionAffinity', `unknown affinity ${quote(sessionAffinity)}: None or ClientIP`);
    return undefined;
  }
  const seconds = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? DEFAULT_AFFINITY_SECONDS;
  if (Number.isInteger(seconds) && seconds >= 1 && seconds <= MAX_AFFINITY_SECONDS) return seconds;
  const message = `not from 1 to ${MAX_AFFINITY_SECONDS}: ${quote(seconds)}, taken for ${DEFAULT_AFFINITY_SECONDS}`;
  report('spec.sessionAffinityConfig.clientIP.timeoutSeconds', message);
  return DEFAULT_AFFINITY_SECONDS;
}

type PortDoors = Pick<ServiceDoors, 'key' | 'portName' | 'protocol' | 'port' | 'nodePort'>;

function parsePorts(service: KubeService, report: Report): PortDoors[] {
  const { metadata, spec } = service;
  const opensNodePorts = spec?.type === 'NodePort' || spec?.type === 'LoadBalancer';
  const ports = new Map<string, PortDoors>();
  const taken = new Set<string>();
  for (const [i, raw] of (spec?.ports ?? []).entries()) {
    const field = `spec.ports[${i}]`;
    const { name: portName = '', protocol = 'TCP', port } = raw;
    if (!isProtocol(protocol)) {
      report(`${field}.protocol`, `unsupported protocol ${quote(protocol)}: TCP, UDP or SCTP`);
      continue;
    }
    if (!isPort(port)) {
      report(`${field}.port`, `not a port number from 1 to 65535: ${quote(port)}`);
      continue;
    }
    const key = servicePortKey(metadata.namespace ?? '', metadata.name, portName, protocol);
    if (ports.has(key) || taken.has(`${protocol}:${port}`)) {
      report(field, `duplicate of another port: ${quote(portName)} ${protocol} ${port}`);
      continue;
    }
    taken.add(`${protocol}:${port}`);
    const nodePort = opensNodePorts ? nodePortOf(`${field}.nodePort`, raw.nodePort, protocol) : undefined;
    ports.set(key, { key, portName, protocol, port, nodePort });
  }
  return [...ports.values()];

  function nodePortOf(field: string, value: number | undefined, protocol: Protocol): number | undefined {
    if (!value) return undefined; // none was given out, e.g. allocateLoadBalancerNodePorts: false
    const door = `node ${protocol}:${value}`;
    if (!isPort(value)) report(field, `not a port number from 1 to 65535: ${quote(value)}`);
    else if (taken.has(door)) report(field, `duplicate of another node port: ${protocol} ${value}`);
    else {
      taken.add(door);
      return value;
    }
    return undefined;
  }
}
