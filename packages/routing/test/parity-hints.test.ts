import { describe, expect, it } from 'vitest';
import { RoutingTracker } from '../src/index.ts';
import { type EndpointSpec, override, pod, service, slice } from './city-fixture.ts';

function onCluster(endpoints: readonly EndpointSpec[], node = 'node-a', zone = 'z1'): string[] {
  const tracker = new RoutingTracker({ name: node, zone });
  tracker.setService(service('cart'));
  tracker.setEndpointSlice(slice('cart', endpoints));
  const { backends = [] } = tracker.take().table.servicePorts.get('shop/cart:http/TCP') ?? {};
  return backends.filter((backend) => backend.onCluster).map(({ address }) => address);
}

describe('node hints', () => {
  const hinted = [
    { ip: '10.244.1.1', forNodes: ['node-a'], forZones: ['z1'] },
    { ip: '10.244.1.2', forNodes: ['node-b'], forZones: ['z1'] },
    { ip: '10.244.1.3', forNodes: ['node-c'], forZones: ['z2'] },
  ];

  it('win over zone hints, which serve where nobody is hinted for the node', () => {
    expect(onCluster(hinted)).toEqual(['10.244.1.1']);
    expect(onCluster(hinted, 'node-x')).toEqual(['10.244.1.1', '10.244.1.2']);
    expect(onCluster(hinted, 'node-x', 'z9')).toHaveLength(3);
  });

  it('count only while every ready endpoint has one; zone hints may still', () => {
    const partly = hinted.map(({ forNodes, ...rest }, i) => (i === 1 ? rest : { ...rest, forNodes }));
    expect(onCluster(partly)).toEqual(['10.244.1.1', '10.244.1.2']);
    const unready = partly.map((each, i) => (i === 1 ? { ...each, ready: false } : each));
    expect(onCluster(unready)).toEqual(['10.244.1.1']);
  });
});

it('an endpoint that names no node is local nowhere', () => {
  const tracker = new RoutingTracker({ name: 'node-a' });
  tracker.setService(service('cart', { internalTrafficPolicy: 'Local' }));
  tracker.setEndpointSlice(slice('cart', [{ ip: '10.244.1.1' }, { ip: '10.244.1.2', node: 'node-a' }]));
  const { backends = [] } = tracker.take().table.servicePorts.get('shop/cart:http/TCP') ?? {};
  expect(backends.filter(({ onLocal }) => onLocal).map(({ address }) => address)).toEqual(['10.244.1.2']);
});

describe('an event is news', () => {
  it('only when routing may depend on it', () => {
    const tracker = new RoutingTracker({ name: 'node-a', zone: 'z1' });
    tracker.setService(service('cart'));
    tracker.setEndpointSlice(slice('cart', [{ ip: '10.244.1.1' }]));
    tracker.take();
    tracker.setPod(pod('10.244.1.1', { version: 'v1' }));
    tracker.setNode({ name: 'node-a', zone: 'z1' });
    tracker.deletePod(pod('10.244.1.9', {}));
    expect(tracker.dirty).toBe(false);
    tracker.setOverride(override('o', { backends: { selector: { matchLabels: { version: 'v2' } } }, weight: 5 }));
    tracker.take();
    tracker.setPod(pod('10.244.1.1', { version: 'v1' }));
    expect(tracker.dirty).toBe(false);
    tracker.setPod(pod('10.244.1.1', { version: 'v2' }));
    expect(tracker.dirty).toBe(true);
    tracker.take();
    tracker.setNode({ name: 'node-a', zone: 'z2' });
    expect(tracker.dirty).toBe(true);
  });
});
