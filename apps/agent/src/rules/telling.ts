import type { Netfilter } from '@kubecity/netfilter';
import type { DriftCheck } from './drift-check.ts';

/** The same door; whoever watches the kernel for other hands is told that this one is ours. */
export function telling(netfilter: Netfilter, watcher: Pick<DriftCheck, 'writing' | 'written'>): Netfilter {
  return {
    save: (table) => netfilter.save(table),
    list: (table, chains) => netfilter.list(table, chains),
    listCounted: (table, chains) => netfilter.listCounted(table, chains),
    restore: async (text) => {
      let commits = 0;
      watcher.writing();
      try {
        commits = await netfilter.restore(text);
        return commits;
      } finally {
        // What a refused text had committed before counts as another's: all is compared then.
        watcher.written(commits);
      }
    },
  };
}
