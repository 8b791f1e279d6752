import { spawn } from 'node:child_process';
import { Readable } from 'node:stream';
import { errorOf } from './error.ts';
import { inTime, type RestoreText } from './restore-text.ts';

/**
 * Runs one tool of the iptables family to its end and returns what it printed. Rejects with a NetfilterError.
 * @param timeoutMs a tool that runs longer is killed
 * @param from which of its outputs is wanted
 */
export function run(
  tool: string,
  args: readonly string[],
  input: RestoreText,
  timeoutMs: number,
  from: 'stdout' | 'stderr' = 'stdout',
): Promise<string> {
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
      if (status === 0) resolve(Buffer.concat(from === 'stdout' ? out : err).toString('utf8'));
      else reject(errorOf({ operation, status, stderr: Buffer.concat(err).toString('utf8'), input }));
    });
    const source = Readable.from(inTime(input));
    // Without its rest the text must not be taken for whole: the tool goes before its input ends.
    source.on('error', (cause) => {
      child.kill('SIGKILL');
      reject(cause);
    });
    source.pipe(child.stdin);
  });
}
