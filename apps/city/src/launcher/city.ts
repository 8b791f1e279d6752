import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect, type KubeClient } from '@kubecity/kube';
import { startMiniApiServer } from '@kubecity/mini-apiserver';
import { pino } from 'pino';
import { LogFile } from '../machine/log-file.ts';
import { type CityPlan, type CitySize, countAllPods, networks, planCity } from '../plan/city-plan.ts';
import { CityError } from './city-error.ts';
import { useCompileCache, warmWorkload } from './compile-cache.ts';
import { runControllers } from './controllers.ts';
import { buildDashboard, Dashboard, requireFreePort } from './dashboard.ts';
import { Machine } from './machine.ts';
import { createObjects } from './objects.ts';
import type { ProcessIdentity } from './process-identity.ts';
import { podsReady } from './readiness.ts';
import type { Report } from './report.ts';
import { claimState } from './state-folder.ts';

export interface CityOptions extends CitySize {
  readonly root: string;
  /** Of the cluster, on the map. */
  readonly name: string;
  readonly port: number;
  readonly seed: number;
  readonly dashboard: boolean;
  /** In the city's image: pages are built, and the dashboard listens for a published port. */
  readonly inContainer: boolean;
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
  if (options.dashboard) await requireFreePort(options.port);
  writeFileSync(join(state.path, 'agent-token'), randomBytes(32).toString('hex'), { mode: 0o600 });
  const stop = new AbortController();
  teardown.add(() => stop.abort());
  const prepared = prepare(options, state.path, stop.signal);

  const api = await report.step('Kubernetes API', () => startApi(state.path));
  teardown.add(() => api.close());
  const kubeconfig = join(state.path, 'kubeconfig');
  writeFileSync(kubeconfig, api.kubeconfig('admin'), { mode: 0o600 });
  const client = connect({ socketPath: join(state.path, 'api.sock') });
  teardown.add(() => client.close());
  await report.step(servicesStep(plan), () => createObjects(client, plan));

  const died = (how: string) =>
    options.broke(new CityError('start-failed', 'keep the machine running', how, join(state.path, 'logs/machine.log')));
  const machine = new Machine({ root, statePath: state.path, died });
  teardown.add(() => machine.stop());
  await prepared.workload;
  await report.step(`${plan.nodes.length} nodes and the network between`, () => machine.build({ plan, seed, root }));
  state.update({ machine: machine.identity() });

  startControllers(client, seed, state.path, teardown);
  await report.step(`${countAllPods(plan)} pods`, () => awaitPods(client, plan, state.path, report, stop.signal));
  await report.step(`${plan.nodes.length} agents`, () => awaitAgents(machine, state.path, report));

  if (!options.dashboard) return { statePath: state.path, url: undefined, kubeconfig };
  const url = await report.step('dashboard', async () => {
    await prepared.pages;
    const started = (identity: ProcessIdentity | undefined) => state.update({ others: identity ? [identity] : [] });
    const dashboard = new Dashboard({ ...options, statePath: state.path, started });
    teardown.add(() => dashboard.stop());
    await dashboard.ready();
    return dashboard.url;
  });
  state.update({ url });
  return { statePath: state.path, url, kubeconfig };
}

/** What takes processor time on a fresh clone, begun before everything else. Both are waited for where they are needed. */
function prepare({ root, dashboard, inContainer, report }: CityOptions, statePath: string, signal: AbortSignal) {
  useCompileCache(root);
  const builds = dashboard && !inContainer;
  const pages = builds ? buildDashboard(root, join(statePath, 'logs/build.log'), signal) : Promise.resolve();
  // a rejection before it is waited for is not unhandled
  pages.catch(() => {});
  const workload = warmWorkload(root).catch((error: Error) => {
    report.warn(`the workload does not start: ${error.message}`);
  });
  return { pages, workload };
}

function startControllers(client: KubeClient, seed: number, statePath: string, teardown: Teardown): void {
  const log = new LogFile(join(statePath, 'logs/controllers.log'));
  const stop = new AbortController();
  teardown.add(() => stop.abort());
  runControllers({ client, seed, logger: pino({ name: 'controllers' }, log), signal: stop.signal });
}

/** A city with a pod or an agent that does not come up is worth looking at: it is told, and the start goes on. */
async function awaitPods(client: KubeClient, plan: CityPlan, statePath: string, report: Report, signal: AbortSignal) {
  const wanted = countAllPods(plan);
  const ready = await podsReady(client, wanted, signal);
  if (ready < wanted) report.warn(`only ${ready} of ${wanted} pods are ready; their logs: ${join(statePath, 'logs')}`);
}

async function awaitAgents(machine: Machine, statePath: string, report: Report): Promise<void> {
  for (const [node, healthy] of await machine.agents()) {
    if (!healthy) report.warn(`the agent of ${node} is not healthy; see ${join(statePath, `logs/agent-${node}.log`)}`);
  }
}

function servicesStep({ services }: CityPlan): string {
  const namespaces = new Set(services.map(({ namespace }) => namespace));
  return `${services.length} Services in ${namespaces.size} namespaces`;
}

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
