import { readFileSync } from 'node:fs';

/** Length of a clock tick (USER_HZ). */
const TICK_MS = 10;

/**
 * Milliseconds of processor time that this process and those of its children that have ended have used so far
 * (proc_pid_stat(5): cutime, cstime). Waiting for a busy machine is no part of it.
 */
export function processorTime(): number {
  const { user, system } = process.cpuUsage();
  // The name of the program stands in parentheses and may hold anything.
  const fields = readFileSync('/proc/self/stat', 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return (user + system) / 1000 + (Number(fields[13]) + Number(fields[14])) * TICK_MS;
}
