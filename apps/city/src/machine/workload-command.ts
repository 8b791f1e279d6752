import { join } from 'node:path';

/** Small heaps, no helper threads: thirty of these share the machine. The compile cache keeps an entry per set of flags. */
const NODE_FLAGS = ['--max-semi-space-size=1', '--single-threaded-gc', '--v8-pool-size=0'];

/** The words that start the workload's program. `root`: the checkout. */
export const workloadCommand = (root: string): string[] => [
  process.execPath,
  ...NODE_FLAGS,
  join(root, 'apps/city/src/workload/main.ts'),
];
