import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as rest } from 'node:timers/promises';
import { findTool } from './machine.ts';
import { NODE, POD_RANGE } from './world.ts';

const METRICS = '127.0.0.1:10249';
const POLL_MS = 200;
/** Two readings in a row must agree that nothing is queued: an event may be under way from the API server. */
const SETTLE_MS = 400;

interface Reading {
  readonly syncs: number;
  readonly seconds: number;
  /** Unix milliseconds: end of the last sync that succeeded, and when one was last asked for. */
  readonly ended: number;
  readonly queued: number;
  /** Changes that no sync has taken up yet. */
  readonly pending: number;
}

/** A running kube-proxy in this network namespace, watched through its metrics (stable names since v1.19). */
export class KubeProxyProcess {
  readonly syncs: { start: number; end: number }[] = [];
  readonly #child: ChildProcess;
  readonly #folder: string;
  #last: Reading = { syncs: 0, seconds: 0, ended: 0, queued: 0, pending: 0 };
  #gone: string | undefined;
  readonly #stopping = new AbortController();

  /** @param kubeconfig text of a kubeconfig for the API server that holds the objects */
  constructor(binary: string, kubeconfig: string) {
    const folder = mkdtempSync(join(tmpdir(), 'bench-kube-proxy-'));
    this.#folder = folder;
    writeFileSync(join(folder, 'kubeconfig'), kubeconfig, { mode: 0o600 });
    writeFileSync(join(folder, 'config.json'), JSON.stringify(configuration(join(folder, 'kubeconfig'))));
    const log: string[] = [];
    this.#child = spawn(binary, ['--config', join(folder, 'config.json'), '--v=0'], {
      env: { ...process.env, PATH: ipv4Only(folder) },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#child.stderr?.on('data', (chunk: Buffer) => log.push(chunk.toString('utf8')));
    this.#child.once('error', (error) => {
      this.#gone = error.message;
    });
    this.#child.once('close', (status) => {
      this.#gone = `it ended with ${status}: ${log.join('').trim().split('\n').slice(-5).join('\n')}`;
    });
    void this.#watch();
  }

  stop(): void {
    this.#stopping.abort();
    this.#child.kill('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** @throws Error when kube-proxy ends, or needs longer than `timeoutMs` */
  async reached(moment: number, timeoutMs: number): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    let quietSince: number | undefined;
    while (quietSince === undefined || performance.now() - quietSince < SETTLE_MS) {
      await rest(POLL_MS);
      if (this.#gone !== undefined) throw new Error(`kube-proxy: ${this.#gone}`);
      if (performance.now() > deadline) throw new Error(`kube-proxy: not done after ${timeoutMs / 1000} s`);
      const quiet = this.#last.queued >= moment && this.#last.pending === 0 && this.#startedAfter(this.#last.queued);
      if (!quiet) quietSince = undefined;
      else quietSince ??= performance.now();
    }
  }

  /** The duration of a sync covers what it does after it has noted its end, so its start seems a little too early. */
  #startedAfter(queued: number): boolean {
    const sync = this.syncs.at(-1);
    return sync !== undefined && sync.start + 20 + (sync.end - sync.start) / 20 >= queued;
  }

  async #watch(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      await rest(POLL_MS);
      const response = await fetch(`http://${METRICS}/metrics`).catch(() => undefined);
      if (response?.ok) this.#note(parseMetrics(await response.text()));
    }
  }

  /** The end of a sync is told before its duration, so a reading may fall between them. */
  #note(reading: Reading): void {
    if (reading.syncs > this.#last.syncs && reading.ended > (this.syncs.at(-1)?.end ?? 0)) {
      const each = ((reading.seconds - this.#last.seconds) * 1000) / (reading.syncs - this.#last.syncs);
      this.syncs.push({ start: reading.ended - each, end: reading.ended });
    }
    const { syncs, seconds } = reading.syncs > this.#last.syncs ? reading : this.#last;
    this.#last = { ...reading, syncs, seconds };
  }
}

function parseMetrics(text: string): Reading {
  const value = (name: string) => {
    const line = new RegExp(`^kubeproxy_${name}(?:\\{ip_family="IPv4"\\})? (\\S+)$`, 'm').exec(text);
    return Number(line?.[1] ?? 0);
  };
  return {
    syncs: value('sync_proxy_rules_duration_seconds_count'),
    seconds: value('sync_proxy_rules_duration_seconds_sum'),
    ended: value('sync_proxy_rules_last_timestamp_seconds') * 1000,
    queued: value('sync_proxy_rules_last_queued_timestamp_seconds') * 1000,
    pending: value('sync_proxy_rules_endpoint_changes_pending') + value('sync_proxy_rules_service_changes_pending'),
  };
}

/** Defaults but for what would touch the host, and JSON, the only language of our API server. */
function configuration(kubeconfig: string) {
  return {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    mode: 'iptables',
    hostnameOverride: NODE,
    clusterCIDR: POD_RANGE,
    clientConnection: {
      kubeconfig,
      contentType: 'application/json',
      acceptContentTypes: 'application/json',
      qps: 50,
      burst: 100,
    },
    metricsBindAddress: METRICS,
    healthzBindAddress: '127.0.0.1:10256',
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
    iptables: { masqueradeBit: 14, minSyncPeriod: '1s', syncPeriod: '30s' },
  };
}

/** kube-proxy serves each family whose tools it finds: without ip6tables only IPv4, as we do here. */
function ipv4Only(folder: string): string {
  for (const tool of ['iptables', 'iptables-save', 'iptables-restore']) symlinkSync(findTool(tool), join(folder, tool));
  return folder;
}
