import { existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ipset, iptables, iptablesVariant } from '@kubecity/netfilter';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { removeRules } from '../src/rules/cleanup.ts';
import { OPTIONS, RuleWorld, service, slice } from './rule-world.ts';

const PLACE = '/usr/sbin';
const TOOLS = ['iptables', 'iptables-save', 'iptables-restore'];
const legacyOf = (tool: string) => join(PLACE, tool.replace('iptables', 'iptables-legacy'));
const path = process.env.PATH;
const folder = mkdtempSync(join(tmpdir(), 'kubecity-legacy-'));

beforeAll(() => {
  for (const tool of TOOLS) symlinkSync(legacyOf(tool), join(folder, tool));
  process.env.PATH = `${folder}:${path}`;
});
afterAll(async () => {
  await removeRules([iptables()], ipset());
  process.env.PATH = path;
  rmSync(folder, { recursive: true });
});

/** Debian installs both variants beside each other; which of them is `iptables` is the image's choice. */
describe.skipIf(!TOOLS.every((tool) => existsSync(legacyOf(tool))))('iptables-legacy', () => {
  it('takes the same text, gives it back, and is repaired and cleaned like the other', async () => {
    expect(await iptablesVariant()).toBe('legacy');
    const world = new RuleWorld(iptables(), ipset());
    const addresses = Array.from({ length: 40 }, (_, i) => `10.244.1.${i + 1}`);
    for (let i = 1; i <= 60; i++) {
      world.tracker.setService(service(`s${i}`, `10.96.0.${i}`, i % 2 ? { sessionAffinity: 'ClientIP' } : {}));
      world.tracker.setEndpointSlice(slice(`s${i}`, ...addresses.slice(0, i % 3 ? 3 : 40)));
    }
    expect((await world.syncOnce()).isolated).toEqual([]);
    world.tracker.setEndpointSlice(slice('s1', '10.244.2.1'));
    expect(await world.syncOnce()).toMatchObject({ full: false, wrote: { chains: 1 } });
    const again = new RuleWorld(iptables(), ipset(), { ...OPTIONS, masqueradeMark: 0x4000 });
    expect((await again.syncOnce()).wrote.chains).toBeGreaterThan(60);
    expect(await removeRules([iptables()], ipset())).toMatchObject({ chains: expect.any(Number) });
    expect(await iptables().save('nat')).not.toContain('CITY-');
  });
});
