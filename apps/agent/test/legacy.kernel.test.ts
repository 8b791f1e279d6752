import { chooseIptables, installedIptables, ipset, iptables } from '@kubecity/netfilter';
import { pino } from 'pino';
import { afterAll, describe, expect, it } from 'vitest';
import { OtherFlavour } from '../src/clean-up.ts';
import { removeRules } from '../src/rules/cleanup.ts';
import { OPTIONS, RuleWorld, service, slice } from './rule-world.ts';

const legacy = (await installedIptables()).find(({ flavour }) => flavour === 'legacy');
const log = pino({ level: 'silent' });
const door = () => iptables({ suffix: legacy?.suffix ?? '' });

/** Debian installs both variants beside each other; which of them is `iptables` is the image's choice. */
describe.skipIf(!legacy)('iptables-legacy', () => {
  afterAll(() => removeRules([door()], ipset()));

  it('takes the same text, gives it back, and is repaired and cleaned like the other', async () => {
    expect(await chooseIptables('legacy')).toMatchObject(legacy ?? {});
    const world = new RuleWorld(door(), ipset());
    const addresses = Array.from({ length: 40 }, (_, i) => `10.244.1.${i + 1}`);
    for (let i = 1; i <= 60; i++) {
      world.tracker.setService(service(`s${i}`, `10.96.0.${i}`, i % 2 ? { sessionAffinity: 'ClientIP' } : {}));
      world.tracker.setEndpointSlice(slice(`s${i}`, ...addresses.slice(0, i % 3 ? 3 : 40)));
    }
    expect((await world.syncOnce()).isolated).toEqual([]);
    expect(await iptables({ suffix: '-nft' }).save()).not.toContain('CITY-');
    world.tracker.setEndpointSlice(slice('s1', '10.244.2.1'));
    expect(await world.syncOnce()).toMatchObject({ full: false, wrote: { chains: 1 } });
    const again = new RuleWorld(door(), ipset(), { ...OPTIONS, masqueradeMark: 0x4000 });
    expect((await again.syncOnce()).wrote.chains).toBeGreaterThan(60);
    // What the agent does whose rules are in the other flavour's tables now.
    await new OtherFlavour('legacy', ['IPv4'], 'routing', log).once();
    expect(await door().save('nat')).toContain('CITY-');
    await new OtherFlavour('nft', ['IPv4'], 'routing', log).once();
    expect(await door().save()).not.toContain('CITY-');
    again.sync.check();
    expect((await again.syncOnce()).drift).toContain('is missing');
    expect(await removeRules([door()], ipset())).toMatchObject({ chains: expect.any(Number) });
    expect(await door().save('nat')).not.toContain('CITY-');
  });
});
