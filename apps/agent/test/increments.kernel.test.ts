import { ipset, iptables } from '@kubecity/netfilter';
import { Compiler, compile, defaultCompileOptions, firstDifference, stateOf } from '@kubecity/ruleset';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { cityEvents, RandomCity } from '../../../packages/ruleset/test/random-city.ts';
import { removeRules } from '../src/rules/cleanup.ts';
import { readKernel } from '../src/rules/kernel-reading.ts';
import { RuleSync } from '../src/rules/rule-sync.ts';
import { OPTIONS } from './rule-world.ts';

const FAMILIES = [
  OPTIONS,
  { ...defaultCompileOptions('IPv6'), localDetect: { kind: 'cidr', cidr: 'fd00:244::/48' } },
] as const;

afterEach(async () => {
  await removeRules([iptables(), iptables({ family: 'IPv6' })], ipset());
});

describe.each(FAMILIES)('after any events ($family)', (options) => {
  it('the kernel holds what a compiler that starts from nothing says, and so does a restarted agent', async () => {
    await fc.assert(
      fc.asyncProperty(cityEvents, async (events) => {
        const netfilter = iptables({ family: options.family });
        const start = () => new RuleSync({ compiler: new Compiler(options), netfilter, ipset: ipset() });
        const sync = start();
        const city = new RandomCity();
        for (const event of events) {
          city.apply(event);
          const { table, changed } = city.tracker.take();
          const { isolated } = await sync.sync(table.servicePorts, changed);
          expect(isolated).toEqual([]);
          const full = compile(city.anew().take().table, options);
          expect(firstDifference(stateOf(full), await readKernel(netfilter))).toBeUndefined();
        }
        const { table } = city.anew().take();
        const restarted = await start().sync(table.servicePorts, new Set(table.servicePorts.keys()));
        expect(restarted.wrote).toEqual({ chains: 0, rules: 0 });
      }),
      { seed: 20261122, numRuns: 20 },
    );
  });
});
