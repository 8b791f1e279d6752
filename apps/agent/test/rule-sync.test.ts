import { NetfilterError } from '@kubecity/netfilter';
import { FakeIpset, FakeNetfilter } from '@kubecity/netfilter/testing';
import { describe, expect, it } from 'vitest';
import { removeRules } from '../src/rules/cleanup.ts';
import { ReadBackError } from '../src/rules/kernel-reading.ts';
import { OPTIONS, RuleWorld, service, slice } from './rule-world.ts';

function setUp(kernel = new FakeNetfilter(), sets = new FakeIpset()) {
  const world = new RuleWorld(kernel, sets);
  world.tracker.setService(service('cart', '10.96.0.9'));
  world.tracker.setEndpointSlice(slice('cart', '10.244.1.1', '10.244.1.2'));
  return { kernel, sets, world, tracker: world.tracker };
}

const sticky = (seconds: number) => ({
  sessionAffinity: 'ClientIP',
  sessionAffinityConfig: { clientIP: { timeoutSeconds: seconds } },
});

describe('RuleSync', () => {
  it('writes once, then nothing while nothing changes', async () => {
    const { kernel, world } = setUp();
    expect((await world.syncOnce()).wrote.chains).toBeGreaterThan(1);
    expect((await world.syncOnce()).wrote).toEqual({ chains: 0, rules: 0 });
    expect(kernel.restores).toHaveLength(1);
  });

  it('touches one chain for one endpoint', async () => {
    const { kernel, tracker, world } = setUp();
    await world.syncOnce();
    tracker.setEndpointSlice(slice('cart', '10.244.1.1'));
    expect(await world.syncOnce()).toMatchObject({ wrote: { chains: 1, rules: 1 }, full: false });
    expect(kernel.restores[1]?.match(/^:/gm)).toHaveLength(1);
  });

  it('lays a refusal before nat loses the way, and takes it away when nat has it again', async () => {
    const { kernel, tracker, world } = setUp();
    const tables = (text = '') => text.match(/^\*\w+$/gm);
    await world.syncOnce();
    tracker.setEndpointSlice(slice('cart'));
    await world.syncOnce();
    expect(tables(kernel.restores[1])).toEqual(['*filter', '*nat']);
    tracker.setEndpointSlice(slice('cart', '10.244.1.1'));
    await world.syncOnce();
    expect(tables(kernel.restores[2])).toEqual(['*nat', '*filter']);
  });

  it('opens one door before it closes another, when both is wished at once', async () => {
    const { kernel, tracker, world } = setUp();
    tracker.setService(service('pay', '10.96.0.10'));
    tracker.setEndpointSlice(slice('pay', '10.244.1.3'));
    tracker.setEndpointSlice(slice('cart'));
    await world.syncOnce();
    tracker.setEndpointSlice(slice('cart', '10.244.1.1'));
    tracker.setEndpointSlice(slice('pay'));
    await world.syncOnce();
    expect(kernel.restores[1]?.match(/^\*\w+$/gm)).toEqual(['*nat', '*filter']);
  });

  it('finds the kernel as its predecessor left it and writes nothing', async () => {
    const { kernel, world } = setUp();
    await world.syncOnce();
    expect((await setUp(kernel).world.syncOnce()).wrote).toEqual({ chains: 0, rules: 0 });
  });

  it('removes what an earlier version left', async () => {
    const { kernel, world } = setUp();
    kernel.meddle('nat', (chains) => {
      chains.set('CITY-T-10.96.0.0-20', ['-j CITY-OLD']).set('CITY-OLD', []);
      chains.get('PREROUTING')?.push('-m mark --mark 0x1 -j CITY-T-10.96.0.0-20');
    });
    await world.syncOnce();
    const nat = await kernel.save('nat');
    expect(nat).not.toMatch(/CITY-T-|CITY-OLD/);
    expect(nat).toContain('10.244.1.1:8080');
  });

  it('keeps the change after a failure and applies it at the next try', async () => {
    const { kernel, tracker, world } = setUp();
    await world.syncOnce();
    tracker.setEndpointSlice(slice('cart', '10.244.1.3'));
    kernel.failNext();
    await expect(world.syncOnce()).rejects.toMatchObject({ code: 'busy' });
    expect(await world.syncOnce()).toMatchObject({ wrote: { chains: 1 }, full: true });
    expect(await kernel.save('nat')).toContain('10.244.1.3:8080');
  });

  it('does not acknowledge what it cannot read back', async () => {
    const { kernel, tracker, world } = setUp();
    await world.syncOnce();
    tracker.setEndpointSlice(slice('cart', '10.244.1.3'));
    const restore = kernel.restore.bind(kernel);
    // A hand that edits between our write and our read.
    kernel.restore = async (text) => {
      const commits = await restore(text);
      kernel.meddle('nat', (chains) => {
        for (const [name, rules] of chains) if (name.startsWith('CITY-S-')) rules.push('-j ACCEPT');
      });
      return commits;
    };
    await expect(world.syncOnce()).rejects.toThrow(ReadBackError);
    kernel.restore = restore;
    expect((await world.syncOnce()).wrote.chains).toBe(1);
  });

  it('names drift when it checks and repairs only that, also while something else changes', async () => {
    const { kernel, tracker, world } = setUp();
    await world.syncOnce();
    const damage = () => kernel.meddle('nat', (chains) => chains.set('CITY-SERVICES', []));
    damage();
    expect((await world.syncOnce()).wrote.chains, 'without a check nothing is read').toBe(0);
    world.sync.check();
    const repaired = { wrote: { chains: 1, rules: 3 }, drift: expect.stringContaining('CITY-SERVICES') };
    expect(await world.syncOnce()).toMatchObject(repaired);
    damage();
    tracker.setEndpointSlice(slice('cart', '10.244.1.7'));
    world.sync.check();
    expect(await world.syncOnce()).toMatchObject({ wrote: { chains: 2, rules: 4 }, drift: repaired.drift });
  });

  it('compiles everything anew when its options change', async () => {
    const { kernel, world } = setUp();
    await world.syncOnce();
    world.sync.configure({ ...OPTIONS, masqueradeMark: 0x4000 });
    await world.syncOnce();
    const nat = await kernel.save('nat');
    expect(nat).toContain('--set-xmark 0x4000/0x4000');
    expect(nat).not.toContain('0x2000');
  });

  it('leaves nothing behind on removal', async () => {
    const { kernel, sets, tracker, world } = setUp();
    kernel.meddle('nat', (chains) => chains.get('PREROUTING')?.push('-s 203.0.113.1/32 -j RETURN'));
    sets.sets.add('foreign');
    tracker.setService(service('cart', '10.96.0.9', sticky(600)));
    await world.syncOnce();
    expect(await removeRules([kernel], sets)).toMatchObject({ sets: 2 });
    expect(await kernel.save('nat')).not.toContain('CITY-');
    expect(await kernel.save('nat')).toContain('-A PREROUTING -s 203.0.113.1/32 -j RETURN');
    expect([...sets.sets]).toEqual(['foreign']);
  });

  it('passes on errors of the door as they are', async () => {
    const { kernel, world } = setUp();
    kernel.failNext(new NetfilterError('iptables-save -t filter', 'permission', 'CAP_NET_ADMIN is needed'));
    await expect(world.syncOnce()).rejects.toMatchObject({ name: 'NetfilterError', code: 'permission' });
  });
});

describe('a service port that the kernel refuses', () => {
  const crowd = (world: RuleWorld, count: number) => {
    for (let i = 1; i <= count; i++) {
      world.tracker.setService(service(`s${i}`, `10.96.1.${i}`));
      world.tracker.setEndpointSlice(slice(`s${i}`, `10.244.2.${i}`));
    }
  };

  it.each([
    ['and the error names the line', true],
    ['and the error names nothing', false],
  ])('stands alone, and all others are routed (%s)', async (_title, named) => {
    const { kernel, world } = setUp();
    kernel.poison(/10\.244\.2\.(7|19):/, named);
    crowd(world, 40);
    const result = await world.syncOnce();
    expect(result.isolated.map(({ port }) => port.name).sort()).toEqual(['s19', 's7']);
    const nat = await kernel.save('nat');
    for (const i of [1, 6, 8, 40]) expect(nat).toContain(`10.244.2.${i}:8080`);
    expect(nat).not.toMatch(/10\.244\.2\.(7|19):/);
    // Without being named, each is found by halves: not one restore for each of 41.
    expect(kernel.restores.length).toBeLessThan(30);
  });

  it('keeps what it had, is left in peace, and is tried again when it changes or at a check', async () => {
    const { kernel, tracker, world } = setUp();
    crowd(world, 3);
    await world.syncOnce();
    kernel.poison(/10\.244\.9\.9:/);
    tracker.setEndpointSlice(slice('cart', '10.244.9.9'));
    expect((await world.syncOnce()).isolated).toMatchObject([{ port: { name: 'cart' } }]);
    expect(await kernel.save('nat')).toContain('10.244.1.1:8080');
    const restores = kernel.restores.length;
    expect((await world.syncOnce()).isolated).toHaveLength(1);
    expect(kernel.restores).toHaveLength(restores);
    kernel.poison(undefined);
    world.sync.check();
    expect((await world.syncOnce()).isolated).toEqual([]);
    expect(await kernel.save('nat')).toContain('10.244.9.9:8080');
  });

  it('leaves no jump twice although filter was committed before nat was refused', async () => {
    for (const named of [true, false]) {
      const { kernel, world } = setUp();
      kernel.poison(/10\.244\.2\.2:/, named);
      crowd(world, 3);
      expect((await world.syncOnce()).isolated).toHaveLength(1);
      const jumps = (await kernel.save('filter')).split('\n').filter((line) => /^-A [A-Z]+ /.test(line));
      expect(jumps.length).toBeGreaterThan(5);
      expect(new Set(jumps).size).toBe(jumps.length);
    }
  });

  it('does not make a fault of the whole text look like a bad Service', async () => {
    const { kernel, world } = setUp();
    kernel.poison(/CITY-POSTROUTING/);
    await expect(world.syncOnce()).rejects.toMatchObject({ code: 'refused' });
  });
});

describe('sets of session affinity', () => {
  it('are made before the rules, kept while a backend is there and destroyed when it left', async () => {
    const { kernel, sets, tracker, world } = setUp();
    tracker.setService(service('cart', '10.96.0.9', sticky(600)));
    await world.syncOnce();
    const [first, second] = [...sets.sets];
    expect(sets.sets.size).toBe(2);
    expect(await kernel.save('nat')).toContain(`--add-set ${first} src --exist --timeout 600`);
    tracker.setService(service('cart', '10.96.0.9', sticky(60)));
    await world.syncOnce();
    expect([...sets.sets]).toEqual([first, second]);
    tracker.setEndpointSlice(slice('cart', '10.244.1.1'));
    // The kernel may hold on to a set for a moment after the rules are gone.
    sets.inUse = second;
    await world.syncOnce();
    expect(sets.sets.size).toBe(2);
    sets.inUse = undefined;
    await world.syncOnce();
    expect([...sets.sets]).toEqual([first]);
  });

  it('that an earlier process left are found and destroyed', async () => {
    const { kernel, sets, tracker, world } = setUp();
    tracker.setService(service('cart', '10.96.0.9', sticky(600)));
    await world.syncOnce();
    await setUp(kernel, sets).world.syncOnce();
    expect([...sets.sets]).toEqual([]);
  });

  it('are missed only by those who need them when ipset is not installed', async () => {
    const { kernel, tracker, sets, world } = setUp();
    const missing = new NetfilterError('ipset restore', 'missing-tool', 'the program is not installed');
    sets.restore = () => Promise.reject(missing);
    sets.list = () => Promise.reject(missing);
    tracker.setService(service('held', '10.96.0.10', sticky(600)));
    tracker.setEndpointSlice(slice('held', '10.244.1.9'));
    const { isolated } = await world.syncOnce();
    expect(isolated).toMatchObject([{ port: { name: 'held' }, reason: expect.stringContaining('not installed') }]);
    expect(await kernel.save('nat')).toContain('10.244.1.1:8080');
  });
});
