import type { Backend, ServicePort } from '@kubecity/routing';
import { describe, expect, it } from 'vitest';
import { localEndpoints, withoutLocalEndpoints } from '../../src/health/local-endpoints.ts';

const backend = (address: string, more: Partial<Backend> = {}): Backend => ({
  address,
  port: 8080,
  node: 'here',
  ready: true,
  serving: true,
  terminating: false,
  usable: true,
  onCluster: true,
  onLocal: more.node === undefined,
  weight: 100,
  draining: false,
  keepsSticky: false,
  ...more,
});

const servicePort = (portName: string, backends: Backend[], more: Partial<ServicePort> = {}): ServicePort => ({
  id: `shop/cart:${portName}/TCP`,
  key: `shop/cart:${portName}/TCP`,
  family: 'IPv4',
  namespace: 'shop',
  name: 'cart',
  portName,
  protocol: 'TCP',
  clusterIP: '10.96.0.10',
  port: 80,
  externalIPs: [],
  loadBalancerIPs: [],
  internalTrafficPolicy: 'Cluster',
  externalTrafficPolicy: 'Local',
  healthCheckNodePort: 30_100,
  hasEndpoints: backends.length > 0,
  floor: 1,
  backends,
  ...more,
});

describe('local endpoints', () => {
  it('are counted by different addresses over all ports of a Service', () => {
    const counted = localEndpoints(
      [
        servicePort('http', [backend('10.0.0.1'), backend('10.0.0.2')]),
        servicePort('admin', [backend('10.0.0.1'), backend('10.0.0.3')]),
      ],
      'here',
    );
    expect(counted.IPv4).toEqual(new Map([['shop/cart', { port: 30_100, localEndpoints: 3 }]]));
    expect(counted.IPv6.size).toBe(0);
  });

  it.each([
    ['on another node', { node: 'there' }],
    ['not ready, though they serve while they terminate', { ready: false, terminating: true }],
    ['drained', { weight: 0, draining: true }],
  ])('that are %s do not count', (_, more) => {
    const counted = localEndpoints([servicePort('http', [backend('10.0.0.1', more)])], 'here');
    expect(counted.IPv4.get('shop/cart')).toEqual({ port: 30_100, localEndpoints: 0 });
  });

  it('matter for Services with a health check node port only', () => {
    expect(localEndpoints([servicePort('http', [], { healthCheckNodePort: undefined })], 'here').IPv4.size).toBe(0);
  });
});

describe('service ports without local endpoints', () => {
  const away = [backend('10.0.0.1', { node: 'there', onLocal: false })];
  it.each([
    [servicePort('a', away, { internalTrafficPolicy: 'Local' }), { internal: 1, external: 1 }],
    [servicePort('a', away, { externalTrafficPolicy: 'Cluster' }), { internal: 0, external: 0 }],
    [servicePort('a', [...away, backend('10.0.0.2')]), { internal: 0, external: 0 }],
    [servicePort('a', [...away, backend('10.0.0.2', { weight: 0 })]), { internal: 0, external: 1 }],
    [servicePort('a', [], { hasEndpoints: false }), { internal: 0, external: 0 }],
  ])('case %#', (port, counts) => {
    expect(withoutLocalEndpoints([port])).toEqual({ IPv4: counts, IPv6: { internal: 0, external: 0 } });
  });
});
