import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type KubeProxyConfiguration, KubeProxyProcess, RULES_ONLY } from '../../testing/kube-proxy-process.ts';
import { NODE, POD_RANGE } from './city.ts';
import type { KubeProxy } from './kube-proxy.ts';

const RECORD = fileURLToPath(new URL('../../testdata/kube-proxy.nft', import.meta.url));

/** Plays back the table that a kube-proxy of nftables mode wrote for the city: `testdata/kube-proxy.nft`. */
export class RecordedNftKubeProxy implements KubeProxy {
  readonly isReal = false;

  async start(): Promise<void> {
    execFileSync('nft', ['-f', '-'], { input: readFileSync(RECORD) });
  }

  async stop(): Promise<void> {}

  async cleanUp(): Promise<void> {
    dropTables();
  }
}

/** The real thing, from the binary that `KUBECITY_KUBE_PROXY` names. */
export class RealNftKubeProxy implements KubeProxy {
  readonly isReal = true;
  readonly #binary: string;
  readonly #kubeconfig: string;
  #process: KubeProxyProcess | undefined;

  constructor(binary: string, kubeconfig: string) {
    this.#binary = binary;
    this.#kubeconfig = kubeconfig;
  }

  async start(): Promise<void> {
    this.#process = new KubeProxyProcess(this.#binary, configuration(this.#binary), this.#kubeconfig);
    await this.#process.settled();
  }

  async stop(): Promise<void> {
    await this.#process?.stop();
  }

  /** Its own `--cleanup` is one for all modes, and needs tools of IPVS. */
  async cleanUp(): Promise<void> {
    dropTables();
  }
}

function configuration(binary: string): KubeProxyConfiguration {
  const [, minor = '0'] = /v1\.(\d+)/.exec(execFileSync(binary, ['--version'], { encoding: 'utf8' })) ?? [];
  return {
    ...RULES_ONLY,
    mode: 'nftables',
    // An alpha feature until v1.30.
    ...(Number(minor) <= 30 && { featureGates: { NFTablesProxyMode: true } }),
    nftables: { syncPeriod: '1h', minSyncPeriod: '0s' },
    hostnameOverride: NODE,
    clusterCIDR: POD_RANGE,
    metricsBindAddress: '127.0.0.1:11249',
    healthzBindAddress: '127.0.0.1:11256',
  };
}

function dropTables(): void {
  for (const family of ['ip', 'ip6']) {
    execFileSync('nft', ['-f', '-'], { input: `add table ${family} kube-proxy\ndelete table ${family} kube-proxy\n` });
  }
}
