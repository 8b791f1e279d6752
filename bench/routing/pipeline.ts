import { ipset, iptables, type Netfilter } from '@kubecity/netfilter';
import { RoutingTracker } from '@kubecity/routing';
import { Compiler, defaultCompileOptions } from '@kubecity/ruleset';
import { RuleSync } from '../../apps/agent/src/rules/rule-sync.ts';
import { BoundedRunner, realClock } from '../../apps/agent/src/runner.ts';
import { now, type Router } from './changes.ts';
import { NODE, type NodeObject, POD_RANGE, type ServiceObject, type SliceObject } from './world.ts';

/** The agent's own default. */
const MIN_SYNC_MS = 100;
const CHECK_MS = 3_600_000;

/** The agent's way from objects to the kernel, without the rest of the agent. One family, as the objects of the bench. */
export class Pipeline implements Router {
  /** `end` is when the kernel had it; what follows is reading back. */
  readonly syncs: { start: number; end: number }[] = [];
  /** End of the last read-back. */
  readBackAt = 0;
  readonly #tracker = new RoutingTracker({ name: NODE });
  readonly #sync: RuleSync;
  readonly #runner: BoundedRunner;
  #applied = 0;
  #written = 0;
  #failure: unknown;
  #wake: () => void = () => undefined;

  /** @param written hears every text that iptables-restore took */
  constructor({ written = () => undefined }: { readonly written?: (text: string) => unknown } = {}) {
    this.#sync = new RuleSync({
      compiler: new Compiler({ ...defaultCompileOptions('IPv4'), localDetect: { kind: 'cidr', cidr: POD_RANGE } }),
      netfilter: this.#recorded(iptables(), written),
      ipset: ipset(),
      now,
    });
    this.#runner = new BoundedRunner({
      run: () => this.#once(),
      minMs: () => MIN_SYNC_MS,
      maxMs: CHECK_MS,
      retryMs: () => CHECK_MS,
      onError: (error) => {
        this.#failure = error;
        this.#wake();
      },
      clock: realClock,
    });
  }

  apply(object: ServiceObject | SliceObject | NodeObject): void {
    this.#applied = now();
    if (isSlice(object)) this.#tracker.setEndpointSlice(object);
    else if (isService(object)) this.#tracker.setService(object);
    else {
      const zone = object.metadata.labels?.['topology.kubernetes.io/zone'];
      this.#tracker.setNode({ name: NODE, ...(zone !== undefined && { zone }) });
    }
    this.#runner.request();
  }

  /** @throws what any sync so far has failed with */
  async reached(): Promise<void> {
    while (this.#failure === undefined && (this.syncs.at(-1)?.start ?? 0) < this.#applied) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  stop(): Promise<void> {
    return this.#runner.stop();
  }

  async #once(): Promise<void> {
    const start = now();
    const { table, changed } = this.#tracker.take();
    const { isolated, wrote } = await this.#sync.sync(table.servicePorts, changed);
    if (isolated[0]) throw new Error(`the kernel refused ${isolated[0].port.id}: ${isolated[0].reason}`);
    if (wrote.chains + wrote.rules === 0) throw new Error('a change of the bench changed no rule');
    this.readBackAt = now();
    this.syncs.push({ start, end: this.#written });
    this.#wake();
  }

  #recorded(door: Netfilter, written: (text: string) => unknown): Netfilter {
    return {
      ...door,
      restore: async (text) => {
        const transactions = await door.restore(text);
        this.#written = now();
        written([...text].join(''));
        return transactions;
      },
    };
  }
}

const isSlice = (object: { kind: string }): object is SliceObject => object.kind === 'EndpointSlice';
const isService = (object: { kind: string }): object is ServiceObject => object.kind === 'Service';
