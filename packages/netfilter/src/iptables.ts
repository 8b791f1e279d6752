import { spawn } from 'node:child_process';
import type { Table } from '@kubecity/ruleset';
import { errorOf } from './error.ts';
import type { Netfilter } from './netfilter.ts';

export interface IptablesOptions {
  /** Seconds to wait for the xtables lock (iptables-legacy; the nft variant has none). */
  readonly lockSeconds?: number;
  /** A tool that runs longer is killed. */
  readonly timeoutMs?: number;
}

/** IPv4 rules through iptables-save and iptables-restore of the current network namespace. */
export function iptables({ lockSeconds = 5, timeoutMs = 120_000 }: IptablesOptions = {}): Netfilter {
  return {
    save: (table: Table) => run('iptables-save', ['-t', table], '', timeoutMs),
    restore: async (text: string) => {
      await run('iptables-restore', ['--noflush', '-w', String(lockSeconds)], text, timeoutMs);
    },
  };
}

function run(tool: string, args: readonly string[], input: string, timeoutMs: number): Promise<string> {
  const operation = [tool, ...args].join(' ');
  return new Promise((resolve, reject) => {
    const child = spawn(tool, args, { stdio: ['pipe', 'pipe', 'pipe'], timeout: timeoutMs, killSignal: 'SIGKILL' });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.on('error', (cause) => reject(errorOf({ operation, status: null, stderr: '', input, cause })));
    // A tool that fails early closes its input; its exit status then says why, so EPIPE is not the news.
    child.stdin.on('error', (cause: NodeJS.ErrnoException) => {
      if (cause.code !== 'EPIPE') reject(errorOf({ operation, status: null, stderr: '', input, cause }));
    });
    child.on('close', (status) => {
      if (status === 0) resolve(Buffer.concat(out).toString('utf8'));
      else reject(errorOf({ operation, status, stderr: Buffer.concat(err).toString('utf8'), input }));
    });
    child.stdin.end(input);
  });
}
