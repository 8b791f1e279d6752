import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as rest } from 'node:timers/promises';
import { PlayerError } from '../player.ts';

const POLL_MS = 100;
/** Its figures must not move for so long: a change may be under way from the API server. */
const QUIET_MS = 400;
const PATIENCE_MS = 30_000;

/** What kube-proxy tells of itself under `/metrics`; names are stable since v1.19. */
interface Figures {
  /** Of both families. */
  readonly syncs: number;
  /** Unix seconds. */
  readonly ended: number;
  readonly queued: number;
  readonly pending: number;
  readonly failures: number;
}

/** A kube-proxy process in this network namespace. */
export class KubeProxyProcess {
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #metrics: string;
  readonly #log: string[] = [];

  /**
   * @param binary path of kube-proxy
   * @param configuration a KubeProxyConfiguration that names `metricsBindAddress`; its kubeconfig is filled in
   * @param kubeconfig text
   */
  constructor(binary: string, configuration: KubeProxyConfiguration, kubeconfig: string) {
    this.#folder = mkdtempSync(join(tmpdir(), 'kube-proxy-'));
    const path = join(this.#folder, 'kubeconfig');
    writeFileSync(path, kubeconfig, { mode: 0o600 });
    const clientConnection = { ...configuration.clientConnection, kubeconfig: path };
    writeFileSync(join(this.#folder, 'config.json'), JSON.stringify({ ...configuration, clientConnection }));
    this.#metrics = `http://${configuration.metricsBindAddress}/metrics`;
    this.#child = spawn(binary, ['--config', join(this.#folder, 'config.json'), '--v=0'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#child.stderr?.on('data', (chunk: Buffer) => this.#log.push(chunk.toString('utf8')));
    this.#child.once('error', ({ message }) => this.#log.push(message));
  }

  /** All that was in the API when it started, and no more than that, is in the kernel. */
  async settled(): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS;
    let last = '';
    let since = performance.now();
    while (last === '' || performance.now() - since < QUIET_MS) {
      if (this.#isGone) throw new Error(`kube-proxy has ended: ${this.#lastWords()}`);
      if (performance.now() > deadline) throw new Error(`kube-proxy wrote no rules: ${this.#lastWords()}`);
      await rest(POLL_MS);
      // It does not listen yet, or has ended: the next round asks again, and says which.
      const response = await fetch(this.#metrics).catch(() => undefined);
      const figures = response?.ok ? readFigures(await response.text()) : undefined;
      if (figures && figures.failures > 0)
        throw new Error(`kube-proxy could not write its rules: ${this.#lastWords()}`);
      // One sync a family; both begin only when everything is listed.
      const done = figures && figures.syncs >= 2 && figures.pending === 0 && figures.ended >= figures.queued;
      const now = done ? JSON.stringify(figures) : '';
      if (now !== last) since = performance.now();
      last = now;
    }
  }

  /** As the kubelet ends it: rules stay. */
  async stop(): Promise<void> {
    if (!this.#isGone) {
      const exit = once(this.#child, 'exit');
      this.#child.kill('SIGTERM');
      await exit;
    }
    rmSync(this.#folder, { recursive: true });
  }

  get #isGone(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null || this.#child.pid === undefined;
  }

  #lastWords(): string {
    const lines = this.#log.join('').split('\n');
    const faults = lines.filter((line) => line.trim() !== '' && !/^I\d{4} |^ >$|^\tTry /.test(line));
    return (
      faults
        .map((line) => line.trim())
        .slice(-3)
        .join(' ') || 'it said nothing'
    );
  }
}

/** The fields that are set here, of `kubeproxy.config.k8s.io/v1alpha1`. */
export type KubeProxyConfiguration = Readonly<Record<string, unknown>> & {
  readonly metricsBindAddress: string;
  readonly clientConnection: object;
};

/** `v1.30.5`. @throws PlayerError when the file is no kube-proxy */
export function versionOf(binary: string): string {
  try {
    const said = execFileSync(binary, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
    const version = /^Kubernetes (v\S+)/.exec(said)?.[1];
    if (version !== undefined) return version;
    throw new Error(`it says ${JSON.stringify(said.slice(0, 80))}`);
  } catch (cause) {
    throw new PlayerError(`${binary} is not kube-proxy: ${(cause as Error).message}`, { cause });
  }
}

/** Sums over the families, where a version tells them apart; the latest of times. */
export function readFigures(text: string): Figures {
  const values = (name: string) =>
    [...text.matchAll(new RegExp(`^kubeproxy_sync_proxy_rules_${name}(?:\\{[^}]*\\})? (\\S+)$`, 'gm'))].map(
      ([, value]) => Number(value),
    );
  const sum = (name: string) => values(name).reduce((total, value) => total + value, 0);
  return {
    syncs: sum('duration_seconds_count'),
    ended: Math.max(0, ...values('last_timestamp_seconds')),
    queued: Math.max(0, ...values('last_queued_timestamp_seconds')),
    pending: sum('endpoint_changes_pending') + sum('service_changes_pending'),
    failures: sum('iptables_restore_failures_total'),
  };
}
