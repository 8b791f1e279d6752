import { setTimeout } from 'node:timers/promises';
import { isKubeError, type KubeClient, resources } from '@kubecity/kube';
import type { Logger } from 'pino';
import type { AgentConfig, NamespacedName } from './config/agent-config.ts';

export interface DepartureOptions {
  readonly client: Pick<KubeClient, 'get'>;
  /** Whose pod this agent is. Undefined: an agent that somebody else starts, and cleans up after. */
  readonly daemonSet: NamespacedName | undefined;
  readonly log: Pick<Logger, 'info' | 'warn'>;
}

interface Stored {
  readonly metadata: { readonly deletionTimestamp?: string };
}

/** The API does not keep the kubelet waiting: after its grace period the process is killed. */
const ASKING_MILLISECONDS = 5_000;

/**
 * Whether an agent that stops is to come back. Its rules stay then, so that no connection notices. They go when the DaemonSet is
 * gone, so that deleting the manifests leaves nothing on the node; and they stay when nobody else would route.
 */
export class Departure {
  readonly #options: DepartureOptions;
  /** It could be read once: that it may not be any more means something. */
  #seen = false;

  constructor(options: DepartureOptions) {
    this.#options = options;
  }

  /** Looks once while all is well. Never rejects. */
  async begin(): Promise<void> {
    const { daemonSet, log } = this.#options;
    if (!daemonSet) return;
    const fate = await this.#look(daemonSet);
    this.#seen = fate === 'there';
    if (this.#seen) log.info({ daemonSet }, 'rules go when this DaemonSet is deleted');
    else log.warn({ daemonSet, fate }, 'the DaemonSet of this agent cannot be read');
  }

  /**
   * Asked when the agent stops. `kubeProxy`: whether one serves Services on this node. `back`: the next agent finds the rules as they
   * are, and a lease is left to it. `gone`: the rules go. `alone`: nobody says that another one comes. Never rejects.
   */
  async end(mode: AgentConfig['mode'], kubeProxy: () => Promise<boolean>): Promise<'back' | 'gone' | 'alone'> {
    const { daemonSet, log } = this.#options;
    if (!daemonSet) return 'alone';
    const fate = await this.#look(daemonSet, ASKING_MILLISECONDS);
    // Who takes away the DaemonSet takes away the right to read it too, in any order.
    if (fate !== 'gone' && !(fate === 'refused' && this.#seen)) return 'back';
    if (mode === 'replace' && !(await this.#servedBy(kubeProxy))) {
      log.warn({ daemonSet }, 'the DaemonSet is gone, but nobody else routes Services here: rules stay');
      return 'back';
    }
    log.info({ daemonSet }, 'the DaemonSet is gone: rules go too');
    return 'gone';
  }

  async #look({ namespace, name }: NamespacedName, within?: number): Promise<'there' | 'gone' | 'refused' | 'unknown'> {
    try {
      const asked = this.#options.client.get<Stored>(resources.daemonSets, { namespace, name });
      const { metadata } = await (within === undefined ? asked : Promise.race([asked, late(within)]));
      return metadata.deletionTimestamp === undefined ? 'there' : 'gone';
    } catch (error) {
      if (isKubeError(error, 'not-found')) return 'gone';
      if (isKubeError(error, 'forbidden') || isKubeError(error, 'unauthorized')) return 'refused';
      this.#options.log.warn({ err: error }, 'the DaemonSet of this agent cannot be asked about');
      return 'unknown';
    }
  }

  /** What cannot be found out is no reason to leave a node without rules. */
  async #servedBy(kubeProxy: () => Promise<boolean>): Promise<boolean> {
    try {
      return await kubeProxy();
    } catch (error) {
      this.#options.log.warn({ err: error }, 'whether a kube-proxy routes here cannot be read');
      return false;
    }
  }
}

async function late(milliseconds: number): Promise<never> {
  await setTimeout(milliseconds, undefined, { ref: false });
  throw new Error(`no answer within ${milliseconds / 1000} s`);
}
