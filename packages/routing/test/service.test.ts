import { describe, expect, it } from 'vitest';
import { buildRoutingTable, type KubeService } from '../src/index.ts';
import { service, slice } from './city-fixture.ts';

function route(...services: KubeService[]) {
  return buildRoutingTable({
    services,
    endpointSlices: services.map((s) => slice(s.metadata.name, [{ ip: '10.244.1.1' }])),
    overrides: [],
    pods: [],
  });
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

  it.each([
    ['headless', { clusterIP: 'None' }],
    ['ExternalName', { type: 'ExternalName' }],
  ])('that is %s is left alone without a complaint', (_title, spec) => {
    expect(route(service('cart', spec))).toMatchObject({ servicePorts: new Map(), problems: [] });
  });
});

describe('endpoints', () => {
  const usable = (...endpoints: Parameters<typeof slice>[1]) =>
    buildRoutingTable({
      services: [service('cart')],
      endpointSlices: [slice('cart', endpoints)],
      overrides: [],
      pods: [],
    })
      .servicePorts.get('shop/cart:http/TCP')
      ?.backends.filter((backend) => backend.usable)
      .map((backend) => backend.address);

  it('fall back to terminating ones that still serve only when none is ready', () => {
    const leaving = { ip: '10.244.1.2', ready: false, serving: true, terminating: true };
    expect(usable({ ip: '10.244.1.1' }, leaving)).toEqual(['10.244.1.1']);
    expect(usable({ ip: '10.244.1.1', ready: false, serving: true }, leaving)).toEqual(['10.244.1.2']);
  });

  it('with a bad address are told by field; the others serve', () => {
    const table = buildRoutingTable({
      services: [service('cart')],
      endpointSlices: [slice('cart', [{ ip: '10.244.1.1' }, { ip: 'nonsense' }])],
      overrides: [],
      pods: [],
    });
    expect(table.problems).toEqual([
      expect.objectContaining({ kind: 'EndpointSlice', field: 'endpoints[1].addresses[0]' }),
    ]);
    expect(table.servicePorts.get('shop/cart:http/TCP')?.backends).toHaveLength(1);
  });
});
