import type { CityRecord, ServicePolicy } from '@kubecity/protocol';
import { describe, expect, it } from 'vitest';
import { duration } from '../../src/city/format.ts';
import { hintUse, policyWords } from '../../src/city/policy.ts';
import type { Backend } from '../../src/city/services.ts';

const PLAIN: ServicePolicy = { internalTraffic: 'Cluster', externalIPs: [], loadBalancers: [], sourceRanges: [] };

const service = (policy: Partial<ServicePolicy> = {}, more: Partial<CityRecord<'service'>> = {}) => ({
  namespace: 'shop',
  name: 'cart',
  type: 'ClusterIP',
  clusterIP: '10.96.0.10',
  ports: [],
  problems: [],
  policy: { ...PLAIN, ...policy },
  ...more,
});

const backend = (n: number, hints?: Backend['hints'], ready = true): Backend => ({
  id: `shop/cart:http/TCP|10.0.0.${n}:80`,
  service: 'shop/cart',
  servicePort: 'shop/cart:http/TCP',
  address: `10.0.0.${n}`,
  port: 80,
  usable: ready,
  ready,
  serving: ready,
  terminating: false,
  hints,
  weight: 100,
  draining: false,
  wishedShare: 0.5,
});

const said = (...args: Parameters<typeof policyWords>) => policyWords(...args).join(' ');

describe('policy in words', () => {
  it('a plain Service', () => {
    expect(policyWords(service(), [backend(1)])).toEqual([
      'Every new connection is placed anew.',
      'Clients in the cluster get any backend.',
      'No door for clients from outside.',
    ]);
  });

  it.each<[Partial<ServicePolicy>, string]>([
    [{ affinitySeconds: 10_800 }, 'Clients keep their backend for 3 hours'],
    [{ internalTraffic: 'Local' }, 'only pods on their own node'],
    [{ externalTraffic: 'Local' }, 'only pods on the node where they arrive'],
    [{ externalTraffic: 'Cluster' }, 'in place of theirs'],
    [{ externalTraffic: 'Local', sourceRanges: ['203.0.113.0/24'] }, 'Only 203.0.113.0/24 may use'],
    [{ externalTraffic: 'Local', loadBalancers: ['198.51.100.7'] }, 'Load balancer: 198.51.100.7.'],
    [{ externalTraffic: 'Cluster', externalIPs: ['192.0.2.9'] }, 'Also reached at 192.0.2.9.'],
    [{ externalTraffic: 'Local', healthCheckNodePort: 32_122 }, 'at port 32122'],
    [{ distribution: 'PreferSameZone' }, 'PreferSameZone'],
  ])('%o says “%s”', (policy, words) => expect(said(service(policy), [])).toContain(words));

  it('a balancer without an address is waited for', () => {
    expect(said(service({ externalTraffic: 'Cluster' }, { type: 'LoadBalancer' }), [])).toContain('no address yet');
  });

  it('what routes nothing says only that', () => {
    expect(policyWords(service({ externalName: 'db.example' }), [])).toHaveLength(1);
    expect(policyWords(service({}, { clusterIP: 'None' }), [backend(1)])).toHaveLength(1);
  });
});

describe('hints', () => {
  const zone = (...zones: string[]) => ({ zones });

  it('count while every ready backend has one', () => {
    expect(hintUse([backend(1, zone('a')), backend(2, zone('a', 'b')), backend(3, undefined, false)])).toEqual({
      use: 'zones',
      places: new Map([
        ['a', 2],
        ['b', 1],
      ]),
    });
  });

  it('do not count when one ready backend has none', () => {
    expect(hintUse([backend(1, zone('a')), backend(2)])).toEqual({ use: 'partial', hinted: 1, ready: 2 });
    expect(said(service(), [backend(1, zone('a')), backend(2)])).toContain('1 of 2 ready backends have a hint');
  });

  it('of nodes go before those of zones', () => {
    const both = { zones: ['a'], nodes: ['node-a'] };
    expect(hintUse([backend(1, both), backend(2, both)])).toMatchObject({ use: 'nodes' });
  });

  it('are not spoken of when there is none', () => {
    expect(hintUse([backend(1), backend(2)])).toEqual({ use: 'none' });
    expect(hintUse([])).toEqual({ use: 'none' });
  });
});

it.each([
  [45, '45 seconds'],
  [600, '10 minutes'],
  [10_800, '3 hours'],
  [5400, '1 hour 30 minutes'],
  [86_400, '1 day'],
])('%d seconds are %s', (seconds, words) => expect(duration(seconds)).toBe(words));
