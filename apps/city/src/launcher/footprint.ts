import { readdirSync, readFileSync } from 'node:fs';
import { parentOf } from './process-identity.ts';

export type Part = 'launcher and API' | 'dashboard' | 'agents' | 'pods' | 'rest';

export interface Share {
  processes: number;
  /** Proportional set size: pages that processes share are counted once over all of them. */
  pssKilobytes: number;
}

/** Processes and memory of a city by part: the launcher and all that descends from it, as the host sees it. */
export function footprint(launcher: number): Map<Part, Share> {
  const shares = new Map<Part, Share>();
  for (const pid of descendants(launcher)) {
    const pssKilobytes = pssOf(pid);
    if (pssKilobytes === undefined) continue;
    const part = partOf(pid, launcher);
    const share = shares.get(part) ?? { processes: 0, pssKilobytes: 0 };
    shares.set(part, { processes: share.processes + 1, pssKilobytes: share.pssKilobytes + pssKilobytes });
  }
  return shares;
}

function descendants(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const entry of readdirSync('/proc')) {
    const parent = /^\d+$/.test(entry) ? parentOf(Number(entry)) : undefined;
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), Number(entry)]);
  }
  const found = [root];
  // grows while it is read: breadth first
  for (const pid of found) found.push(...(children.get(pid) ?? []));
  return found;
}

function partOf(pid: number, launcher: number): Part {
  if (pid === launcher) return 'launcher and API';
  const command = read(`/proc/${pid}/cmdline`)?.replaceAll('\0', ' ') ?? '';
  if (command.includes('apps/dashboard/server')) return 'dashboard';
  if (command.includes('apps/agent/src')) return 'agents';
  return command.includes('apps/city/src/workload') ? 'pods' : 'rest';
}

function pssOf(pid: number): number | undefined {
  const [, kilobytes] = /^Pss:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/smaps_rollup`) ?? '') ?? [];
  return kilobytes === undefined ? undefined : Number(kilobytes);
}

/** Undefined when the process has ended meanwhile. */
function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    throw error;
  }
}
