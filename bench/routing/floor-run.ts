/** Child of the bench, in a network namespace of its own: iptables-restore alone, with a text that somebody else made. */
import { spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { request } from '../namespace.ts';
import { since } from '../statistics.ts';

export interface FloorRequest {
  readonly textFile: string;
}

/** Milliseconds. */
export type FloorAnswer = number;

const { textFile } = request<FloorRequest>();
const start = process.hrtime.bigint();
const child = spawn('iptables-restore', ['--noflush'], { stdio: [openSync(textFile, 'r'), 'inherit', 'inherit'] });
child.once('close', (status) => {
  process.stdout.write(JSON.stringify(since(start) satisfies FloorAnswer));
  process.exitCode = status ?? 1;
});
