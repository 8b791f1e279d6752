import { existsSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { SetupError } from './say.mjs';

export const root = resolve(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '../..');
const OLDEST_NODE = 20;

/** The Node that the project pins as a dependency; every real program runs under it. */
export const pinnedNode = join(root, 'node_modules/node/bin/node');

export function requirePlatform() {
  if (process.platform !== 'linux') {
    throw new SetupError(
      `Kubecity needs Linux: it works with network namespaces and netfilter (this is ${process.platform})`,
    );
  }
  if (Number.parseInt(process.versions.node, 10) < OLDEST_NODE) {
    throw new SetupError(`Node.js ${OLDEST_NODE} or newer is needed, this is ${process.version}`);
  }
}

/**
 * Environment of every child: our own binaries first, and the sbin folders that an ordinary user's PATH lacks on Debian
 * although iptables and ip live there.
 */
export function childEnvironment() {
  const path = [join(root, 'node_modules/.bin'), process.env.PATH ?? '', '/usr/local/sbin', '/usr/sbin', '/sbin'];
  return {
    ...process.env,
    PATH: path.filter((part) => part !== '').join(delimiter),
    NEXT_TELEMETRY_DISABLED: '1',
    TURBO_TELEMETRY_DISABLED: '1',
    TURBO_NO_UPDATE_NOTIFIER: '1',
  };
}

/** Absolute path of a command on the children's PATH, or undefined. */
export function which(command) {
  return childEnvironment()
    .PATH.split(delimiter)
    .map((folder) => join(folder, command))
    .find((file) => existsSync(file));
}
