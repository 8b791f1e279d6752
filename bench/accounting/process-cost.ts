import { readdirSync, readFileSync } from 'node:fs';

/** CPU time since a process began, in milliseconds. */
export interface CpuTimes {
  /** All of its threads. */
  readonly whole: number;
  readonly main: number;
  /** Of the processes that it started and that live. */
  readonly children: number;
}

export function cpuOf(pid: number): CpuTimes {
  const tasks = entries(`/proc/${pid}/task`);
  const times = tasks.map((task) => taskTime(pid, task));
  return {
    whole: times.reduce((sum, time) => sum + time, 0),
    main: mainTime(pid),
    children: childrenOf(pid).reduce((sum, child) => sum + withChildren(cpuOf(child)), 0),
  };
}

/** Of the first thread alone, milliseconds. */
export const mainTime = (pid: number): number => taskTime(pid, String(pid));

export function difference(after: CpuTimes, before: CpuTimes): CpuTimes {
  return {
    whole: after.whole - before.whole,
    main: after.main - before.main,
    children: after.children - before.children,
  };
}

export function childrenOf(pid: number): number[] {
  return entries(`/proc/${pid}/task`)
    .flatMap((task) => readGone(`/proc/${pid}/task/${task}/children`).split(' '))
    .filter((text) => text !== '')
    .map(Number);
}

const withChildren = ({ whole, children }: CpuTimes) => whole + children;

/** First field of schedstat: nanoseconds on a CPU, user and system. */
const taskTime = (pid: number, task: string) =>
  Number(readGone(`/proc/${pid}/task/${task}/schedstat`).split(' ')[0]) / 1e6;

/** Threads and processes end while we look at them. */
function readGone(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
