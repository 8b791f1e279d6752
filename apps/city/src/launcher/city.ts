import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from '@kubecity/kube';
import { startMiniApiServer } from '@kubecity/mini-apiserver';
import { pino } from 'pino';
import { LogFile } from '../machine/log-file.ts';
import type { MachineMessage } from '../machine/messages.ts';
import { type CitySize, countPods, networks, planCity } from '../plan/city-plan.ts';
import { CityError } from './city-error.ts';
import { runControllers } from './controllers.ts';
import { buildDashboard, Dashboard } from './dashboard.ts';
import { Machine } from './machine.ts';
import { createObjects } from './objects.ts';
import { podsReady } from './readiness.ts';
import type { Report } from './report.ts';
import { claimState } from './state-folder.ts';

export interface CityOptions extends CitySize {
  readonly root: string;
  readonly name: string;
  readonly port: number;
  readonly seed: number;
  readonly dashboard: boolean;
  readonly report: Report;
  /** A part of the running city ended by itself. */
  broke(error: CityError): void;
}

export interface City {
  readonly statePath: string;
  readonly url: string | undefined;
  readonly kubeconfig: string;
}

/** What has been started, to be stopped in reverse order, whatever happens in between. */
export class Teardown {
  readonly #steps: (() => Promise<void> | void)[] = [];

  add(step: () => Promise<void> | void): void {
    this.#steps.push(step);
  }

  async run(): Promise<void> {
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) await step();
  }
}

/** Brings a city up, step by step. Rejects with a CityError; `teardown` then takes away what was made until there. */
export async function startCity(options: CityOptions, teardown: Teardown): Promise<City> {
  const { root, seed, report } = options;
  const plan = planCity(options);
  const state = claimState(new Date());
  teardown.add(state.remove);
  writeFileSync(join(state.path, 'agent-token'), randomBytes(32).toString('hex'), { mode: 0o600 });
  const stop = new AbortController();
  teardown.add(() => stop.abort());
  useCompileCache(root);

  // The one slow thing on a fresh clone: begun first, waited for last.
  const pages = options.dashboard
    ? buildDashboard(root, join(state.path, 'logs/build.log'), stop.signal)
    : Promise.resolve();
  // told where it is waited for
  pages.catch(() => {});

  const api = await report.step('Kubernetes API', () => startApi(state.path));
  teardown.add(() => api.close());
  const kubeconfig = join(state.path, 'kubeconfig');
  writeFileSync(kubeconfig, api.kubeconfig('admin'), { mode: 0o600 });
  const client = connect({ socketPath: join(state.path, 'api.sock') });
  teardown.add(() => client.close());
  await report.step(`${plan.services.length} Services in ${namespaces(plan)} namespaces`, () =>
    createObjects(client, plan),
  );

  const health = new Map<string, boolean>();
  const network = Promise.withResolvers<void>();
  const agents = Promise.withResolvers<void>();
  const machine = new Machine({ root, statePath: state.path, message: hear, died: (how) => broke('machine', how) });
  teardown.add(() => machine.stop());
  machine.build({ plan, seed, root });
  await report.step(`${plan.nodes.length} nodes and the network between`, () => network.promise);
  state.update({ machine: machine.identity() });

  const log = new LogFile(join(state.path, 'logs/controllers.log'));
  const controllers = new AbortController();
  teardown.add(() => controllers.abort());
  runControllers({ client, seed, logger: pino({ name: 'controllers' }, log), signal: controllers.signal });
  const wanted = countPods(plan.services);
  const ready = await report.step(`${wanted} pods`, () => podsReady(client, wanted, stop.signal));
  if (ready < wanted) report.warn(`only ${ready} of ${wanted} pods are ready; their logs: ${join(state.path, 'logs')}`);
  await report.step(`${plan.nodes.length} agents`, () => agents.promise);
  for (const [node, healthy] of health) {
    if (!healthy) report.warn(`the agent of ${node} is not healthy; see ${join(state.path, `logs/agent-${node}.log`)}`);
  }
  const url = options.dashboard ? await report.step('dashboard', startDashboard) : undefined;
  state.update({ url });
  return { statePath: state.path, url, kubeconfig };

  function hear(message: MachineMessage): void {
    if (message.event === 'network-built') network.resolve();
    if (message.event === 'failed') broke('machine', message.message);
    if (message.event !== 'agent') return;
    health.set(message.node, message.healthy);
    if (health.size === plan.nodes.length) agents.resolve();
  }

  async function startDashboard(): Promise<string> {
    await pages;
    const dashboard = new Dashboard({
      root,
      statePath: state.path,
      clusterName: options.name,
      port: options.port,
      died: (how) => broke('dashboard', how),
    });
    teardown.add(() => dashboard.stop());
    const identity = dashboard.identity();
    if (identity) state.update({ others: [identity] });
    await dashboard.ready();
    return dashboard.url;
  }

  function broke(part: string, how: string): void {
    options.broke(new CityError('start-failed', `keep the ${part} running`, `${how}; see ${join(state.path, 'logs')}`));
  }
}

const namespaces = ({ services }: ReturnType<typeof planCity>) =>
  new Set(services.map(({ namespace }) => namespace)).size;

function startApi(statePath: string) {
  return startMiniApiServer({
    socketPath: join(statePath, 'api.sock'),
    listen: { host: '127.0.0.1', port: 0 },
    users: [
      { token: randomBytes(32).toString('hex'), name: 'admin', groups: ['system:masters'], access: 'admin' },
      { token: randomBytes(32).toString('hex'), name: 'viewer', groups: [], access: 'view' },
    ],
    serviceCidr: networks.services,
  });
}

/** Node keeps what it compiled, so that thirty pods do not compile the same files; inherited by every process. */
function useCompileCache(root: string): void {
  const folder = join(root, 'node_modules/.cache/kubecity-compile');
  mkdirSync(folder, { recursive: true });
  process.env.NODE_COMPILE_CACHE = folder;
}
