import type { Family, ServicePort } from '@kubecity/routing';

export interface LocalEndpoints {
  /** The health check node port. */
  readonly port: number;
  /** Different addresses of endpoints on this node that take new connections. */
  readonly localEndpoints: number;
}

/**
 * What the health check node ports have to say, by family and `namespace/name`. Counted over all ports of a Service;
 * terminating endpoints do not count, so that load balancers leave while this node still serves, and neither do those
 * that an operator has drained.
 */
export function localEndpoints(
  servicePorts: Iterable<ServicePort>,
  node: string,
): Readonly<Record<Family, ReadonlyMap<string, LocalEndpoints>>> {
  const counted: Record<Family, Map<string, { port: number; addresses: Set<string> }>> = {
    IPv4: new Map(),
    IPv6: new Map(),
  };
  for (const { family, namespace, name, healthCheckNodePort, backends } of servicePorts) {
    if (healthCheckNodePort === undefined) continue;
    const key = `${namespace}/${name}`;
    const entry = counted[family].get(key) ?? { port: healthCheckNodePort, addresses: new Set<string>() };
    counted[family].set(key, entry);
    for (const backend of backends) {
      if (backend.node === node && backend.ready && backend.weight > 0) entry.addresses.add(backend.address);
    }
  }
  const sized = (services: (typeof counted)[Family]) =>
    new Map([...services].map(([key, { port, addresses }]) => [key, { port, localEndpoints: addresses.size }]));
  return { IPv4: sized(counted.IPv4), IPv6: sized(counted.IPv6) };
}

/**
 * How many service ports drop connections on this node because their policy is Local and endpoints are elsewhere only:
 * inside the cluster (`internal`) and at their external doors (`external`).
 */
export function withoutLocalEndpoints(
  servicePorts: Iterable<ServicePort>,
): Readonly<Record<Family, { readonly internal: number; readonly external: number }>> {
  const counted = { IPv4: { internal: 0, external: 0 }, IPv6: { internal: 0, external: 0 } };
  for (const { family, internalTrafficPolicy, externalTrafficPolicy, hasEndpoints, backends } of servicePorts) {
    if (!hasEndpoints || backends.some(({ onLocal, weight }) => onLocal && weight > 0)) continue;
    if (internalTrafficPolicy === 'Local') counted[family].internal++;
    if (externalTrafficPolicy === 'Local') counted[family].external++;
  }
  return counted;
}
