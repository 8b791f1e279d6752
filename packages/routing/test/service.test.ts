import { describe, expect, it } from 'vitest';
import { buildRoutingTable, type KubeService, portsOf, type ServicePort } from '../src/index.ts';
import { service, slice } from './city-fixture.ts';

type Spec = NonNullable<KubeService['spec']>;

function route(...services: KubeService[]) {
  return buildRoutingTable({
    services,
    endpointSlices: services.map((s) => slice(s.metadata.name, [{ ip: '10.244.1.1' }])),
    overrides: [],
    pods: [],
  });
}

const dual: Spec = {
  clusterIP: '10.96.0.9',
  clusterIPs: ['10.96.0.9', 'fd00:96::9'],
  ipFamilies: ['IPv4', 'IPv6'],
};

/** Both families' ports of one Service, and its problems as `field: message`. */
function cart(spec: Partial<Spec>, ingress: readonly object[] = []) {
  const object = { ...service('cart', { ...dual, ...spec }), status: { loadBalancer: { ingress } } };
  const table = route(object);
  const [v4, v6] = portsOf(table, 'shop/cart:http/TCP') as [ServicePort, ServicePort];
  return { v4, v6, problems: table.problems.map(({ field, message }) => `${field}: ${message}`) };
}

describe('a Service with bad fields', () => {
  it('is told by object and field, and its good ports work', () => {
    const table = route(
      service('cart', {
        ports: [
          { name: 'http', port: 80 },
          { name: 'bad', port: 70_000 },
          { name: 'odd', port: 81, protocol: 'ICMP' },
          { name: 'twin', port: 80 },
        ],
      }),
      service('web', { clusterIP: '10.96.0.300' }),
      service('fine', { clusterIP: '10.96.0.11' }),
    );
    expect([...table.servicePorts.keys()]).toEqual(['shop/cart:http/TCP', 'shop/fine:http/TCP']);
    expect(table.problems.map(({ name, field }) => `${name} ${field}`)).toEqual([
      'cart spec.ports[1].port',
      'cart spec.ports[2].protocol',
      'cart spec.ports[3]',
      'web spec.clusterIP',
    ]);
  });

  it.each<[string, Partial<Spec>, string, Partial<ServicePort>]>([
    [
      'a cluster IP of the wrong family',
      { clusterIPs: ['fd00:96::9', 'fd00:96::9'] },
      'spec.clusterIPs[0]: not an IPv4 address',
      { family: 'IPv6' },
    ],
    ['an unknown policy', { internalTrafficPolicy: 'Near' }, 'spec.internalTrafficPolicy: unknown policy "Near"', {}],
    [
      'an unknown external policy',
      { type: 'NodePort', externalTrafficPolicy: 'Near' },
      'spec.externalTrafficPolicy: unknown policy "Near"',
      { externalTrafficPolicy: 'Cluster' },
    ],
    [
      'an unknown affinity',
      { sessionAffinity: 'Cookie' },
      'spec.sessionAffinity: unknown affinity "Cookie"',
      { affinitySeconds: undefined },
    ],
    [
      'a window beyond a day',
      { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 86_401 } } },
      'spec.sessionAffinityConfig.clientIP.timeoutSeconds: not from 1 to 86400: 86401',
      { affinitySeconds: 10_800 },
    ],
    [
      'no window at all',
      { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 0 } } },
      'spec.sessionAffinityConfig.clientIP.timeoutSeconds: not from 1 to 86400: 0',
      { affinitySeconds: 10_800 },
    ],
    [
      'an impossible node port',
      { type: 'NodePort', ports: [{ name: 'http', port: 80, nodePort: 99_999 }] },
      'spec.ports[0].nodePort: not a port number from 1 to 65535: 99999',
      { port: 80, nodePort: undefined },
    ],
    [
      'a bad external IP',
      { externalIPs: ['', '198.51.100.1'] },
      'spec.externalIPs[0]: not an IP address: ""',
      { externalIPs: ['198.51.100.1'] },
    ],
    [
      'a bad source range',
      { loadBalancerSourceRanges: ['192.0.2.1', '192.0.2.0/24', 'fd00::/8'] },
      'spec.loadBalancerSourceRanges[0]: not a range of addresses',
      { loadBalancerSourceRanges: ['192.0.2.0/24'] },
    ],
    [
      'an impossible health check port',
      { type: 'LoadBalancer', externalTrafficPolicy: 'Local', healthCheckNodePort: -1 },
      'spec.healthCheckNodePort: not a port number from 1 to 65535: -1',
      { healthCheckNodePort: undefined },
    ],
  ])('%s is a problem, and the rest works', (_title, spec, problem, rest) => {
    const { v4, problems } = cart(spec);
    expect(problems).toEqual([expect.stringContaining(problem)]);
    expect(v4).toMatchObject(rest);
  });

  it('a bad load balancer address is a problem, and the others work', () => {
    const { v4, problems } = cart({ type: 'LoadBalancer' }, [{ ip: '203.0.113' }, { ip: '203.0.113.9' }]);
    expect(problems).toEqual([expect.stringContaining('status.loadBalancer.ingress[0].ip: not an IP address')]);
    expect(v4.loadBalancerIPs).toEqual(['203.0.113.9']);
  });

  it('two ports with one node port: the first has it', () => {
    const ports = [
      { name: 'http', port: 80, nodePort: 30_080 },
      { name: 'more', port: 81, nodePort: 30_080 },
      { name: 'quic', port: 80, nodePort: 30_080, protocol: 'UDP' },
    ];
    const table = route(service('cart', { type: 'NodePort', ports }));
    expect([...table.servicePorts.values()].map(({ nodePort }) => nodePort)).toEqual([30_080, undefined, 30_080]);
    expect(table.problems).toEqual([expect.objectContaining({ field: 'spec.ports[1].nodePort' })]);
  });
});

describe('a Service that is nobody’s to route', () => {
  it.each<[string, KubeService]>([
    ['headless', service('cart', { clusterIP: 'None' })],
    ['without an address yet', service('cart', { clusterIP: '' })],
    ['ExternalName, even with an address', service('cart', { type: 'ExternalName' })],
    [
      'another proxy’s',
      {
        ...service('cart'),
        metadata: { ...service('cart').metadata, labels: { 'service.kubernetes.io/service-proxy-name': 'other' } },
      },
    ],
  ])('(%s) is left alone without a complaint', (_title, object) => {
    expect(route(object)).toMatchObject({ servicePorts: new Map(), problems: [] });
  });
});

describe('families', () => {
  it('are those of ipFamilies, each with the address at its own place', () => {
    const spec = { clusterIP: 'fd00:96::09', clusterIPs: ['fd00:96::09', '010.96.0.9'], ipFamilies: ['IPv6', 'IPv4'] };
    const { v4, v6 } = cart(spec);
    expect(v4).toMatchObject({ id: 'shop/cart:http/TCP', key: 'shop/cart:http/TCP', clusterIP: '10.96.0.9' });
    expect(v6).toMatchObject({ id: 'shop/cart:http/TCP/IPv6', key: 'shop/cart:http/TCP', clusterIP: 'fd00:96::9' });
  });

  it('without ipFamilies is the one of clusterIP', () => {
    const table = route(service('cart', { clusterIP: 'fd00::1', clusterIPs: ['fd00::1', '10.96.0.9'] }));
    expect(portsOf(table, 'shop/cart:http/TCP').map(({ family, clusterIP }) => [family, clusterIP])).toEqual([
      ['IPv6', 'fd00::1'],
    ]);
    expect(portsOf(table, 'shop/web:http/TCP')).toEqual([]);
  });

  it('share out external addresses, and one without a cluster IP has no door at all', () => {
    const externalIPs = ['198.51.100.1', '2001:DB8::1', '198.51.100.1'];
    const ingress = [{ ip: '203.0.113.9' }, { ip: '2001:db8::9' }];
    const { v4, v6, problems } = cart({ type: 'LoadBalancer', externalIPs }, ingress);
    expect(v4).toMatchObject({ externalIPs: ['198.51.100.1'], loadBalancerIPs: ['203.0.113.9'] });
    expect(v6).toMatchObject({ externalIPs: ['2001:db8::1'], loadBalancerIPs: ['2001:db8::9'] });
    expect(problems).toEqual([]);
    const single = route(service('cart', { externalIPs }));
    expect([...single.servicePorts.values()].map(({ externalIPs }) => externalIPs)).toEqual([['198.51.100.1']]);
  });

  it('take backends from slices of their own address type', () => {
    const table = buildRoutingTable({
      services: [service('cart', dual)],
      endpointSlices: [
        slice('cart', [{ ip: '10.244.1.1' }], 'v4'),
        slice('cart', [{ ip: 'FD00:244::1' }], 'v6', 'IPv6'),
        slice('cart', [{ ip: 'example.org' }], 'names', 'FQDN'),
      ],
      overrides: [],
      pods: [],
    });
    const addresses = portsOf(table, 'shop/cart:http/TCP').map(({ backends }) => backends.map((one) => one.address));
    expect(addresses).toEqual([['10.244.1.1'], ['fd00:244::1']]);
    expect(table.problems).toEqual([]);
  });
});

describe('external doors', () => {
  const ports = [{ name: 'http', port: 80, nodePort: 30_080 }];

  it.each([
    ['ClusterIP', undefined],
    ['NodePort', 30_080],
    ['LoadBalancer', 30_080],
  ])('a %s Service has node port %s', (type, nodePort) => {
    expect(cart({ type, ports }).v4.nodePort).toBe(nodePort);
  });

  it('are load balancer addresses only where packets keep them as destination', () => {
    const ingress = [
      { ip: '203.0.113.1' },
      { ip: '203.0.113.2', ipMode: 'VIP' },
      { ip: '203.0.113.3', ipMode: 'Proxy' },
      { hostname: 'lb.example.org' },
    ];
    expect(cart({ type: 'LoadBalancer' }, ingress).v4.loadBalancerIPs).toEqual(['203.0.113.1', '203.0.113.2']);
  });

  it.each<[string, Partial<Spec>, string]>([
    ['ClusterIP without external IPs', { type: 'ClusterIP' }, 'Cluster'],
    ['ClusterIP with external IPs', { type: 'ClusterIP', externalIPs: ['198.51.100.1'] }, 'Local'],
    ['NodePort', { type: 'NodePort' }, 'Local'],
    ['LoadBalancer', { type: 'LoadBalancer' }, 'Local'],
  ])('make external policy Local count: %s', (_title, spec, policy) => {
    expect(cart({ ...spec, externalTrafficPolicy: 'Local' }).v4.externalTrafficPolicy).toBe(policy);
  });

  it('are none at external IPs where these are switched off, and that is told', () => {
    const spec: Partial<Spec> = { externalIPs: ['198.51.100.1', 'x'], externalTrafficPolicy: 'Local' };
    const table = buildRoutingTable({
      services: [service('cart', spec), service('web', { clusterIP: '10.96.0.8' })],
      endpointSlices: [],
      overrides: [],
      pods: [],
      allowExternalIPs: false,
    });
    const [cart] = portsOf(table, 'shop/cart:http/TCP');
    expect(cart).toMatchObject({ externalIPs: [], externalTrafficPolicy: 'Cluster' });
    expect(table.problems.map(({ name, field, message }) => `${name} ${field}: ${message}`)).toEqual([
      'cart spec.externalIPs: external IPs are switched off on this node',
    ]);
  });

  it.each<[string, Partial<Spec>, number | undefined]>([
    ['LoadBalancer, Local', { type: 'LoadBalancer', externalTrafficPolicy: 'Local' }, 32_000],
    ['LoadBalancer, Cluster', { type: 'LoadBalancer', externalTrafficPolicy: 'Cluster' }, undefined],
    ['NodePort, Local', { type: 'NodePort', externalTrafficPolicy: 'Local' }, undefined],
  ])('have a health check port: %s', (_title, spec, port) => {
    expect(cart({ ...spec, healthCheckNodePort: 32_000 }).v4.healthCheckNodePort).toBe(port);
  });

  it('are guarded by source ranges, clean and each once', () => {
    const loadBalancerSourceRanges = [' 192.0.2.7/24 ', '192.0.2.0/24', '010.0.0.0/8', 'FD00::1/8\t'];
    const { v4, v6, problems } = cart({ type: 'LoadBalancer', loadBalancerSourceRanges });
    expect(v4.loadBalancerSourceRanges).toEqual(['192.0.2.0/24', '10.0.0.0/8']);
    expect(v6.loadBalancerSourceRanges).toEqual(['fd00::/8']);
    expect(problems).toEqual([]);
    expect(cart({ type: 'LoadBalancer' }).v4.loadBalancerSourceRanges).toBeUndefined();
  });

  it('are open to everybody once a range of all addresses is among them', () => {
    const { v4, v6, problems } = cart({ loadBalancerSourceRanges: ['192.0.2.0/24', '0.0.0.0/0', 'fd00::/8'] });
    expect(v4.loadBalancerSourceRanges).toBeUndefined();
    expect(v6.loadBalancerSourceRanges).toEqual(['fd00::/8']);
    expect(problems).toEqual([]);
  });

  it('are open in a family that no range names, which is said', () => {
    const { v4, v6, problems } = cart({ loadBalancerSourceRanges: ['fd00::/8'] });
    expect(v4.loadBalancerSourceRanges).toBeUndefined();
    expect(v6.loadBalancerSourceRanges).toEqual(['fd00::/8']);
    expect(problems).toEqual([expect.stringContaining('spec.loadBalancerSourceRanges: names no IPv4 range')]);
  });
});

describe('session affinity', () => {
  it.each([
    [undefined, undefined, undefined],
    ['None', 600, undefined],
    ['ClientIP', undefined, 10_800],
    ['ClientIP', 1, 1],
    ['ClientIP', 86_400, 86_400],
  ])('%s with a window of %s lasts %s seconds', (sessionAffinity, timeoutSeconds, seconds) => {
    const { v4, v6, problems } = cart({ sessionAffinity, sessionAffinityConfig: { clientIP: { timeoutSeconds } } });
    expect([v4.affinitySeconds, v6.affinitySeconds]).toEqual([seconds, seconds]);
    expect(problems).toEqual([]);
  });
});
