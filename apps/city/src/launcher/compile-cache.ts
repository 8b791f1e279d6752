import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from '../machine/command.ts';
import { workloadCommand } from '../machine/workload-command.ts';

/** Node keeps what it compiled, for every process of the city: inherited through the environment. */
export function useCompileCache(root: string): void {
  const folder = join(root, 'node_modules/.cache/kubecity-compile');
  mkdirSync(folder, { recursive: true });
  process.env.NODE_COMPILE_CACHE = folder;
}

/**
 * Compiles the workload once, so that thirty pods need not do it at the same time. With nothing to serve and nobody to
 * call, its program ends as soon as it has begun.
 */
export function warmWorkload(root: string): Promise<void> {
  const [node = '', ...args] = workloadCommand(root);
  return runCommand(node, args);
}
