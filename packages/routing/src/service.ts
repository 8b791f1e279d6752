import { cleanIPv4 } from './address.ts';
import type { KubeService } from './objects.ts';
import type { Problem } from './problem.ts';
import type { Protocol } from './table.ts';

/** A door of a Service before anybody knows who stands behind it. */
export interface ServiceDoor {
  readonly key: string;
  readonly portName: string;
  readonly protocol: Protocol;
  readonly clusterIP: string;
  readonly port: number;
}

export interface ParsedService {
  readonly doors: readonly ServiceDoor[];
  readonly localOnly: boolean;
  readonly problems: readonly Problem[];
}

/** Another proxy serves Services with this label (kube-proxy's own opt-out). */
export const PROXY_NAME_LABEL = 'service.kubernetes.io/service-proxy-name';

export function servicePortKey(namespace: string, name: string, portName: string, protocol: string): string {
  return `${namespace}/${name}:${portName}/${protocol}`;
}

/**
 * The IPv4 cluster-IP doors of a Service. A Service that is nobody's to route (headless, ExternalName, another proxy's)
 * has none and no problem. A bad port is left out by name; the other ports work. What is not programmed yet is a problem
 * too, so that nobody takes silence for support.
 */
export function parseService(service: KubeService): ParsedService {
  const { metadata, spec } = service;
  const none: ParsedService = { doors: [], localOnly: false, problems: [] };
  if (!spec || spec.type === 'ExternalName' || metadata.labels?.[PROXY_NAME_LABEL] !== undefined) return none;
  const addresses = spec.clusterIPs?.length ? spec.clusterIPs : spec.clusterIP ? [spec.clusterIP] : [];
  if (addresses.length === 0 || spec.clusterIP === 'None' || addresses[0] === 'None') return none;

  const problems: Problem[] = [];
  const report = (field: string, message: string) =>
    problems.push({ kind: 'Service', namespace: metadata.namespace ?? '', name: metadata.name, field, message });

  reportUnbuilt(spec, report);
  const index = addresses.findIndex((address) => !address.includes(':'));
  const raw = addresses[index];
  if (raw === undefined) return { ...none, problems };
  const clusterIP = cleanIPv4(raw);
  if (clusterIP === undefined) {
    report(spec.clusterIPs ? `spec.clusterIPs[${index}]` : 'spec.clusterIP', `not an IPv4 address: ${quote(raw)}`);
    return { ...none, problems };
  }
  return {
    doors: parsePorts(service, clusterIP, report),
    localOnly: spec.internalTrafficPolicy === 'Local',
    problems,
  };
}

type Report = (field: string, message: string) => void;

function parsePorts(service: KubeService, clusterIP: string, report: Report): ServiceDoor[] {
  const { metadata } = service;
  const doors = new Map<string, ServiceDoor>();
  const taken = new Set<string>();
  for (const [i, port] of (service.spec?.ports ?? []).entries()) {
    const field = `spec.ports[${i}]`;
    const protocol = port.protocol ?? 'TCP';
    if (!isProtocol(protocol)) {
      report(`${field}.protocol`, `unsupported protocol ${quote(protocol)}: TCP, UDP or SCTP`);
      continue;
    }
    if (!isPort(port.port)) {
      report(`${field}.port`, `not a port number from 1 to 65535: ${quote(port.port)}`);
      continue;
    }
    const portName = port.name ?? '';
    const key = servicePortKey(metadata.namespace ?? '', metadata.name, portName, protocol);
    const door = `${protocol}:${port.port}`;
    if (doors.has(key) || taken.has(door)) {
      report(field, `duplicate of another port: ${quote(portName)} ${protocol} ${port.port}`);
      continue;
    }
    taken.add(door);
    doors.set(key, { key, portName, protocol, clusterIP, port: port.port });
  }
  return [...doors.values()];
}

function reportUnbuilt(spec: NonNullable<KubeService['spec']>, report: Report): void {
  if (spec.sessionAffinity === 'ClientIP') {
    report('spec.sessionAffinity', 'ClientIP is not programmed yet: new connections are spread without affinity');
  }
  if (spec.type === 'NodePort' || spec.type === 'LoadBalancer') {
    report(
      'spec.type',
      `node ports and load balancer addresses of a ${spec.type} Service are not programmed yet: only its cluster IP is`,
    );
  }
  if (spec.externalIPs?.length)
    report('spec.externalIPs', 'external IPs are not programmed yet: only the cluster IP is');
}

export function isPort(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 65_535;
}

export function isProtocol(value: string): value is Protocol {
  return value === 'TCP' || value === 'UDP' || value === 'SCTP';
}

function quote(value: unknown): string {
  return JSON.stringify(value) ?? String(value);
}
