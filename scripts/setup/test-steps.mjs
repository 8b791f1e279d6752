import { spawnSync } from 'node:child_process';
import { constants } from 'node:os';
import { unshareFlags } from './namespaces.mjs';
import { childEnvironment, root } from './runtime.mjs';
import { done, fail, heading, since } from './say.mjs';

/**
 * The kernel suite gets a network, mounts and processes of its own, so it needs no root and leaves nothing behind
 * however it ends. The tmpfs on /run is for `ip netns add` and the lock of iptables.
 */
const inOwnMachine = (...command) => [
  'unshare',
  ...unshareFlags(),
  'sh',
  '-ec',
  'mount -t tmpfs tmpfs /run; ip link set lo up; exec "$@"',
  'sh',
  ...command,
];

const steps = [
  { name: 'format and lint', command: () => ['biome', 'check', '.'] },
  { name: 'direction of dependencies', command: () => ['npm', 'run', '--silent', 'deps'] },
  {
    name: 'types and unit tests',
    command: () => [
      'turbo',
      'run',
      'typecheck',
      'test',
      '--concurrency=100%',
      '--log-order=grouped',
      '--output-logs=new-only',
    ],
  },
  {
    name: 'kernel suite',
    command: () => inOwnMachine('vitest', 'run', '--config', 'vitest.kernel.config.ts'),
  },
  { name: 'browser suite', command: () => ['vitest', 'run', '--config', 'vitest.e2e.config.ts'] },
];

/**
 * Runs the steps in order and stops at the first that fails. Arguments choose steps by words of their names:
 * `npm test -- kernel browser`.
 */
export function runTests(words) {
  const chosen = words.length === 0 ? steps : steps.filter(({ name }) => words.some((word) => name.includes(word)));
  if (chosen.length === 0) {
    fail(
      `no test step matches "${words.join(' ')}"`,
      steps.map(({ name }) => name),
    );
    return 1;
  }
  for (const { name, command } of chosen) {
    heading(name);
    const start = performance.now();
    const [file, ...args] = command();
    const { status, signal, error } = spawnSync(file, args, { cwd: root, env: childEnvironment(), stdio: 'inherit' });
    if (error) throw error;
    if (status !== 0) {
      fail(`${name} failed after ${since(start)}`);
      return status ?? 128 + constants.signals[signal];
    }
    done(`${name}: ${since(start)}`);
  }
  return 0;
}
