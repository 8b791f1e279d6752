import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { KeptProcess } from '../machine/kept-process.ts';
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
  /** Its port is published by the container's owner, who decides who may come. */
  readonly inContainer: boolean;
  /** Each time it is started: who it is now. */
  started(identity: ProcessIdentity | undefined): void;
}

/** A small young generation: with 200 agents the hub then takes 357 MB instead of 451, and no more time. */
const NODE_FLAGS = ['--max-semi-space-size=8'];

/**
 * The dashboard's process, on the host's network where the browser is. It is started again when it ends, for nothing in
 * the city depends on it; it ends by itself when its stdin does.
 */
export class Dashboard {
  readonly url: string;
  readonly #process: KeptProcess;
  readonly #logPath: string;
  #ended: string | undefined;

  constructor({ root, statePath, name, port, inContainer, started }: DashboardOptions) {
    const flags = {
      'kube-socket': join(statePath, 'api.sock'),
      listen: `${inContainer ? '0.0.0.0' : '127.0.0.1'}:${port}`,
      'agent-socket': join(statePath, 'agents.sock'),
      'agent-token-file': join(statePath, 'agent-token'),
      'cluster-name': name,
      // the past outlives a dashboard that is started again
      history: join(statePath, 'history.db'),
    };
    const args = Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value]);
    this.url = `http://127.0.0.1:${port}/`;
    this.#logPath = join(statePath, 'logs/dashboard.log');
    this.#process = new KeptProcess({
      command: [
        process.execPath,
        ...NODE_FLAGS,
        join(root, 'apps/dashboard/server/main.ts'),
        ...args,
        '--exit-with-stdin',
        ...(inContainer ? ['--published-on-loopback'] : []),
      ],
      env: process.env,
      logPath: this.#logPath,
      cwd: join(root, 'apps/dashboard'),
      apart: true,
      started: (pid) => started(pid === undefined ? undefined : identify(pid)),
      ended: ({ code, signal }) => {
        this.#ended = signal ?? `exit code ${code}`;
      },
    });
  }

  /** Resolves when the page answers. */
  async ready(): Promise<void> {
    const deadline = AbortSignal.timeout(READY_WITHIN_MILLISECONDS);
    while (!deadline.aborted) {
      if (this.#ended !== undefined) {
        throw new CityError('start-failed', 'start the dashboard', this.#ended, this.#logPath);
      }
      // not listening yet is what is waited for
      const answers = await fetch(this.url, { signal: deadline }).then(
        (response) => response.ok,
        () => false,
      );
      if (answers) return;
      await sleep(POLL_MILLISECONDS);
    }
    throw new CityError('start-failed', 'start the dashboard', `${this.url} does not answer`, this.#logPath);
  }

  stop(): Promise<void> {
    return this.#process.stop(STOP_WITHIN_MILLISECONDS);
  }
}
