import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pinnedNode, root } from './runtime.mjs';
import { done, SetupError, since, step } from './say.mjs';

/**
 * Runs `npm ci` unless node_modules already holds what package-lock.json asks for. Contents are compared, not times: a
 * checkout sets a new time on an unchanged file, and npm writes its two lock files in either order.
 */
export function ensureDependencies() {
  if (existsSync(pinnedNode) && installed()) return;
  const start = performance.now();
  step('Installing npm dependencies (npm ci; the first time takes a minute or two)');
  const { status, error } = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    // npm's own summary is noise here, but its errors are not.
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (error) throw new SetupError(`npm could not be started: ${error.message}`, ['npm comes with Node.js: install it']);
  if (status !== 0) throw new SetupError('npm ci failed (its errors are above)');
  if (!existsSync(pinnedNode))
    throw new SetupError(`npm ci did not bring ${pinnedNode}`, ['Are install scripts disabled?']);
  done(`npm dependencies installed in ${since(start)}`);
}

/** node_modules/.package-lock.json is npm's own record of what it put there. */
function installed() {
  const record = join(root, 'node_modules/.package-lock.json');
  if (!existsSync(record)) return false;
  const have = readPackages(record);
  return Object.entries(readPackages(join(root, 'package-lock.json'))).every(
    ([path, wanted]) =>
      path === '' || mayBeAbsent(wanted, have[path]) || (have[path] && have[path].version === wanted.version),
  );
}

/** Binaries for other platforms are optional packages; peers that nobody needs are left out too. */
function mayBeAbsent(wanted, present) {
  return present === undefined && (wanted.optional || wanted.devOptional || wanted.peer);
}

function readPackages(file) {
  return JSON.parse(readFileSync(file, 'utf8')).packages ?? {};
}
