import { execFile, execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

/** One line on what the figures were taken with. */
export function describeMachine(): string {
  const [cpu] = cpus();
  const tool = (name: string) => execFileSync(name, ['--version'], { encoding: 'utf8' }).trim().split('\n')[0];
  const governor = readIfThere('/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor');
  return [
    `${cpus().length} × ${cpu?.model.trim() ?? 'unknown processor'}${governor && ` (${governor})`}`,
    `${Math.round(totalmem() / 2 ** 30)} GiB`,
    `Linux ${release()}`,
    tool('iptables'),
    `Node.js ${process.version}`,
  ].join(', ');
}

/** @throws Error when no folder of the PATH has it */
export function findTool(name: string): string {
  const found = (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((file) => existsSync(file));
  if (found === undefined) throw new Error(`${name} is not on the PATH`);
  return found;
}

export interface KernelCount {
  readonly chains: number;
  readonly rules: number;
}

/** Chains and rules of filter and nat in this network namespace, the built-in chains left out. */
export async function countKernel(): Promise<KernelCount> {
  let chains = 0;
  let rules = 0;
  for (const table of ['filter', 'nat']) {
    const { stdout } = await promisify(execFile)('iptables-save', ['-t', table], { maxBuffer: 2 ** 30 });
    for (const line of stdout.split('\n')) {
      if (line.startsWith('-A ')) rules++;
      // A built-in chain has a policy where others have a dash.
      else if (line.startsWith(':') && line.includes(' - ')) chains++;
    }
  }
  return { chains, rules };
}

function readIfThere(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
}
