import { describe, expect, it } from 'vitest';
import {
  buildRoutingTable,
  type KubeEndpointSlice,
  type KubeRoutingOverride,
  type NodeIdentity,
  type ServicePort,
} from '../src/index.ts';
import { override, service, slice } from './city-fixture.ts';

interface City {
  readonly slices: readonly KubeEndpointSlice[];
  readonly spec?: Parameters<typeof service>[1];
  readonly node?: NodeIdentity;
  readonly overrides?: readonly KubeRoutingOverride[];
}

function build({ slices, spec = {}, node, overrides = [] }: City) {
  return buildRoutingTable({ services: [service('cart', spec)], endpointSlices: slices, overrides, pods: [], node });
}
const routed = (city: City) => build(city).servicePorts.get('shop/cart:http/TCP') as ServicePort;
const sockets = ({ backends }: ServicePort) => backends.map(({ address, port }) => `${address}:${port}`);
const on = ({ backends }: ServicePort, list: 'usable' | 'onCluster' | 'onLocal') =>
  backends.filter((backend) => backend[list]).map(({ address }) => address);
const leaving = { ready: false, serving: true, terminating: true };

describe('backends', () => {
  it('come from slice ports of the same name and protocol, on the number of each slice', () => {
    const base = slice('cart', [{ ip: '10.244.1.1' }]);
    const slices: KubeEndpointSlice[] = [
      { ...base, ports: [{ name: 'http', port: 8080 }] },
      { ...slice('cart', [{ ip: '10.244.1.2' }], 'b'), ports: [{ name: 'http', port: 9090, protocol: 'TCP' }] },
      { ...slice('cart', [{ ip: '10.244.1.3' }], 'c'), ports: [{ name: 'http', port: 8080, protocol: 'UDP' }] },
      { ...slice('cart', [{ ip: '10.244.1.4' }], 'd'), ports: [{ name: 'other', port: 8080 }] },
      { ...slice('cart', [{ ip: '10.244.1.5' }], 'e'), ports: [{ name: 'http' }, { name: 'http', port: 0 }] },
      { ...slice('cart', [{ ip: '10.244.1.6' }], 'f'), ports: [{ port: 8080 }] },
    ];
    expect(sockets(routed({ slices }))).toEqual(['10.244.1.1:8080', '10.244.1.2:9090']);
  });

  it('of an unnamed service port come from slice ports with an empty name, not from those with none', () => {
    const slices: KubeEndpointSlice[] = [
      { ...slice('cart', [{ ip: '10.244.1.1' }]), ports: [{ name: '', port: 8080 }] },
      { ...slice('cart', [{ ip: '10.244.1.2' }], 'b'), ports: [{ port: 8080 }] },
    ];
    const port = build({ slices, spec: { ports: [{ port: 80 }] } }).servicePorts.get('shop/cart:/TCP');
    expect(port && sockets(port)).toEqual(['10.244.1.1:8080']);
  });

  it('are the first address of each endpoint; one without is nobody', () => {
    const base = slice('cart', []);
    const endpoints = [{ addresses: ['010.244.1.1', '10.244.1.9'] }, { addresses: [] }, {}];
    const table = build({ slices: [{ ...base, endpoints }] });
    expect([...table.servicePorts.values()].map(sockets)).toEqual([['10.244.1.1:8080']]);
    expect(table.problems).toEqual([]);
  });

  it('come from slices that name the Service in their label, in its namespace, and not from headless ones', () => {
    const owned = slice('cart', [{ ip: '10.244.1.1' }]);
    const { metadata } = owned;
    const slices = [
      { ...owned, metadata: { ...metadata, name: 'nobody', labels: {} } },
      { ...owned, metadata: { ...metadata, name: 'away', namespace: 'blog' } },
      {
        ...owned,
        metadata: {
          ...metadata,
          name: 'headless',
          labels: { ...metadata.labels, 'service.kubernetes.io/headless': '' },
        },
      },
    ];
    expect(sockets(routed({ slices }))).toEqual([]);
    expect(sockets(routed({ slices: [...slices, owned] }))).toEqual(['10.244.1.1:8080']);
  });

  it('with one address and port twice are one: the copy that stays, whichever slice it is in', () => {
    const stays = [{ ip: '10.244.1.1', node: 'node-b' }];
    const goes = [{ ip: '10.244.1.1', node: 'node-a', ...leaving }];
    for (const slices of [
      [slice('cart', stays, 'a'), slice('cart', goes, 'b')],
      [slice('cart', goes, 'a'), slice('cart', stays, 'b')],
    ]) {
      expect(routed({ slices }).backends).toMatchObject([{ node: 'node-b', terminating: false }]);
    }
  });

  it('stand in the order of their text', () => {
    const members = ['10.244.1.9', '10.244.1.10', '10.244.1.1'].map((ip) => ({ ip }));
    expect(sockets(routed({ slices: [slice('cart', members)] }))).toEqual([
      '10.244.1.10:8080',
      '10.244.1.1:8080',
      '10.244.1.9:8080',
    ]);
  });

  it('are ready and serving, and not terminating, when nothing else is said', () => {
    const endpoints = [{ addresses: ['10.244.1.1'], conditions: {} }, { addresses: ['10.244.1.2'] }];
    const { backends } = routed({ slices: [{ ...slice('cart', []), endpoints }] });
    expect(backends).toMatchObject(Array(2).fill({ ready: true, serving: true, terminating: false, usable: true }));
  });

  it('with a bad address are told by field; the others serve', () => {
    const table = build({ slices: [slice('cart', [{ ip: '10.244.1.1' }, { ip: 'nonsense' }, { ip: 'fd00::1' }])] });
    expect(table.problems).toEqual(
      [1, 2].map((i) =>
        expect.objectContaining({ kind: 'EndpointSlice', name: 'cart-1', field: `endpoints[${i}].addresses[0]` }),
      ),
    );
    expect([...table.servicePorts.values()].map(sockets)).toEqual([['10.244.1.1:8080']]);
  });

  it('on a bad port are told by field', () => {
    const table = build({ slices: [{ ...slice('cart', []), ports: [{ name: 'http', port: 70_000 }] }] });
    expect(table.problems).toEqual([expect.objectContaining({ kind: 'EndpointSlice', field: 'ports[0].port' })]);
  });
});

describe('without a reader', () => {
  const hinted = [
    { ip: '10.244.1.1', node: 'node-a', forZones: ['zone-1'] },
    { ip: '10.244.1.2', node: 'node-b', forZones: ['zone-2'] },
  ];

  it('everybody usable in the cluster is usable: no hint counts and nobody is local', () => {
    for (const internalTrafficPolicy of ['Cluster', 'Local']) {
      const port = routed({ slices: [slice('cart', hinted)], spec: { internalTrafficPolicy } });
      expect(on(port, 'onCluster')).toEqual(['10.244.1.1', '10.244.1.2']);
      expect(on(port, 'usable')).toEqual(['10.244.1.1', '10.244.1.2']);
      expect(on(port, 'onLocal')).toEqual([]);
    }
  });
});

describe('lists and weights', () => {
  const node = { name: 'node-a', zone: 'zone-1' };
  const zones = [
    { ip: '10.244.1.1', node: 'node-a', forZones: ['zone-1'] },
    { ip: '10.244.1.2', node: 'node-b', forZones: ['zone-2'] },
    { ip: '10.244.1.3', node: 'node-b', forZones: ['zone-1'] },
  ];
  const drain = (podNames: string[], more = {}) =>
    override(podNames.join('-'), { backends: { podNames }, drain: {}, ...more });

  it('a zone keeps to its hints while one of them has weight; once all are drained it may go anywhere', () => {
    const city = { slices: [slice('cart', zones)], node };
    expect(on(routed(city), 'onCluster')).toEqual(['10.244.1.1', '10.244.1.3']);
    expect(on(routed({ ...city, overrides: [drain(['pod-1'])] }), 'onCluster')).toEqual(['10.244.1.1', '10.244.1.3']);
    const both = routed({ ...city, overrides: [drain(['pod-1', 'pod-3'])] });
    expect(on(both, 'onCluster')).toEqual(['10.244.1.1', '10.244.1.2', '10.244.1.3']);
    expect(both.backends.map(({ weight }) => weight)).toEqual([0, 100, 0]);
  });

  it('a drained ready endpoint does not call the leaving ones back', () => {
    const members = [{ ip: '10.244.1.1' }, { ip: '10.244.1.2', ...leaving }];
    const port = routed({
      slices: [slice('cart', members)],
      node,
      overrides: [drain(['pod-1'], { allowEmpty: true })],
    });
    expect(on(port, 'onCluster')).toEqual(['10.244.1.1']);
    expect(port).toMatchObject({ hasEndpoints: false, backends: [{ weight: 0, draining: true }, {}] });
  });

  it('a local list of drained endpoints stays, while the Service has others elsewhere', () => {
    const port = routed({
      slices: [slice('cart', zones)],
      node,
      spec: { internalTrafficPolicy: 'Local' },
      overrides: [drain(['pod-1'])],
    });
    expect(on(port, 'onLocal')).toEqual(['10.244.1.1']);
    expect(on(port, 'onCluster')).toEqual([]);
    expect(port.hasEndpoints).toBe(true);
    expect(port.backends[0]).toMatchObject({ weight: 0, draining: true });
  });

  it('whether an override is lifted is the same on every node', () => {
    const overrides = [drain(['pod-1'])];
    const slices = [slice('cart', zones)];
    for (const internalTrafficPolicy of ['Cluster', 'Local']) {
      for (const name of ['node-a', 'node-b', 'node-c']) {
        const { outcomes } = build({
          slices,
          overrides,
          node: { name, zone: 'zone-1' },
          spec: { internalTrafficPolicy },
        });
        expect(outcomes.map(({ state }) => state)).toEqual(['applied']);
      }
    }
  });
});
