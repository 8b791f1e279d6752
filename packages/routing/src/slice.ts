import { cleanAddress } from './address.ts';
import { isPort, isProtocol, quote, type Report } from './field.ts';
import type { NamePool } from './name-pool.ts';
import type { KubeEndpoint, KubeEndpointSlice } from './objects.ts';
import type { Problem } from './problem.ts';
import type { Family, Protocol } from './table.ts';

/** One endpoint of a slice: everything that decides who may use it, but not its port, which is the slice's. */
export interface Endpoint {
  readonly address: string;
  readonly node?: string;
  readonly zone?: string;
  readonly podName?: string;
  readonly podUid?: string;
  readonly ready: boolean;
  readonly serving: boolean;
  readonly terminating: boolean;
  /** Zones and nodes that should use it; undefined when there is no such hint. */
  readonly forZones?: readonly string[];
  readonly forNodes?: readonly string[];
}

/** The parts of an EndpointSlice that routing needs, clean; the object itself is let go. */
export interface ParsedSlice {
  readonly family: Family;
  readonly ports: readonly { readonly name: string; readonly protocol: Protocol; readonly port: number }[];
  readonly endpoints: readonly Endpoint[];
  readonly problems: readonly Problem[];
}

/** Undefined for slices that name no addresses (`FQDN`). Bad ports and endpoints are left out by name. */
export function parseSlice(slice: KubeEndpointSlice, names: NamePool): ParsedSlice | undefined {
  const { addressType: family, metadata } = slice;
  if (family !== 'IPv4' && family !== 'IPv6') return undefined;
  const problems: Problem[] = [];
  const report: Report = (field, message) =>
    problems.push({ kind: 'EndpointSlice', namespace: metadata.namespace ?? '', name: metadata.name, field, message });
  return {
    family,
    ports: parsePorts(slice, report),
    endpoints: parseEndpoints(slice, family, names, report),
    problems,
  };
}

/** A port without a name or number is for people who know better (discovery.k8s.io/v1: "all ports"); nobody routes to it. */
function parsePorts({ ports }: KubeEndpointSlice, report: Report): ParsedSlice['ports'] {
  return (ports ?? []).flatMap(({ name, protocol = 'TCP', port }, i) => {
    if (typeof name !== 'string' || !port || !isProtocol(protocol)) return [];
    if (isPort(port)) return { name, protocol, port };
    report(`ports[${i}].port`, `not a port number from 1 to 65535: ${quote(port)}`);
    return [];
  });
}

function parseEndpoints({ endpoints }: KubeEndpointSlice, family: Family, names: NamePool, report: Report): Endpoint[] {
  const parsed: Endpoint[] = [];
  for (const [i, raw] of (endpoints ?? []).entries()) {
    const text = raw.addresses?.[0];
    if (text === undefined) continue;
    const address = cleanAddress(text);
    if (address?.family === family) parsed.push(toEndpoint(raw, address.text, names));
    else report(`endpoints[${i}].addresses[0]`, `not an ${family} address: ${quote(text)}`);
  }
  return parsed;
}

/** Absent conditions: ready and serving are true, terminating is false (discovery.k8s.io/v1 EndpointConditions). */
function toEndpoint(
  { conditions, hints, nodeName, zone, targetRef }: KubeEndpoint,
  address: string,
  names: NamePool,
): Endpoint {
  const pod = targetRef?.kind === 'Pod' ? targetRef : undefined;
  return {
    address,
    node: names.text(nodeName),
    zone: names.text(zone),
    podName: pod?.name,
    podUid: pod?.uid,
    ready: conditions?.ready ?? true,
    serving: conditions?.serving ?? true,
    terminating: conditions?.terminating ?? false,
    forZones: hinted(hints?.forZones, names),
    forNodes: hinted(hints?.forNodes, names),
  };
}

function hinted(
  hints: readonly { readonly name: string }[] | undefined,
  names: NamePool,
): readonly string[] | undefined {
  return hints?.length ? names.list(hints.map(({ name }) => name)) : undefined;
}
