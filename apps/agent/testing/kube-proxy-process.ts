import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RouterCommand, RouterProcess } from './router-process.ts';

const POLL_MS = 100;
const PATIENCE_MS = 30_000;

/** The fields that are set here, of `kubeproxy.config.k8s.io/v1alpha1`. */
export type KubeProxyConfiguration = Readonly<Record<string, unknown>> & {
  readonly metricsBindAddress: string;
  readonly clientConnection: object;
};

/** What every configuration here begins with: rules are all that it changes on the host. */
export const RULES_ONLY = {
  apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
  kind: 'KubeProxyConfiguration',
  mode: 'iptables',
  // JSON is the only language of our API server.
  clientConnection: { contentType: 'application/json', acceptContentTypes: 'application/json', qps: 50, burst: 100 },
  conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
};

/**
 * @param binary path of kube-proxy
 * @param folder with a `kubeconfig` in it; gets the configuration
 */
export function kubeProxyCommand(binary: string, folder: string, configuration: KubeProxyConfiguration): RouterCommand {
  const path = join(folder, 'config.json');
  const clientConnection = { ...configuration.clientConnection, kubeconfig: join(folder, 'kubeconfig') };
  writeFileSync(path, JSON.stringify({ ...configuration, clientConnection }));
  return { file: binary, args: ['--config', path, '--v=0'] };
}

/** A kube-proxy of both families in this network namespace, with a folder of its own. */
export class KubeProxyProcess {
  readonly #folder = mkdtempSync(join(tmpdir(), 'kube-proxy-'));
  readonly #process: RouterProcess;

  /**
   * @param binary path of kube-proxy
   * @param kubeconfig text
   */
  constructor(binary: string, configuration: KubeProxyConfiguration, kubeconfig: string) {
    writeFileSync(join(this.#folder, 'kubeconfig'), kubeconfig, { mode: 0o600 });
    const command = kubeProxyCommand(binary, this.#folder, configuration);
    this.#process = new RouterProcess(command, { metrics: configuration.metricsBindAddress, everyMs: POLL_MS });
  }

  /** All that was in the API when it started, and no more than that, is in the kernel. */
  settled(): Promise<void> {
    return this.#process.reached(({ syncs, ended, queued, pending, failures }) => {
      if (failures > 0) throw new Error(`kube-proxy could not write its rules: ${this.#process.lastWords()}`);
      // One sync a family; both begin only when everything is listed.
      return syncs >= 2 && pending === 0 && ended >= queued;
    }, PATIENCE_MS);
  }

  /** As the kubelet ends it: rules stay. */
  async stop(): Promise<void> {
    await this.#process.stop();
    rmSync(this.#folder, { recursive: true });
  }
}
