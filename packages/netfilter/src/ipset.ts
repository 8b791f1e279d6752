import type { Ipset } from './netfilter.ts';
import { run } from './run.ts';

/** Address sets through the ipset tool, in the current network namespace. */
export function ipset({ timeoutMs = 60_000 }: { readonly timeoutMs?: number } = {}): Ipset {
  return {
    list: async () => (await run('ipset', ['list', '-n'], '', timeoutMs)).split('\n').filter((name) => name !== ''),
    save: () => run('ipset', ['save'], '', timeoutMs),
    restore: async (text) => {
      await run('ipset', ['restore'], text, timeoutMs);
      return 0;
    },
    holding: async (asked) => {
      // `restore` ends at the first answer; only the interactive mode goes on. It says who is in on standard error.
      const tests = [...asked].map(([set, member]) => `test ${set} ${member}\n`);
      if (tests.length === 0) return new Set();
      const text = await run('ipset', ['-'], [...tests, 'quit\n'].join(''), timeoutMs, 'stderr');
      return new Set([...text.matchAll(/^Warning: (\S+) is in set (\S+)\.$/gm)].map(([, who, set]) => `${set} ${who}`));
    },
  };
}
