import { cleanIPv4 } from './address.ts';
import type { KubeEndpoint, KubeEndpointSlice } from './objects.ts';
import type { Problem } from './problem.ts';
import { isPort, type ServiceDoor } from './service.ts';
import type { Backend } from './table.ts';

/** An endpoint of one service port with its conditions, before readers and overrides are considered. */
export type Endpoint = Omit<Backend, 'usable' | 'weight' | 'overrideUid' | 'draining'>;

/**
 * The endpoints of one door: slice ports of the same name and protocol (the number is the slice's: named target ports
 * may differ per slice). One entry per `address:port`; of two copies (slice migration, reused address) the one that is
 * not terminating stays, because the other is on its way out. Sorted, so that equal input gives equal rules.
 */
export function endpointsOf(door: ServiceDoor, slices: Iterable<KubeEndpointSlice>): Endpoint[] {
  const found = new Map<string, Endpoint>();
  for (const slice of slices) {
    if (slice.addressType !== 'IPv4') continue;
    for (const port of slice.ports ?? []) {
      if ((port.name ?? '') !== door.portName || (port.protocol ?? 'TCP') !== door.protocol || !isPort(port.port))
        continue;
      for (const raw of slice.endpoints ?? []) {
        const endpoint = toEndpoint(raw, port.port);
        if (!endpoint) continue;
        const id = `${endpoint.address}:${endpoint.port}`;
        const known = found.get(id);
        if (!known || (known.terminating && !endpoint.terminating)) found.set(id, endpoint);
      }
    }
  }
  return [...found.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, endpoint]) => endpoint);
}

/** Absent conditions: ready and serving are true, terminating is false (discovery.k8s.io/v1 EndpointConditions). */
function toEndpoint(raw: KubeEndpoint, port: number): Endpoint | undefined {
  const address = cleanIPv4(raw.addresses?.[0] ?? '');
  if (address === undefined) return undefined;
  const pod = raw.targetRef?.kind === 'Pod' ? raw.targetRef : undefined;
  return {
    address,
    port,
    ...(raw.nodeName !== undefined && { node: raw.nodeName }),
    ...(raw.zone !== undefined && { zone: raw.zone }),
    ...(pod?.name !== undefined && { podName: pod.name }),
    ...(pod?.uid !== undefined && { podUid: pod.uid }),
    ready: raw.conditions?.ready ?? true,
    serving: raw.conditions?.serving ?? true,
    terminating: raw.conditions?.terminating ?? false,
  };
}

/**
 * Who may get new connections: the ready ones; if there is none, those that still serve while they terminate
 * (KEP-1669). Serving but neither ready nor terminating never counts.
 */
export function usableOf(endpoints: readonly Endpoint[]): ReadonlySet<Endpoint> {
  const ready = endpoints.filter((endpoint) => endpoint.ready);
  if (ready.length > 0) return new Set(ready);
  return new Set(endpoints.filter((endpoint) => endpoint.serving && endpoint.terminating));
}

/** Faults of one slice, by field. Endpoints and ports without fault are used all the same. */
export function sliceProblems(slice: KubeEndpointSlice): Problem[] {
  const problems: Problem[] = [];
  const report = (field: string, message: string) =>
    problems.push({
      kind: 'EndpointSlice',
      namespace: slice.metadata.namespace ?? '',
      name: slice.metadata.name,
      field,
      message,
    });
  if (slice.addressType !== 'IPv4') return problems;
  for (const [i, port] of (slice.ports ?? []).entries()) {
    if (port.port !== undefined && port.port !== null && port.port !== 0 && !isPort(port.port)) {
      report(`ports[${i}].port`, `not a port number from 1 to 65535: ${JSON.stringify(port.port)}`);
    }
  }
  for (const [i, endpoint] of (slice.endpoints ?? []).entries()) {
    const address = endpoint.addresses?.[0];
    if (address !== undefined && cleanIPv4(address) === undefined) {
      report(`endpoints[${i}].addresses[0]`, `not an IPv4 address: ${JSON.stringify(address)}`);
    }
  }
  return problems;
}
