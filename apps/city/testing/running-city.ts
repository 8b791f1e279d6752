import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));

/** A city of its own in a state folder of its own, started as a user starts it; `exec` enters its namespaces. */
export class RunningCity {
  readonly url: string;
  readonly kubeconfig: string;
  readonly #child: ChildProcess;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #folder: string;

  private constructor(child: ChildProcess, environment: NodeJS.ProcessEnv, folder: string, printed: string) {
    this.#child = child;
    this.#environment = environment;
    this.#folder = folder;
    this.url = wanted(/http:\/\/127\.0\.0\.1:\d+/, printed);
    this.kubeconfig = wanted(/\S+\/kubeconfig/, printed);
  }

  static async start(...flags: string[]): Promise<RunningCity> {
    const folder = mkdtempSync(join(tmpdir(), 'kubecity-e2e-'));
    const environment = { ...process.env, XDG_RUNTIME_DIR: folder, NO_COLOR: '1' };
    const child = spawn(process.execPath, [main, ...flags], { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
    let printed = '';
    const ready = new Promise<void>((resolve, reject) => {
      const read = (chunk: Buffer) => {
        printed += chunk.toString();
        if (/Ctrl-C/.test(printed)) resolve();
      };
      child.stdout.on('data', read);
      child.stderr.on('data', read);
      child.once('error', reject);
      child.once('exit', (code) => reject(new Error(`the city ended with ${code} before it was ready:\n${printed}`)));
    });
    await ready;
    return new RunningCity(child, environment, folder, printed);
  }

  /** Runs a command in the namespace of a node or pod and gives what it prints. */
  async exec(place: string, ...command: string[]): Promise<string> {
    const args = [main, 'exec', place, ...command];
    const { stdout } = await promisify(execFile)(process.execPath, args, {
      env: this.#environment,
      maxBuffer: 64 << 20,
    });
    return stdout;
  }

  /** Kills the dashboard's process without a warning. */
  killDashboard(): void {
    const file = readFileSync(join(dirname(this.kubeconfig), 'city.json'), 'utf8');
    const pid = (JSON.parse(file) as { others?: { pid: number }[] }).others?.[0]?.pid;
    if (pid === undefined) throw new Error(`no dashboard in ${file}`);
    process.kill(pid, 'SIGKILL');
  }

  async stop(): Promise<number | null> {
    if (this.#child.exitCode === null) {
      const exit = once(this.#child, 'exit');
      this.#child.kill('SIGINT');
      await exit;
    }
    rmSync(this.#folder, { recursive: true, force: true });
    return this.#child.exitCode;
  }
}

function wanted(pattern: RegExp, text: string): string {
  const found = pattern.exec(text)?.[0];
  if (found === undefined) throw new Error(`the city did not print ${pattern}:\n${text}`);
  return found;
}
