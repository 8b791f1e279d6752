import type { KubeNetworkPolicy, PolicyPod } from '@kubecity/isolation';
import type { Netfilter } from '@kubecity/netfilter';
import { FakeIpset, FakeNetfilter } from '@kubecity/netfilter/testing';
import { type IsolationReport, isolationReport } from '@kubecity/protocol';
import type { Family, Problem } from '@kubecity/routing';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import type { Mode } from '../../src/config/mode.ts';
import { Isolation } from '../../src/isolation/isolation.ts';
import { isolationMetrics } from '../../src/isolation/isolation-metrics.ts';
import { removeRules } from '../../src/rules/cleanup.ts';
import { DriftCheck } from '../../src/rules/drift-check.ts';
import { HandClock } from '../hand-clock.ts';

const log = pino({ level: 'silent' });
export const pod = (name: string, number: number, labels: Record<string, string>, nodeName = 'node-a'): PolicyPod => ({
  metadata: { namespace: 'shop', name, labels },
  spec: { nodeName },
  status: { phase: 'Running', podIP: `10.244.1.${number}` },
});
export const policy = (name: string, spec: object): KubeNetworkPolicy => ({
  metadata: { namespace: 'shop', name },
  spec,
});
export const FROM_WEB = policy('db', {
  podSelector: { matchLabels: { app: 'db' } },
  ingress: [{ from: [{ podSelector: { matchLabels: { app: 'web' } } }] }],
});

/** An agent's isolation over kernels that outlive it. */
export class Bench {
  readonly kernel = new FakeNetfilter();
  readonly ipset = new FakeIpset();
  readonly clock = new HandClock();
  readonly told: IsolationReport[] = [];
  readonly problems: Problem[] = [];
  readonly applied: boolean[] = [];
  readonly drifts: string[] = [];
  readonly metrics = isolationMetrics(new Registry());
  mode: { mode: Mode | undefined; decided: boolean } = { mode: 'replace', decided: true };
  missing: string | undefined;
  /** How often the kernel was asked whether somebody wrote, and what each answer waits for. */
  reads = 0;
  reading: () => Promise<void> = async () => {};
  isolation = this.open();

  open(on = true): Isolation {
    const doors = new Map<Family, Netfilter>([['IPv4', this.kernel]]);
    const read = async () => {
      this.reads += 1;
      await this.reading();
      return this.kernel.restores.length;
    };
    const generation = { read, close() {} };
    return new Isolation({
      ...{ on, nodeName: 'node-a', text: { refusal: 'drop' }, doors, ipset: this.ipset, generation, log },
      routing: new DriftCheck(generation, () => 0, log),
      mode: () => this.mode,
      missing: () => this.missing,
      pace: () => ({ minSyncMs: 0, syncPeriodMs: 10_000, checkMs: 1_000 }),
      remove: async () => void (await removeRules([this.kernel], this.ipset, 'isolation')),
      settled: () => {},
      applied: ({ narrowed }) => this.applied.push(narrowed),
      told: (report) => this.told.push(isolationReport.parse(report)),
      problem: (problem) => this.problems.push(problem),
      drifted: (_family, difference) => this.drifts.push(difference),
      metrics: this.metrics,
      clock: this.clock,
    });
  }

  /** Everything is listed: `db` and `web` run here, `other` elsewhere. */
  async begin(isolation = this.isolation): Promise<Isolation> {
    this.isolation = isolation;
    await this.clock.advance(1_000);
    const { tracker } = isolation;
    isolation.begin();
    tracker.setNamespace({ metadata: { name: 'shop' } });
    tracker.setPod(pod('db', 2, { app: 'db' }));
    tracker.setPod(pod('web', 3, { app: 'web' }));
    tracker.setPod(pod('other', 4, { app: 'other' }, 'node-b'));
    tracker.setPolicy(FROM_WEB);
    isolation.listed();
    await this.run();
    return isolation;
  }

  /** What was told of changes is acted upon. */
  async run(milliseconds = 100): Promise<void> {
    this.isolation.changed();
    for (let left = milliseconds; left > 0; left -= 20) await this.clock.advance(Math.min(20, left));
    for (let i = 0; i < 20; i++) await this.clock.advance(0);
  }

  get chains(): Promise<string> {
    return this.kernel.save('filter');
  }
}
