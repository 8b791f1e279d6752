import { describe, expect, it } from 'vitest';
import { buildRoutingTable, type KubePod, type KubeRoutingOverride, portsOf } from '../src/index.ts';
import { override, pod, service, slice } from './city-fixture.ts';

const cart = slice('cart', [
  { ip: '10.244.1.1', node: 'node-a', zone: 'zone-1' },
  { ip: '10.244.2.2', node: 'node-b', zone: 'zone-2' },
  { ip: '10.244.2.3', node: 'node-b', zone: 'zone-2' },
]);

function weights(overrides: KubeRoutingOverride[], pods: KubePod[] = []) {
  const table = buildRoutingTable({ services: [service('cart')], endpointSlices: [cart], overrides, pods });
  const backends = table.servicePorts.get('shop/cart:http/TCP')?.backends ?? [];
  return { weights: backends.map((backend) => backend.weight), states: table.outcomes.map((o) => o.state), table };
}

const drain = (name: string, podNames: string[], more = {}, at?: string) =>
  override(name, { backends: { podNames }, drain: { existing: 'wait' }, ...more }, at);

describe('overrides', () => {
  it('leave everybody neutral when there are none', () => {
    expect(weights([]).weights).toEqual([100, 100, 100]);
  });

  it.each([
    ['podNames', { podNames: ['pod-2'] }, [100, 7, 100]],
    ['nodeNames', { nodeNames: ['node-b'] }, [100, 7, 7]],
    ['zones', { zones: ['zone-1'] }, [7, 100, 100]],
    ['addresses', { addresses: ['10.244.2.3'] }, [100, 100, 7]],
    ['selector', { selector: { matchLabels: { version: 'v2' } } }, [100, 100, 7]],
    ['all fields together', { nodeNames: ['node-b'], podNames: ['pod-1', 'pod-2'] }, [100, 7, 100]],
    ['an empty list as not given', { nodeNames: ['node-b'], podNames: [] }, [100, 7, 7]],
    ['nobody named as everybody', undefined, [7, 7, 7]],
  ])('select by %s', (_title, backends, expected) => {
    const pods = [pod('10.244.2.3', { version: 'v2' }), pod('10.244.2.2', { version: 'v1' })];
    expect(weights([override('w', { backends, weight: 7 })], pods).weights).toEqual(expected);
  });

  it('give a drain precedence over a weight, and the younger over the older', () => {
    const older = override('older', { backends: { podNames: ['pod-2'] }, weight: 5 }, '2026-11-22T10:00:00Z');
    const younger = override('younger', { backends: { podNames: ['pod-2'] }, weight: 9 }, '2026-11-22T11:00:00Z');
    expect(weights([older, younger])).toMatchObject({ weights: [100, 9, 100], states: ['overruled', 'applied'] });
    const oldDrain = drain('drain', ['pod-2'], {}, '2026-11-22T09:00:00Z');
    expect(weights([oldDrain, younger])).toMatchObject({ weights: [100, 0, 100], states: ['applied', 'overruled'] });
  });

  it('are lifted, youngest first, before they leave a Service with no backend', () => {
    const first = drain('a', ['pod-1', 'pod-2'], {}, '2026-11-22T10:00:00Z');
    const second = drain('b', ['pod-3'], {}, '2026-11-22T11:00:00Z');
    expect(weights([first, second])).toMatchObject({ weights: [0, 0, 100], states: ['applied', 'lifted'] });
    const zero = override('c', { weight: 0 }, '2026-11-22T12:00:00Z');
    expect(weights([zero])).toMatchObject({ weights: [100, 100, 100], states: ['lifted'] });
  });

  it('are lifted in both families together when one of them would be left with nobody', () => {
    const dual = service('cart', { clusterIPs: ['10.96.0.9', 'fd00:96::9'], ipFamilies: ['IPv4', 'IPv6'] });
    const only = slice('cart', [{ ip: 'fd00:244::1' }], 'cart-v6', 'IPv6');
    const build = (overrides: KubeRoutingOverride[]) =>
      buildRoutingTable({ services: [dual], endpointSlices: [cart, only], overrides, pods: [] });
    const table = build([drain('a', ['pod-1'])]);
    expect(table.outcomes).toMatchObject([{ state: 'lifted' }]);
    const families = portsOf(table, 'shop/cart:http/TCP').map(({ backends }) => backends.map(({ weight }) => weight));
    expect(families).toEqual([[100, 100, 100], [100]]);
    expect(build([drain('a', ['pod-2'])]).outcomes).toMatchObject([{ state: 'applied' }]);
  });

  it('find an address however it is spelled', () => {
    const addresses = ['010.244.001.1', 'FD00:0::1'];
    const table = buildRoutingTable({
      services: [service('cart', { clusterIPs: ['10.96.0.9', 'fd00:96::9'], ipFamilies: ['IPv4', 'IPv6'] })],
      endpointSlices: [cart, slice('cart', [{ ip: 'fd00::1' }], 'cart-v6', 'IPv6')],
      overrides: [override('w', { backends: { addresses }, weight: 7 })],
      pods: [],
    });
    const families = portsOf(table, 'shop/cart:http/TCP').map(({ backends }) => backends.map(({ weight }) => weight));
    expect(families).toEqual([[7, 100, 100], [7]]);
  });

  it('let sticky clients come back to a draining backend only when they say so', () => {
    const keeps = (spec: object) => {
      const { table } = weights([override('d', { backends: { podNames: ['pod-1'] }, ...spec })]);
      return table.servicePorts.get('shop/cart:http/TCP')?.backends.map(({ keepsSticky }) => keepsSticky);
    };
    expect(keeps({ drain: {} })).toEqual([false, false, false]);
    expect(keeps({ drain: { sticky: 'expire' } })).toEqual([false, false, false]);
    expect(keeps({ drain: { sticky: 'keep' } })).toEqual([true, false, false]);
    expect(keeps({ weight: 0 })).toEqual([false, false, false]);
  });

  it('may empty a Service when they say so', () => {
    const all = override('all', { drain: {}, allowEmpty: true });
    expect(weights([all])).toMatchObject({ weights: [0, 0, 0], states: ['applied'] });
  });

  it('that name nothing say so, with the field', () => {
    expect(weights([drain('x', ['pod-77'])]).table.outcomes[0]).toMatchObject({
      state: 'noBackends',
      field: 'spec.backends',
    });
    expect(weights([override('x', { ports: ['grpc'], weight: 1 })]).table.outcomes[0]).toMatchObject({
      state: 'noBackends',
      field: 'spec.ports',
      message: expect.stringContaining('"grpc"'),
    });
    expect(weights([override('x', { service: 'basket', weight: 1 })]).table.outcomes[0]).toMatchObject({
      state: 'noService',
      message: expect.stringContaining('shop/basket'),
    });
  });

  it.each([
    ['a weight out of range', { weight: 1001 }, 'spec.weight'],
    ['a weight that is no number', { weight: '10' }, 'spec.weight'],
    ['two wishes', { weight: 10, drain: {} }, 'spec.drain'],
    ['a weight and a share', { weight: 1, share: 10 }, 'spec.share'],
    ['no wish', {}, 'spec.weight'],
    ['a share of more than everything', { share: 101 }, 'spec.share'],
    ['an unknown wish for open connections', { drain: { existing: 'kill' } }, 'spec.drain.existing'],
    ['an unknown wish for sticky clients', { drain: { sticky: 'maybe' } }, 'spec.drain.sticky'],
    ['a ramp of a drain', { drain: {}, ramp: { from: 0, seconds: 10 } }, 'spec.ramp'],
    ['a ramp from more than everything', { share: 10, ramp: { from: 101, seconds: 10 } }, 'spec.ramp.from'],
    ['a time that is none', { weight: 1, expiresAt: 'tomorrow' }, 'spec.expiresAt'],
    ['nobody', { service: undefined, weight: 1 }, 'spec.service'],
    [
      'ports of no Service',
      { service: undefined, ports: ['http'], backends: { zones: ['a'] }, weight: 1 },
      'spec.ports',
    ],
    ['an unknown field', { weight: 1, strength: 10 }, 'spec'],
  ])('with %s are refused by field; the rest goes on', (_title, spec, field) => {
    const good = override('good', { backends: { podNames: ['pod-1'] }, weight: 3 });
    const { weights: list, table } = weights([override('bad', spec), good]);
    expect(list).toEqual([3, 100, 100]);
    expect(table.outcomes.find((o) => o.name === 'bad')).toMatchObject({ state: 'invalid', field });
    expect(table.problems).toContainEqual(expect.objectContaining({ kind: 'RoutingOverride', name: 'bad', field }));
  });
});
