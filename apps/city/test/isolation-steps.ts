import type { KubeNetworkPolicy } from '@kubecity/isolation';
import { type KubeClient, resources } from '@kubecity/kube';
import type { KubePod, KubeService } from '@kubecity/routing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MapWatch } from '../testing/map-watch.ts';
import type { RunningCity } from '../testing/running-city.ts';

/** A frame comes every second, and one that was on its way at the moment of the call may count. */
const FRAMES_WITHIN = 2;

interface Whole {
  readonly city: RunningCity;
  readonly api: KubeClient;
  readonly nodes: readonly string[];
}

/** Isolation and routes in a city that is up. `whole` is asked in hooks and tests only. */
export function describeIsolation(whole: () => Whole): void {
  describe('isolation', () => {
    let map: MapWatch;
    beforeAll(async () => {
      map = await MapWatch.open(whole().city.url);
    });
    afterAll(() => map?.close());

    const podsOf = async (app: string) => {
      const { items } = await whole().api.list<KubePod>(resources.pods, { namespace: 'shop' });
      return items
        .filter(({ metadata }) => metadata.labels?.app === app && metadata.deletionTimestamp === undefined)
        .map(({ metadata }) => metadata.name);
    };

    /** A request to the payments from inside a pod: what came of it, as curl names it. */
    async function pay(pod: string): Promise<string> {
      const { spec } = await whole().api.get<KubeService>(resources.services, {
        namespace: 'payments',
        name: 'payments',
      });
      const curl = `curl -s -o /dev/null -m 5 -w '%{http_code} %{exitcode}' http://${spec?.clusterIP}:8443/ || true`;
      return await whole().city.exec(pod, 'sh', '-c', curl);
    }

    it('is enforced on every node, by the policies of the API', async () => {
      const { items } = await whole().api.list<KubeNetworkPolicy>(resources.networkPolicies);
      const names = items.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`).sort();
      expect(names).toContain('payments/only-checkout');
      const known = () => map.all('policy').map(({ namespace, name }) => `${namespace}/${name}`);
      await expect.poll(() => known().sort()).toEqual(names);
      const states = () => map.all('node').map(({ agent }) => agent.isolation?.state);
      await expect.poll(states).toEqual(whole().nodes.map(() => 'enforcing'));
    });

    it('tells of each pod who closes it', async () => {
      const gates = (app: string) => {
        const pods = map.all('pod').filter(({ labels }) => labels.app === app);
        return [...new Set(pods.map(({ gates: { ingress = [], egress = [] } = {} }) => `in ${ingress} out ${egress}`))];
      };
      await expect.poll(() => gates('payments')).toEqual(['in payments/only-checkout out ']);
      await expect.poll(() => gates('sessions')).toEqual(['in data/closed,data/sessions-callers out ']);
      await expect.poll(() => gates('stray')).toEqual(['in  out shop/stray-stays-inside']);
      await expect.poll(() => gates('web')).toEqual(['in  out ']);
    });

    it('lets checkout through to the payments, and counts it', async () => {
      const [pod = ''] = await podsOf('checkout');
      expect(await pay(pod)).toBe('200 0');
      const figures = () => map.all('policy').find(({ name }) => name === 'only-checkout')?.ingress;
      await expect.poll(() => figures()?.accepted).toBeGreaterThan(0);
    });

    it('refuses everybody else, and the map says within two seconds by which policy', async () => {
      const waited: number[] = [];
      for (const pod of await podsOf('web')) {
        const refusal = () => map.all('refusal').find(({ client }) => client.label === `shop/${pod}`);
        const shown = map.when(() => refusal() !== undefined);
        expect(await pay(pod)).toMatch(/^000 (7|56)$/);
        const made = map.frames;
        waited.push((await shown) - made);
        expect(refusal()).toMatchObject({
          service: 'payments/payments',
          port: 8080,
          direction: 'ingress',
          policies: ['payments/only-checkout'],
        });
      }
      // Of four attempts two at least, so that a breath of a busy machine does not count.
      expect(waited.sort((a, b) => a - b)[1]).toBeLessThanOrEqual(FRAMES_WITHIN);
    });

    it('refuses the stray now and then: at the payments, and on its way out of the cluster', async () => {
      const ofStray = () => map.all('refusal').filter(({ client }) => client.label.startsWith('shop/stray-'));
      const told = () => ofStray().map(({ policies, direction }) => `${policies} ${direction}`);
      await map.when(() => new Set(told()).size === 2);
      expect(new Set(told())).toEqual(new Set(['payments/only-checkout ingress', 'shop/stray-stays-inside egress']));
      const outside = ofStray().find(({ direction }) => direction === 'egress');
      expect(outside).toMatchObject({ address: '203.0.113.7', port: 80, protocol: 'TCP' });
    });

    it('refuses nothing else', () => {
      const clients = map.all('refusal').map(({ client }) => client.label.replace(/-.*/, ''));
      expect(new Set(clients)).toEqual(new Set(['shop/web', 'shop/stray']));
    });
  });

  describe('routes', () => {
    let map: MapWatch;
    beforeAll(async () => {
      map = await MapWatch.open(whole().city.url);
    });
    afterAll(() => map?.close());

    it('are kept by every agent, straight to each other node', async () => {
      const { nodes } = whole();
      const kept = () =>
        map
          .all('node')
          .map(({ agent: { routes } }) => routes && [routes.mode, routes.state, routes.direct, routes.none]);
      await expect.poll(kept).toEqual(nodes.map(() => ['direct', 'sound', nodes.length - 1, 0]));
    });

    it('come back when another hand takes one away, and the map tells it', async () => {
      const { city } = whole();
      const range = '10.244.2.0/24';
      const route = () => city.exec('node-a', 'ip', 'route', 'show', range);
      const before = await route();
      expect(before).toContain('via 172.18.0.3');
      await city.exec('node-a', 'ip', 'route', 'del', range);
      await expect.poll(route).toBe(before);
      const repaired = () => map.all('node').find(({ name }) => name === 'node-a')?.agent.routes?.repaired?.difference;
      await expect.poll(repaired).toContain(range);
    });
  });
}
