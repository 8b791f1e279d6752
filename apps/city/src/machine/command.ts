import { spawn } from 'node:child_process';

/** A tool could not be started, or said no. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly code: 'not-started' | 'failed';

  constructor(code: CommandError['code'], command: string, detail: string, cause?: unknown) {
    super(`${command}: ${detail}`, { cause });
    this.code = code;
  }
}

/** Runs a tool to its end with `input` on its stdin. Rejects with a CommandError that carries what it said. */
export function runCommand(file: string, args: readonly string[], input = ''): Promise<void> {
  const command = [file, ...args].join(' ');
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { stdio: ['pipe', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    child.once('error', (cause) => reject(new CommandError('not-started', command, cause.message, cause)));
    child.once('close', (code, signal) => {
      if (code === 0) resolve();
      else
        reject(new CommandError('failed', command, `${said.trim() || 'said nothing'} (${signal ?? `exit ${code}`})`));
    });
    // a tool that fails early closes its stdin under our hands; its exit code says why
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}

/** Runs lines of `ip` in a network namespace, or in the current one; stops at the first that fails. */
export function ip(lines: readonly string[], netns?: string): Promise<void> {
  return runCommand('ip', [...(netns === undefined ? [] : ['-n', netns]), '-batch', '-'], `${lines.join('\n')}\n`);
}

/** The words that start a command inside a network namespace. */
export const inNetns = (netns: string) => ['nsenter', `--net=/run/netns/${netns}`, '--'];
