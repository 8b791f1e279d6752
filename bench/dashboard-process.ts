import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createServer, connect as dial } from 'node:net';
import { join } from 'node:path';
import { setTimeout as rest } from 'node:timers/promises';
import { hasEnded } from '../apps/agent/testing/child-end.ts';

const ROOT = join(import.meta.dirname, '..');
const DASHBOARD = join(ROOT, 'apps/dashboard');
/** As the city starts it. */
const NODE_FLAGS = ['--max-semi-space-size=8'];
export const DASHBOARD_PORT = 8585;
const PATIENCE_MS = 180_000;

/** The server serves its pages too, so they must be there. */
export function buildPages(): void {
  const build = ['run', 'build', '--filter=@kubecity/dashboard', '--output-logs=errors-only', '--no-color'];
  const { status } = spawnSync(join(ROOT, 'node_modules/.bin/turbo'), build, { cwd: ROOT, stdio: ['ignore', 2, 2] });
  if (status !== 0) throw new Error(`the dashboard cannot be built: turbo ended with ${status}`);
}

/**
 * Starts the whole dashboard server on `DASHBOARD_PORT`.
 * @param path where a file of that name goes; `token`, with the secret of the agents, must be there
 */
export function startDashboard(path: (name: string) => string): ChildProcess {
  const flags = {
    'kube-socket': path('api.sock'),
    listen: `127.0.0.1:${DASHBOARD_PORT}`,
    'agent-socket': path('agents.sock'),
    'agent-token-file': path('token'),
    history: path('history.db'),
    'log-level': 'error',
  };
  const args = Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value]);
  return spawn(process.execPath, [...NODE_FLAGS, join(DASHBOARD, 'server/main.ts'), ...args], {
    cwd: DASHBOARD,
    env: { ...process.env, NODE_ENV: 'production' },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

export const answers = (path: string): Promise<boolean> =>
  fetch(`http://127.0.0.1:${DASHBOARD_PORT}${path}`).then(
    ({ ok }) => ok,
    () => false,
  );

/** @throws Error when the dashboard ends before it is so, or it takes too long */
export async function until(hub: ChildProcess, what: string, isSo: () => Promise<boolean>): Promise<void> {
  for (const deadline = performance.now() + PATIENCE_MS; !(await isSo()); ) {
    if (hasEnded(hub)) throw new Error(`the dashboard has ended before ${what}`);
    if (performance.now() > deadline) throw new Error(`not within ${PATIENCE_MS / 1000} s: ${what}`);
    await rest(100);
  }
}

export interface Wire {
  readonly port: number;
  /** What the hub sent, as it is on the wire, web socket frames and all. */
  bytes: number;
}

/** Stands between browser and hub, and counts. */
export function countingProxy(): Promise<Wire> {
  const counted = { bytes: 0 };
  const proxy = createServer((socket) => {
    const upstream = dial(DASHBOARD_PORT, '127.0.0.1');
    upstream.on('data', (data) => {
      counted.bytes += data.length;
    });
    socket.pipe(upstream).pipe(socket);
    for (const end of [socket, upstream]) end.on('error', () => end.destroy());
  });
  return new Promise((resolve) => {
    proxy.listen(0, '127.0.0.1', () =>
      resolve(Object.assign(counted, { port: (proxy.address() as { port: number }).port })),
    );
  });
}
