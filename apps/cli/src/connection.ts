import { readFileSync } from 'node:fs';
import { bearerToken, type ConnectOptions, connect, type KubeClient } from '@kubecity/kube';
import { Dashboard } from './dashboard.ts';
import { Failure } from './failure.ts';
import { environmentKubeconfig, homeKubeconfig, podNamespace, preferredNamespace } from './kubeconfig.ts';
import { runningCity } from './running-city.ts';
import type { Terminal } from './terminal.ts';

/** Options of every command. */
export interface ConnectionFlags {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly kubeSocket?: string;
  readonly inCluster?: boolean;
  readonly dashboard?: string;
  readonly tokenFile?: string;
  readonly namespace?: string;
}

const NO_CLUSTER =
  'No cluster is known. Give --kubeconfig FILE or --kube-socket PATH, set KUBECONFIG, or start a city with: npm run city';
const NO_DASHBOARD =
  'This needs a dashboard, which alone hears the agents. Give --dashboard URL or set KUBECITY_DASHBOARD.';

/** The cluster and the dashboard that a command is about, found by flags, environment and what runs here. */
export class Connection {
  readonly #flags: ConnectionFlags;
  readonly #terminal: Terminal;
  /** Undefined: none is known. */
  readonly #cluster: ConnectOptions | undefined;
  readonly #dashboardUrl: string | undefined;
  /** The dashboard was asked for, so changes go through it. */
  readonly steersThroughDashboard: boolean;
  #client: KubeClient | undefined;
  #dashboard: Dashboard | undefined;

  /** @throws Failure `usage` */
  constructor(flags: ConnectionFlags, terminal: Terminal) {
    this.#flags = flags;
    this.#terminal = terminal;
    const { env } = terminal;
    const wished = flags.dashboard ?? (env.KUBECITY_DASHBOARD || undefined);
    const given = givenCluster(flags, env);
    const city = given ? undefined : runningCity(env);
    this.#cluster = given ?? (city ? { socketPath: city.socketPath } : foundCluster(env));
    this.#dashboardUrl = wished ?? city?.dashboard;
    this.steersThroughDashboard = wished !== undefined;
    if (city) terminal.say(terminal.paint('dim', 'Speaking to the city that runs on this machine.', 'words'));
  }

  /** Of objects that have one, unless a command says otherwise. */
  get namespace(): string {
    const { namespace, context } = this.#flags;
    if (namespace !== undefined) return namespace;
    if (this.#cluster?.inCluster) return podNamespace();
    const file = this.#cluster?.kubeconfig;
    return (file === undefined ? undefined : preferredNamespace(file, context)) ?? 'default';
  }

  /** @throws Failure `usage` where no cluster is known */
  get client(): KubeClient {
    if (!this.#cluster) throw new Failure('usage', NO_CLUSTER);
    this.#client ??= connect(this.#cluster);
    return this.#client;
  }

  get hasCluster(): boolean {
    return this.#cluster !== undefined;
  }

  get hasDashboard(): boolean {
    return this.#dashboardUrl !== undefined;
  }

  /** @throws Failure `usage` where none is known */
  async dashboard(): Promise<Dashboard> {
    if (this.#dashboardUrl === undefined) throw new Failure('usage', NO_DASHBOARD);
    this.#dashboard ??= new Dashboard(this.#dashboardUrl, await this.#token(), this.#terminal);
    return this.#dashboard;
  }

  /** What must stand in nothing that is given away. */
  async secrets(): Promise<string[]> {
    const own = this.#cluster === undefined ? undefined : await bearerToken(this.#cluster);
    const shown = this.#flags.tokenFile === undefined ? undefined : tokenOf(this.#flags.tokenFile);
    return [own, shown].filter((secret) => secret !== undefined);
  }

  async close(): Promise<void> {
    this.#dashboard?.close();
    await this.#client?.close();
  }

  async #token(): Promise<string | undefined> {
    const { tokenFile } = this.#flags;
    if (tokenFile !== undefined) return tokenOf(tokenFile);
    return this.#cluster === undefined ? undefined : bearerToken(this.#cluster);
  }
}

function givenCluster(flags: ConnectionFlags, env: Terminal['env']): ConnectOptions | undefined {
  const { kubeconfig, context, kubeSocket: socketPath, inCluster } = flags;
  const ways = [kubeconfig, socketPath, inCluster || undefined].filter((way) => way !== undefined);
  if (ways.length > 1) throw new Failure('usage', '--kubeconfig, --kube-socket and --in-cluster exclude each other.');
  if (socketPath !== undefined) return { socketPath };
  if (inCluster) return { inCluster };
  const file = kubeconfig ?? environmentKubeconfig(env) ?? (context === undefined ? undefined : homeKubeconfig());
  if (file !== undefined) return { kubeconfig: file, context };
  if (context !== undefined) throw new Failure('usage', '--context needs a kubeconfig, and there is none.');
  return undefined;
}

/** Where nobody said anything: the pod's own cluster, then what `kubectl` would take. */
function foundCluster(env: Terminal['env']): ConnectOptions | undefined {
  if (env.KUBERNETES_SERVICE_HOST) return { inCluster: true };
  const file = homeKubeconfig();
  return file === undefined ? undefined : { kubeconfig: file };
}

function tokenOf(file: string): string {
  let token: string;
  try {
    token = readFileSync(file, 'utf8').trim();
  } catch (cause) {
    throw new Failure('usage', `--token-file ${file} cannot be read: ${(cause as Error).message}`, cause);
  }
  if (token === '') throw new Failure('usage', `--token-file ${file} is empty.`);
  return token;
}
