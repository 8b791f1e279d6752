/**
 * Entry of `npm run city | agent | screenshots` and `npm test`: makes the machine ready, saying what it does, then hands
 * over to the real program under the pinned Node. Plain JavaScript without dependencies: it runs on a fresh clone, under
 * whatever Node (20 or newer) the system has.
 */
import { ensureDependencies } from './setup/dependencies.mjs';
import { ensureTools } from './setup/kernel-tools.mjs';
import { requireNamespaces } from './setup/namespaces.mjs';
import { programs } from './setup/programs.mjs';
import { requirePlatform } from './setup/runtime.mjs';
import { fail, SetupError } from './setup/say.mjs';

const [name = '', ...args] = process.argv.slice(2);

try {
  const program = programs[name];
  if (!program) throw new SetupError(`unknown program "${name}"; known: ${Object.keys(programs).join(', ')}`);
  requirePlatform();
  ensureDependencies();
  ensureTools(program.tools);
  if (program.namespaces) requireNamespaces();
  process.exitCode = await program.run(args);
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  fail(error.message, error.advice);
  process.exitCode = 1;
}
