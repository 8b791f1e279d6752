import { NetfilterError } from '@kubecity/netfilter';
import { FakeNetfilter } from '@kubecity/netfilter/testing';
import { type KubeEndpointSlice, type KubeService, RoutingTracker } from '@kubecity/routing';
import { Compiler, DEFAULT_MASQUERADE_MARK } from '@kubecity/ruleset';
import { describe, expect, it } from 'vitest';
import { ReadBackError, RuleSync, removeRules } from '../src/rule-sync.ts';

const service: KubeService = {
  metadata: { namespace: 'shop', name: 'cart' },
  spec: { clusterIP: '10.96.0.9', ports: [{ name: 'http', port: 80 }] },
};
const slice = (...addresses: string[]): KubeEndpointSlice => ({
  metadata: { namespace: 'shop', name: 'cart-1', labels: { 'kubernetes.io/service-name': 'cart' } },
  addressType: 'IPv4',
  ports: [{ name: 'http', port: 8080 }],
  endpoints: addresses.map((address) => ({ addresses: [address] })),
});

function setUp(kernel = new FakeNetfilter()) {
  const tracker = new RoutingTracker('node-a');
  tracker.setService(service);
  tracker.setEndpointSlice(slice('10.244.1.1', '10.244.1.2'));
  return {
    kernel,
    tracker,
    sync: new RuleSync(tracker, new Compiler({ masqueradeMark: DEFAULT_MASQUERADE_MARK }), kernel),
  };
}

describe('RuleSync', () => {
  it('writes once, then nothing while nothing changes', async () => {
    const { kernel, sync } = setUp();
    expect((await sync.syncOnce()).wrote.chains).toBe(4);
    expect((await sync.syncOnce()).wrote).toEqual({ chains: 0, rules: 0 });
    expect(kernel.restores).toHaveLength(1);
  });

  it('touches one chain for one endpoint', async () => {
    const { kernel, tracker, sync } = setUp();
    await sync.syncOnce();
    tracker.setEndpointSlice(slice('10.244.1.1'));
    expect((await sync.syncOnce()).wrote).toEqual({ chains: 1, rules: 1 });
    expect(kernel.restores[1]?.match(/^:/gm)).toHaveLength(1);
  });

  it('finds the kernel as its predecessor left it and writes nothing', async () => {
    const { kernel, sync } = setUp();
    await sync.syncOnce();
    expect((await setUp(kernel).sync.syncOnce()).wrote).toEqual({ chains: 0, rules: 0 });
  });

  it('keeps the change after a failure and applies it at the next try', async () => {
    const { kernel, tracker, sync } = setUp();
    await sync.syncOnce();
    tracker.setEndpointSlice(slice('10.244.1.3'));
    kernel.failNext();
    await expect(sync.syncOnce()).rejects.toMatchObject({ code: 'busy' });
    expect((await sync.syncOnce()).wrote.chains).toBe(1);
    expect(await kernel.save('nat')).toContain('10.244.1.3:8080');
  });

  it('does not acknowledge what it cannot read back', async () => {
    const { kernel, tracker, sync } = setUp();
    await sync.syncOnce();
    tracker.setEndpointSlice(slice('10.244.1.3'));
    const restore = kernel.restore.bind(kernel);
    // A hand that edits between our write and our read.
    kernel.restore = async (text) => {
      await restore(text);
      kernel.meddle('nat', (chains) => chains.get('CITY-SERVICES')?.push('-j ACCEPT'));
    };
    await expect(sync.syncOnce()).rejects.toThrow(ReadBackError);
    kernel.restore = restore;
    expect((await sync.syncOnce()).wrote.chains).toBe(1);
  });

  it('names drift when it checks and repairs only that', async () => {
    const { kernel, sync } = setUp();
    await sync.syncOnce();
    kernel.meddle('nat', (chains) => chains.set('CITY-SERVICES', []));
    expect((await sync.syncOnce()).wrote.chains, 'without a check nothing is read').toBe(0);
    sync.check();
    expect(await sync.syncOnce()).toMatchObject({
      wrote: { chains: 1, rules: 1 },
      drift: expect.stringContaining('CITY-SERVICES'),
    });
  });

  it('leaves nothing behind on removal', async () => {
    const { kernel, sync } = setUp();
    kernel.meddle('nat', (chains) => chains.get('PREROUTING')?.push('-s 203.0.113.1/32 -j RETURN'));
    await sync.syncOnce();
    await removeRules(kernel);
    expect(await kernel.save('nat')).not.toContain('CITY-');
    expect(await kernel.save('nat')).toContain('-A PREROUTING -s 203.0.113.1/32 -j RETURN');
  });

  it('passes on errors of the door as they are', async () => {
    const { kernel, sync } = setUp();
    kernel.failNext(new NetfilterError('iptables-save -t filter', 'permission', 'CAP_NET_ADMIN is needed'));
    await expect(sync.syncOnce()).rejects.toMatchObject({ name: 'NetfilterError', code: 'permission' });
  });
});
