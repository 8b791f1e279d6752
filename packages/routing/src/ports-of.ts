import { servicePortId } from './service.ts';
import type { RoutingTable, ServicePort, ServicePortKey } from './table.ts';

/** One service port in each family that it has: none, one or two, IPv4 first. */
export function portsOf(table: RoutingTable, key: ServicePortKey): ServicePort[] {
  return (['IPv4', 'IPv6'] as const).flatMap((family) => table.servicePorts.get(servicePortId(key, family)) ?? []);
}
