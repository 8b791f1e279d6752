import { type Address, cleanAddress, cleanRange } from './address.ts';
import { isPort, quote, type Report } from './field.ts';
import type { KubeLoadBalancerIngress, KubeService } from './objects.ts';
import type { Family, ServicePort, TrafficPolicy } from './table.ts';

/** What all ports of a Service share of the doors for clients from outside, in one family. */
export type ExternalDoors = Pick<
  ServicePort,
  | 'family'
  | 'externalIPs'
  | 'loadBalancerIPs'
  | 'loadBalancerSourceRanges'
  | 'externalTrafficPolicy'
  | 'healthCheckNodePort'
>;

export interface ParseOptions {
  /** Families in which the Service has a cluster IP. */
  readonly families: readonly Family[];
  /** Without it `spec.externalIPs` counts as absent. */
  readonly allowExternalIPs: boolean;
  readonly report: Report;
}

/**
 * One entry per family.
 * @param wished the external traffic policy as the Service says it; `Local` counts only where there is an external door
 */
export function parseExternals(
  service: KubeService,
  wished: TrafficPolicy,
  { families, allowExternalIPs, report }: ParseOptions,
): ExternalDoors[] {
  const { spec, status } = service;
  const wishedIPs = spec?.externalIPs ?? [];
  // The API goes on accepting them, so somebody has to say it.
  if (!allowExternalIPs && wishedIPs.length > 0)
    report('spec.externalIPs', 'external IPs are switched off on this node');
  const externals = allowExternalIPs ? wishedIPs : [];
  const hasDoors = spec?.type === 'NodePort' || spec?.type === 'LoadBalancer' || externals.length > 0;
  const externalTrafficPolicy = hasDoors ? wished : 'Cluster';
  const externalIPs = cleanAll('spec.externalIPs', externals, report);
  const loadBalancerIPs = ingressOf(status?.loadBalancer?.ingress ?? [], report);
  const ranges = rangesOf(spec?.loadBalancerSourceRanges ?? [], families, report);
  const healthCheckNodePort = healthCheckOf(spec, externalTrafficPolicy, report);
  return families.map((family) => ({
    family,
    externalTrafficPolicy,
    externalIPs: textsOf(externalIPs, family),
    loadBalancerIPs: textsOf(loadBalancerIPs, family),
    loadBalancerSourceRanges: ranges[family],
    healthCheckNodePort,
  }));
}

function cleanAll(field: string, texts: readonly string[], report: Report): Address[] {
  return texts.flatMap((text, i) => {
    const address = cleanAddress(text);
    if (!address) report(`${field}[${i}]`, `not an IP address: ${quote(text)}`);
    return address ?? [];
  });
}

/** Addresses that arrive at the node as they are. A balancer that opens its own connections (`Proxy`) needs no door. */
function ingressOf(ingress: readonly KubeLoadBalancerIngress[], report: Report): Address[] {
  return ingress.flatMap(({ ip, ipMode }, i) => {
    if (!ip || (ipMode !== undefined && ipMode !== 'VIP')) return [];
    const address = cleanAddress(ip);
    if (!address) report(`status.loadBalancer.ingress[${i}].ip`, `not an IP address: ${quote(ip)}`);
    return address ?? [];
  });
}

/**
 * The guard of each family; absent = everybody may come. As kube-proxy does it, a range of all addresses lifts the guard
 * of its family, and a family that no range names is open. That surprises, so it is a problem.
 */
function rangesOf(texts: readonly string[], families: readonly Family[], report: Report) {
  const field = 'spec.loadBalancerSourceRanges';
  const guards: Partial<Record<Family, readonly string[]>> = {};
  if (texts.length === 0) return guards;
  const ranges = texts.flatMap((text, i) => {
    const range = cleanRange(text);
    if (!range) report(`${field}[${i}]`, `not a range of addresses such as 192.0.2.0/24: ${quote(text)}`);
    return range ?? [];
  });
  for (const family of families) {
    const mine = ranges.filter((range) => range.family === family);
    if (mine.length === 0) {
      report(field, `names no ${family} range, so the load balancer's ${family} addresses are open to everybody`);
    } else if (mine.every((range) => range.bits > 0)) {
      guards[family] = textsOf(mine, family);
    }
  }
  return guards;
}

function healthCheckOf(spec: KubeService['spec'], policy: TrafficPolicy, report: Report): number | undefined {
  const port = spec?.healthCheckNodePort;
  if (!port || spec?.type !== 'LoadBalancer' || policy !== 'Local') return undefined;
  if (isPort(port)) return port;
  report('spec.healthCheckNodePort', `not a port number from 1 to 65535: ${quote(port)}`);
  return undefined;
}

/** What most Services have; one array for all of them. */
const NONE: readonly string[] = [];

/** Of one family, each once, in the order given. */
function textsOf(addresses: readonly Address[], family: Family): readonly string[] {
  if (addresses.length === 0) return NONE;
  return [...new Set(addresses.filter((address) => address.family === family).map(({ text }) => text))];
}
