import { expect, test } from 'vitest';
import { CityModel } from '../../server/city-model.ts';
import { serviceRecord } from '../../server/object-records.ts';
import { makerOf } from '../../server/override-records.ts';
import { cart, cart1, cart2, override, service } from './objects.ts';

const spec = (more: object) => ({ ...service('cart'), spec: { ...service('cart').spec, ...more } });
const policyOf = (more: object) => serviceRecord(spec(more), []).policy;

test('a plain Service keeps nobody, prefers nobody, and has no door for clients from outside', () => {
  expect(policyOf({})).toEqual({
    affinitySeconds: undefined,
    internalTraffic: 'Cluster',
    externalTraffic: undefined,
    externalIPs: [],
    loadBalancers: [],
    sourceRanges: [],
    healthCheckNodePort: undefined,
    externalName: undefined,
    distribution: undefined,
  });
});

test('clients are kept for the time that is given, else for three hours', () => {
  expect(policyOf({ sessionAffinity: 'ClientIP' }).affinitySeconds).toBe(10_800);
  const sessionAffinityConfig = { clientIP: { timeoutSeconds: 600 } };
  expect(policyOf({ sessionAffinity: 'ClientIP', sessionAffinityConfig }).affinitySeconds).toBe(600);
  expect(policyOf({ sessionAffinity: 'None', sessionAffinityConfig }).affinitySeconds).toBe(undefined);
});

test('the external policy is told only of Services that have an external door', () => {
  const externalTrafficPolicy = 'Local';
  expect(policyOf({ externalTrafficPolicy }).externalTraffic).toBe(undefined);
  expect(policyOf({ externalTrafficPolicy, type: 'NodePort' }).externalTraffic).toBe('Local');
  expect(policyOf({ externalIPs: ['192.0.2.9'] }).externalTraffic).toBe('Cluster');
});

test('a load balancer tells its addresses, names and guards; a node port stands with its port', () => {
  const record = serviceRecord(
    {
      ...spec({
        type: 'LoadBalancer',
        ports: [{ name: 'http', port: 80, nodePort: 30_080 }],
        loadBalancerSourceRanges: ['203.0.113.0/24'],
        healthCheckNodePort: 32_122,
      }),
      status: { loadBalancer: { ingress: [{ ip: '198.51.100.7' }, { hostname: 'lb.example' }] } },
    },
    [],
  );
  expect(record.ports[0]?.nodePort).toBe(30_080);
  expect(record.policy).toMatchObject({
    loadBalancers: ['198.51.100.7', 'lb.example'],
    sourceRanges: ['203.0.113.0/24'],
    healthCheckNodePort: 32_122,
  });
});

test('an override was made by whom it names, else by who wrote its spec last, else nobody knows', () => {
  const managed = (fields: object[], annotations?: object) =>
    override('o1', { service: 'cart', drain: {} }, { managedFields: fields, annotations });
  const helm = { manager: 'helm', operation: 'Update', time: '2026-11-22T10:00:00Z' };
  const edit = { manager: 'kubectl-edit', operation: 'Update', time: '2026-11-22T11:00:00Z' };
  const status = { manager: 'node', operation: 'Update', time: '2026-11-22T12:00:00Z', subresource: 'status' };
  expect(makerOf(managed([edit, helm, status], { 'kubecity.dev/by': 'mara' }))).toBe('mara');
  expect(makerOf(managed([edit, helm, status]))).toBe('kubectl-edit');
  expect(makerOf(managed([status]))).toBe(undefined);
  expect(makerOf(override('o1', {}))).toBe(undefined);
});

test('a backend has the hints of its endpoint, and loses them with it though no route changes', () => {
  const model = new CityModel('test');
  for (const one of cart.services) model.setObject('services', one, 0);
  const [slice] = cart.endpointSlices;
  if (!slice) throw new Error('cart has a slice');
  const hinted = (zones: string[][]) => ({
    ...slice,
    endpoints: slice.endpoints?.map((endpoint, i) => ({
      ...endpoint,
      ...(zones[i] && { hints: { forZones: zones[i].map((name) => ({ name })) } }),
    })),
  });
  const hints = () => [cart1, cart2].map((id) => model.store.get('backend', id)?.hints?.zones);

  model.setObject('endpointSlices', hinted([['zone-1'], ['zone-2', 'zone-3']]), 0);
  model.refresh(0);
  expect(hints()).toEqual([['zone-1'], ['zone-2', 'zone-3']]);

  model.setObject('endpointSlices', hinted([['zone-2']]), 0);
  expect([...(model.refresh(0).get('backend') ?? [])].sort()).toEqual([cart1, cart2]);
  expect(hints()).toEqual([['zone-2'], undefined]);

  model.setObject('endpointSlices', slice, 0);
  model.refresh(0);
  expect(hints()).toEqual([undefined, undefined]);
});
