import type { Backend, ServicePort } from './table.ts';

type Plain<T> = Exclude<keyof T, 'backends' | 'externalIPs' | 'loadBalancerIPs' | 'loadBalancerSourceRanges'>;

// Records, so that a field that the table gains cannot be forgotten here.
const PORT: Record<Plain<ServicePort>, true> = {
  id: true,
  key: true,
  family: true,
  namespace: true,
  name: true,
  portName: true,
  protocol: true,
  clusterIP: true,
  port: true,
  nodePort: true,
  internalTrafficPolicy: true,
  externalTrafficPolicy: true,
  affinitySeconds: true,
  healthCheckNodePort: true,
  hasEndpoints: true,
  floor: true,
};
const BACKEND: Record<keyof Backend, true> = {
  address: true,
  port: true,
  node: true,
  zone: true,
  podName: true,
  podUid: true,
  ready: true,
  serving: true,
  terminating: true,
  usable: true,
  onCluster: true,
  onLocal: true,
  weight: true,
  overrideUid: true,
  draining: true,
  keepsSticky: true,
};
const PORT_FIELDS = Object.keys(PORT) as Plain<ServicePort>[];
const BACKEND_FIELDS = Object.keys(BACKEND) as (keyof Backend)[];

/** Whether two service ports say the same. Runs for every service port when a node's zone changes, hence by hand. */
export function samePort(a: ServicePort, b: ServicePort): boolean {
  return (
    PORT_FIELDS.every((field) => a[field] === b[field]) &&
    sameTexts(a.externalIPs, b.externalIPs) &&
    sameTexts(a.loadBalancerIPs, b.loadBalancerIPs) &&
    sameTexts(a.loadBalancerSourceRanges, b.loadBalancerSourceRanges) &&
    a.backends.length === b.backends.length &&
    a.backends.every((backend, i) => sameBackend(backend, b.backends[i]))
  );
}

function sameBackend(a: Backend, b: Backend | undefined): boolean {
  return b !== undefined && BACKEND_FIELDS.every((field) => a[field] === b[field]);
}

function sameTexts(a: readonly string[] | undefined, b: readonly string[] | undefined): boolean {
  if (a === b) return true;
  return a !== undefined && b !== undefined && a.length === b.length && a.every((text, i) => text === b[i]);
}
