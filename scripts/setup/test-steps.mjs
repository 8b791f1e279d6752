import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { inOwnMachine } from './namespaces.mjs';
import { childEnvironment, root } from './runtime.mjs';
import { done, fail, heading, since } from './say.mjs';

/** A minute or more each: real ramps, deadlines, a hundred thousand connections. */
const LONG = /\/steering-[^/]*$/;

/** Paths from the root, in a stable order. */
function kernelTests() {
  return ['apps', 'packages']
    .flatMap((top) =>
      readdirSync(join(root, top), { recursive: true, encoding: 'utf8' }).map((path) => join(top, path)),
    )
    .filter((path) => /^[^/]+\/[^/]+\/test\/.*\.kernel\.test\.ts$/.test(path))
    .sort();
}

/** One machine a file: none meets what another left (rules, connections). */
const inOwnMachines = (files) =>
  files.map((file) => inOwnMachine('vitest', 'run', '--config', 'vitest.kernel.config.ts', file));

const steps = [
  { name: 'format and lint', commands: () => [['biome', 'check', '.']] },
  { name: 'direction of dependencies', commands: () => [['npm', 'run', '--silent', 'deps']] },
  {
    name: 'types and unit tests',
    commands: () => [
      ['tsc', '-p', 'bench'],
      ['tsc', '-p', 'scripts'],
      ['tsc', '-p', 'deploy'],
      ['vitest', 'run', '--dir', 'deploy'],
      ['vitest', 'run', '--dir', 'scripts'],
      [
        ...['turbo', 'run', 'typecheck', 'test', '--continue=always', '--concurrency=100%'],
        ...['--log-order=grouped', '--output-logs=new-only'],
      ],
    ],
  },
  {
    name: 'kernel suite',
    commands: () => inOwnMachines(kernelTests().filter((file) => !LONG.test(file))),
  },
  {
    name: 'browser suite',
    commands: () => [
      ['turbo', 'run', 'build', '--filter=@kubecity/dashboard', '--output-logs=new-only'],
      ['vitest', 'run', '--config', 'vitest.e2e.config.ts'],
    ],
  },
  {
    // behind the browser suite, whose pages it takes
    name: 'images',
    commands: () => [
      ['turbo', 'run', 'build', '--filter=@kubecity/dashboard', '--output-logs=new-only'],
      ['node', 'scripts/image-steps.ts'],
    ],
  },
  {
    name: 'steering suite',
    commands: () => inOwnMachines(kernelTests().filter((file) => LONG.test(file))),
  },
];

/**
 * Runs the steps in order and stops behind the first that fails, all of whose commands have run: who mends one file
 * learns of the others. Arguments choose steps by words of their names:
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
  for (const { name, commands } of chosen) {
    heading(name);
    const start = performance.now();
    const failed = commands().filter((command) => !passes(command));
    if (failed.length > 0) {
      fail(
        `${name} failed after ${since(start)}`,
        // What stands behind the shell of a machine of its own.
        failed.map((command) => command.slice(command.lastIndexOf('sh') + 1).join(' ')),
      );
      return 1;
    }
    done(`${name}: ${since(start)}`);
  }
  return 0;
}

/** False when the command fails. Ends this process as the command ended when a signal did it: nobody wants the rest. */
function passes([file, ...args]) {
  const { status, signal, error } = spawnSync(file, args, { cwd: root, env: childEnvironment(), stdio: 'inherit' });
  if (error) throw error;
  if (signal) process.exit(128 + constants.signals[signal]);
  return status === 0;
}
