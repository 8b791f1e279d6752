/**
 * Ends with 0 as soon as the agent of this network namespace says that its rules are in the kernel, with 1 when it does
 * not in time. A program of its own because a process has one network namespace, and health is asked in the node's.
 */
import { setTimeout as sleep } from 'node:timers/promises';

const [url = '', seconds = ''] = process.argv.slice(2);
const deadline = AbortSignal.timeout(Number(seconds) * 1000);
const PAUSE_MILLISECONDS = 200;

while (!deadline.aborted) {
  // not listening yet, or not well yet: both mean to ask again
  const healthy = await fetch(url, { signal: deadline }).then(
    ({ ok }) => ok,
    () => false,
  );
  if (healthy) process.exit(0);
  await sleep(PAUSE_MILLISECONDS);
}
process.exit(1);
