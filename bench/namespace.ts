import { spawn } from 'node:child_process';
import { unshareFlags } from '../scripts/setup/namespaces.mjs';
import { PeakWatch } from './peak-memory.ts';

export interface Outcome<T> {
  readonly answer: T;
  /** Peak resident memory (VmHWM) of each program that ran, by its name, bytes; the largest where one ran often. */
  readonly peaks: ReadonlyMap<string, number>;
}

/** A /run of its own, for `ip netns` and the lock of iptables; then the command takes this shell's place. */
const PREPARE = 'mount -t tmpfs tmpfs /run; ip link set lo up; exec "$@"';

/** A command in network, mount and process namespaces that nobody used before. They die with this process, however it ends. */
export function inOwnMachine(...command: string[]): [file: string, ...args: string[]] {
  return ['setpriv', '--pdeathsig', 'KILL', 'unshare', ...unshareFlags(), 'sh', '-ec', PREPARE, 'sh', ...command];
}

/** The command that runs a script of ours and asks it something. */
export function scriptCommand(script: string, request: unknown): [file: string, ...args: string[]] {
  return [process.execPath, script, JSON.stringify(request)];
}

/**
 * Runs a script of ours in fresh namespaces; what it prints is its answer, as JSON.
 * @throws Error when it fails or answers something else
 */
export async function inFreshNamespace<T>(script: string, request: unknown): Promise<Outcome<T>> {
  const [command, ...args] = inOwnMachine(...scriptCommand(script, request));
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const watch = new PeakWatch(child.pid as number);
  const said: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => said.push(chunk));
  const status = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const peaks = watch.stop();
  if (status !== 0) throw new Error(`${script} ended with ${status}`);
  return { answer: JSON.parse(Buffer.concat(said).toString('utf8')), peaks };
}

/** What the parent asked for: the last argument of a script that `scriptCommand` runs. */
export function request<T>(): T {
  return JSON.parse(process.argv.at(-1) as string);
}
