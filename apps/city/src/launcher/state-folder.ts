import { lstatSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { CityError } from './city-error.ts';
import { identify, isAlive } from './process-identity.ts';

const identity = z.object({ pid: z.int().positive(), startTime: z.string() });
const cityFile = z.object({
  launcher: identity,
  startedAt: z.string(),
  url: z.string().optional(),
  /** First process of the city's PID namespace, as the host numbers it. */
  machine: identity.optional(),
  /** Others that a killed launcher may leave for a moment. */
  others: z.array(identity),
});
/** What a running city tells `exec`, `status` and a second start about itself. */
export type CityFile = z.infer<typeof cityFile>;

/** One city per user: its sockets, secrets and logs are in this folder. */
export const statePath = () => join(process.env.XDG_RUNTIME_DIR || '/tmp', `kubecity-${process.getuid?.()}`);

export interface StateFolder {
  readonly path: string;
  /** Replaces what the city tells about itself. */
  update(change: Partial<CityFile>): void;
  remove(): void;
}

/** Takes the folder for this process, after cleaning up a city that was killed. CityError `running`, `not-ours`. */
export function claimState(startedAt: Date): StateFolder {
  const path = statePath();
  const own = identify(process.pid);
  if (own === undefined) throw new CityError('not-ours', 'read /proc', 'this process is not in it');
  makeFolder(path);
  let file: CityFile = { launcher: own, startedAt: startedAt.toISOString(), others: [] };
  mkdirSync(join(path, 'logs'));
  const write = () => {
    writeFileSync(join(path, 'city.json.new'), JSON.stringify(file), { mode: 0o600 });
    renameSync(join(path, 'city.json.new'), join(path, 'city.json'));
  };
  write();
  return {
    path,
    update: (change) => {
      file = { ...file, ...change };
      write();
    },
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
}

/** The city of this user that is running now. */
export function findCity(path = statePath()): CityFile | undefined {
  const file = readCity(path);
  return file !== undefined && isAlive(file.launcher) ? file : undefined;
}

function makeFolder(path: string): void {
  if (tryMakeFolder(path)) return;
  const { uid } = lstatSync(path);
  // in /tmp anybody can be first to take our name
  if (uid !== process.getuid?.() || !lstatSync(path).isDirectory()) {
    throw new CityError('not-ours', `use ${path}`, 'it is there and belongs to somebody else');
  }
  const running = findCity(path);
  if (running) {
    const where = running.url === undefined ? 'is starting' : `runs at ${running.url}`;
    throw new CityError('running', 'start a city', `one ${where} (process ${running.launcher.pid})`);
  }
  const left = readCity(path);
  for (const process_ of [left?.machine, ...(left?.others ?? [])]) {
    if (process_ && isAlive(process_)) process.kill(process_.pid, 'SIGKILL');
  }
  rmSync(path, { recursive: true, force: true });
  if (!tryMakeFolder(path)) throw new CityError('running', 'start a city', 'another start was faster');
}

function tryMakeFolder(path: string): boolean {
  try {
    mkdirSync(path, { mode: 0o700 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Undefined when there is none, or one that was cut short by a kill. */
function readCity(path: string): CityFile | undefined {
  try {
    return cityFile.parse(JSON.parse(readFileSync(join(path, 'city.json'), 'utf8')));
  } catch (error) {
    const absent = (error as NodeJS.ErrnoException).code === 'ENOENT';
    if (absent || error instanceof SyntaxError || error instanceof z.ZodError) return undefined;
    throw error;
  }
}
