import type { Ipset } from './netfilter.ts';
import { run } from './run.ts';

/** Address sets through the ipset tool, in the current network namespace. */
export function ipset({ timeoutMs = 60_000 }: { readonly timeoutMs?: number } = {}): Ipset {
  return {
    list: async () => (await run('ipset', ['list', '-n'], '', timeoutMs)).split('\n').filter((name) => name !== ''),
    restore: async (text) => {
      await run('ipset', ['restore'], text, timeoutMs);
    },
  };
}
