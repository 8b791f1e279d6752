import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { ensureTools, kernelTools, kernelToolsAndBrowser } from './kernel-tools.mjs';
import { inOwnMachine, requireNamespaces } from './namespaces.mjs';
import { childEnvironment, pinnedNode, root } from './runtime.mjs';
import { SetupError } from './say.mjs';
import { runTests } from './test-steps.mjs';

/** Real packets are sent by a Perl script: Node has no raw sockets. */
const labTools = [...kernelTools, 'perl'];

/**
 * What `start.mjs` can start: the tools each needs on the machine, whether it makes namespaces, and how it runs.
 * `run(args)` gives the exit code.
 */
export const programs = {
  city: { tools: kernelTools, namespaces: true, run: (args) => runPinned('apps/city/src/main.ts', args) },
  agent: {
    tools: kernelTools,
    namespaces: false,
    // Its own start script, for the flags of Node.js that it is measured with.
    run: (args) =>
      runPinned('apps/agent/kubecity-agent', args, (node, script, ...rest) => ['env', `NODE=${node}`, script, ...rest]),
  },
  kubecity: { tools: [], namespaces: false, run: (args) => runPinned('apps/cli/src/main.ts', args) },
  cases: { tools: [], namespaces: false, run: runCases },
  bench: { tools: kernelTools, namespaces: true, run: (args) => runPinned('bench/main.ts', args) },
  test: { tools: [...kernelToolsAndBrowser, ...labTools], namespaces: true, run: runTests },
  'test:cluster': { tools: [], namespaces: false, run: (args) => runPinned('scripts/cluster-tests.ts', args) },
  'configuration-reference': {
    tools: [],
    namespaces: false,
    run: (args) => runPinned('deploy/configuration-reference.ts', args),
  },
  screenshots: {
    tools: kernelToolsAndBrowser,
    namespaces: true,
    run: (args) => runPinned('scripts/screenshots.ts', args),
  },
};

/**
 * Runs one of our TypeScript programs under the pinned Node in the caller's terminal and folder. The IPC channel tells
 * the program when this process is gone even by kill -9, so that nothing it started outlives the command.
 */
function runPinned(file, args, place = (...command) => command) {
  if (!existsSync(join(root, file))) throw new SetupError(`${file} is not in this checkout`);
  const [program, ...rest] = place(pinnedNode, join(root, file), ...args);
  const child = spawn(program, rest, {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: childEnvironment(),
  });
  // A terminal's Ctrl-C reaches the child too; a `kill` of this process has to be passed on.
  process.on('SIGINT', () => {});
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal]));
  });
}

/** The packet walk needs nothing of the machine; real packets need its tools and a private network. */
function runCases(args) {
  const file = 'apps/agent/cases/main.ts';
  if (args.includes('--walk') && !args.includes('--kernel')) return runPinned(file, args);
  ensureTools(labTools);
  requireNamespaces();
  return runPinned(file, args, inOwnMachine);
}
