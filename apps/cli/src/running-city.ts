import { lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

/** A city that runs on this machine, as its launcher tells. */
export interface RunningCity {
  /** Unix socket of its API, on which its owner may do everything. */
  readonly socketPath: string;
  /** Absent: it has no dashboard, or not yet. */
  readonly dashboard?: string;
}

const cityFile = z.object({ launcher: z.object({ pid: z.int().positive() }), url: z.string().optional() });

/** The city of this user. A folder that somebody else made under our name is not believed. */
export function runningCity(
  env: NodeJS.ProcessEnv | Readonly<Record<string, string | undefined>>,
): RunningCity | undefined {
  const uid = process.getuid?.();
  const folder = join(env.XDG_RUNTIME_DIR || '/tmp', `kubecity-${uid}`);
  try {
    const found = lstatSync(folder);
    if (!found.isDirectory() || found.uid !== uid) return undefined;
    const { launcher, url } = cityFile.parse(JSON.parse(readFileSync(join(folder, 'city.json'), 'utf8')));
    process.kill(launcher.pid, 0);
    return { socketPath: join(folder, 'api.sock'), dashboard: url };
  } catch {
    // none, or one that was killed, or that is being written: there is no city to speak to
    return undefined;
  }
}
