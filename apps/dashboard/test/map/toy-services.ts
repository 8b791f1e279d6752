import type { CityRecord } from '@kubecity/protocol';

/** namespace/name, backends, port, protocol */
export const SERVICES: readonly (readonly [string, number, number, 'TCP' | 'UDP'])[] = [
  ['shop/web', 4, 80, 'TCP'],
  ['shop/cart', 3, 80, 'TCP'],
  ['shop/catalog', 5, 80, 'TCP'],
  ['shop/checkout', 4, 80, 'TCP'],
  ['shop/search', 2, 80, 'TCP'],
  ['payments/payments', 3, 8443, 'TCP'],
  ['payments/fraud', 2, 80, 'TCP'],
  ['data/orders-db', 1, 5432, 'TCP'],
  ['data/sessions', 3, 6379, 'TCP'],
  ['platform/dns', 2, 53, 'UDP'],
];

/** `web` is open to the world, `sessions` keeps its clients. */
export const doorsOf = (service: string) =>
  service === 'shop/web' ? { nodePort: 30_080, loadBalancer: '198.51.100.7' } : undefined;

export function policyOf(service: string): CityRecord<'service'>['policy'] {
  const doors = doorsOf(service);
  return {
    affinitySeconds: service === 'data/sessions' ? 10_800 : undefined,
    internalTraffic: service === 'platform/dns' ? 'Local' : 'Cluster',
    externalTraffic: doors && 'Local',
    externalIPs: [],
    loadBalancers: doors ? [doors.loadBalancer] : [],
    sourceRanges: doors ? ['203.0.113.0/24'] : [],
    healthCheckNodePort: doors && 32_122,
  };
}
