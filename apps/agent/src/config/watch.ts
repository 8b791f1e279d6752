import { isDeepStrictEqual } from 'node:util';
import type { AgentConfig } from './agent-config.ts';
import type { Invocation } from './command-line.ts';
import { type LoadedConfig, loadConfig } from './load.ts';
import { leaves, pathText, valueAt } from './setting-path.ts';
import type { Settings } from './settings.ts';

export interface ConfigChange {
  readonly config: AgentConfig;
  /** All of them, as `config` was made from. */
  readonly settings: Settings;
  /** Paths of settings that the running agent can take over, such as `clusterCIDR`. */
  readonly live: readonly string[];
  /** Those that need a new process. */
  readonly restart: readonly string[];
}

export interface WatchConfigOptions {
  readonly everyMs?: number;
  readonly changed: (change: ConfigChange) => void;
  /** The files do not hold a valid configuration; the old one stays. Once per state of the files. */
  readonly failed: (error: Error) => void;
  readonly signal: AbortSignal;
  readonly load?: (invocation: Invocation) => LoadedConfig;
}

/** What the running agent takes over; anything else is read once, at its start. */
const LIVE = new Set(
  (
    'mode takeOver leaseSeconds clusterCIDR localDetect masqueradeAll masqueradeBit masqueradeMark nodePortAddresses localhostNodePorts ' +
    'allowExternalIPs nodeIPs bindAddress conntrack minSyncMs syncPeriodMs checkMs profiling logLevel'
  ).split(' '),
);

export const isLive = (path: string): boolean => LIVE.has(/^[^.[]*/.exec(path)?.[0] ?? '');

/**
 * Follows the files that `loaded` was read from. They are read anew every 2 s, which costs nothing: a mounted ConfigMap
 * changes by a symbolic link two levels up, which inotify on the file never tells and inotify on the folder tells before
 * all files are there.
 */
export function watchConfig(invocation: Invocation, loaded: LoadedConfig, options: WatchConfigOptions): void {
  const { everyMs = 2000, changed, failed, signal, load = loadConfig } = options;
  if (loaded.files.size === 0) return;
  let current = loaded;
  let lastError = '';
  const timer = setInterval(() => {
    try {
      const next = load(invocation);
      lastError = '';
      const paths = changedPaths(current, next);
      current = next;
      if (paths.length === 0) return;
      changed({
        config: next.config,
        settings: next.settings,
        live: paths.filter(isLive),
        restart: paths.filter((path) => !isLive(path)),
      });
    } catch (error) {
      const { message } = error as Error;
      if (message !== lastError) failed(error as Error);
      lastError = message;
    }
  }, everyMs);
  timer.unref();
  signal.addEventListener('abort', () => clearInterval(timer));
}

function changedPaths(before: LoadedConfig, after: LoadedConfig): string[] {
  const all = [...leaves(before.settings), ...leaves(after.settings)].map(({ path }) => path);
  const paths = new Map(all.map((path) => [pathText(path), path]));
  const changed = [...paths].filter(
    ([, path]) => !isDeepStrictEqual(valueAt(before.settings, path), valueAt(after.settings, path)),
  );
  return changed.map(([text]) => text);
}
