import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LogFile } from '../machine/log-file.ts';
import { CityError } from './city-error.ts';
import { identify, type ProcessIdentity } from './process-identity.ts';

const READY_WITHIN_MILLISECONDS = 30_000;
const STOP_WITHIN_MILLISECONDS = 3000;
const POLL_MILLISECONDS = 100;

/** Builds the dashboard's pages with Turbo: a fraction of a second when nothing changed since the last time. */
export function buildDashboard(root: string, logPath: string, signal: AbortSignal): Promise<void> {
  const log = new LogFile(logPath);
  const child = spawn(
    join(root, 'node_modules/.bin/turbo'),
    ['run', 'build', '--filter=@kubecity/dashboard', '--output-logs=new-only', '--no-color'],
    { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], signal },
  );
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => log.write(chunk));
  return new Promise((resolve, reject) => {
    const failed = (how: string) => reject(new CityError('start-failed', 'build the dashboard', how, logPath));
    child.once('error', (error) => failed(error.message));
    child.once('close', (code, signal) => {
      log.close();
      if (code === 0) resolve();
      else failed(signal ?? `exit code ${code}`);
    });
  });
}

/** Found out before anything is built: another server on the port would answer in the dashboard's place. */
export async function requireFreePort(port: number): Promise<void> {
  const probe = createServer();
  try {
    await once(probe.listen(port, '127.0.0.1'), 'listening');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === 'EADDRINUSE' ? 'another program listens there; choose one with --port' : message;
    throw new CityError('port-taken', `use port ${port} for the dashboard`, why);
  } finally {
    probe.close();
  }
}

export interface DashboardOptions {
  readonly root: string;
  readonly statePath: string;
  /** Of the cluster, on the map. */
  readonly name: string;
  readonly port: number;
  died(how: string): void;
}

/** The dashboard's process, on the host's network where the browser is. It ends by itself when its stdin does. */
export class Dashboard {
  readonly url: string;
  readonly logPath: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  readonly #log: LogFile;
  #stopping = false;

  constructor({ root, statePath, name, port, died }: DashboardOptions) {
    const flags = {
      'kube-socket': join(statePath, 'api.sock'),
      listen: `127.0.0.1:${port}`,
      'agent-socket': join(statePath, 'agents.sock'),
      'agent-token-file': join(statePath, 'agent-token'),
      'cluster-name': name,
    };
    const args = Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value]);
    this.url = `http://127.0.0.1:${port}/`;
    this.logPath = join(statePath, 'logs/dashboard.log');
    this.#log = new LogFile(this.logPath);
    this.#child = spawn(process.execPath, [join(root, 'apps/dashboard/server/main.ts'), ...args, '--exit-with-stdin'], {
      cwd: join(root, 'apps/dashboard'),
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (chunk: Buffer) => this.#log.write(chunk));
    }
    // it closes its stdin by ending, which 'close' tells
    this.#child.stdin?.on('error', () => {});
    this.#child.on('error', (error) => died(error.message));
    this.#ended = new Promise((resolve) => {
      this.#child.once('close', (code, signal) => {
        resolve();
        this.#log.close();
        if (!this.#stopping) died(signal ?? `exit code ${code}`);
      });
    });
  }

  identity(): ProcessIdentity | undefined {
    return this.#child.pid === undefined ? undefined : identify(this.#child.pid);
  }

  /** Resolves when the page answers. */
  async ready(): Promise<void> {
    const deadline = AbortSignal.timeout(READY_WITHIN_MILLISECONDS);
    while (!deadline.aborted) {
      // not listening yet is what is waited for; that it died instead is told by `died`
      const answers = await fetch(this.url, { signal: deadline }).then(
        (response) => response.ok,
        () => false,
      );
      if (answers) return;
      await sleep(POLL_MILLISECONDS);
    }
    throw new CityError('start-failed', 'start the dashboard', `${this.url} does not answer`, this.logPath);
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#child.stdin?.end();
    const kill = setTimeout(() => this.#child.kill('SIGKILL'), STOP_WITHIN_MILLISECONDS);
    await this.#ended;
    clearTimeout(kill);
  }
}
