import type { CityRecord, IsolationReport, PolicyCounts, RefusedAttempts } from '@kubecity/protocol';
import type { KubeNode, KubePod } from '@kubecity/routing';
import type { RecordStore } from '../record-store.ts';
import { AddressBook } from './address-book.ts';
import { GateBook, type PolicyReach } from './gate-book.ts';
import { PolicyLedger } from './policy-ledger.ts';
import { RefusalBook } from './refusal-book.ts';

const NO_FIGURES = { accepted: 0, refused: 0, acceptedPerSecond: 0, refusedPerSecond: 0 };

/** What agents enforce of NetworkPolicies, what these let through and what they refused: reports in, records out. */
export class Isolation {
  readonly #store: RecordStore;
  readonly #addresses = new AddressBook();
  readonly #gates = new GateBook();
  readonly #ledger = new PolicyLedger();
  readonly #refusals: RefusalBook;
  /** Backends `address|port|protocol` → Service; made when it is asked for. */
  #services: Map<string, string> | undefined;

  constructor(store: RecordStore) {
    this.#store = store;
    this.#refusals = new RefusalBook({
      clientAt: (address, reporter) => this.#addresses.clientAt(address, reporter),
      podAt: (address) => this.#addresses.podAt(address),
      serviceAt: (address, port, protocol) => this.#serviceAt(`${address}|${port}|${protocol}`),
    });
  }

  /** Attempts that policies refused since the start. */
  get refusedAttempts(): number {
    return this.#refusals.begun;
  }

  connected(node: string, epoch: string): void {
    this.#ledger.connected(node, epoch);
  }

  takeReport(node: string, report: IsolationReport): void {
    this.#gates.take(node, report);
  }

  takeCounts(node: string, counts: PolicyCounts, now: number): void {
    this.#ledger.take(node, counts, now);
  }

  takeRefused(node: string, attempts: RefusedAttempts, now: number): void {
    this.#refusals.take(node, attempts, now);
  }

  setPod(pod: KubePod, before: KubePod | undefined): void {
    this.#addresses.setPod(pod, before);
  }

  deletePod(pod: KubePod): void {
    this.#addresses.deletePod(pod);
  }

  setNode(node: KubeNode, before: KubeNode | undefined): void {
    this.#addresses.setNode(node, before);
  }

  deleteNode(node: KubeNode): void {
    const { name } = node.metadata;
    this.#addresses.deleteNode(node);
    this.#gates.forgetNode(name);
    this.#ledger.forgetNode(name);
    this.#refusals.forgetNode(name);
  }

  /** Backends came, went or changed. */
  routed(): void {
    this.#services = undefined;
  }

  gatesOf(pod: KubePod): CityRecord<'pod'>['gates'] {
    return this.#gates.gatesOf(pod);
  }

  /** Nodes whose pods may have other gates since the last call. */
  takeTouched(): ReadonlySet<string> {
    return this.#gates.takeTouched();
  }

  refresh(now: number): void {
    const policies = this.#gates.policies;
    this.#ledger.show(now, (policy) => policies.has(policy));
    const records = [...policies].map(([id, reach]) => [id, this.#policyRecord(id, reach)] as const);
    this.#store.replaceAll('policy', new Map(records));
    this.#store.replaceAll('refusal', this.#refusals.records(now));
  }

  #policyRecord(id: string, { pods, directions, problems }: PolicyReach): CityRecord<'policy'> {
    const [namespace = '', name = ''] = id.split('/');
    const figures = (direction: 'ingress' | 'egress') =>
      this.#ledger.figuresOf(id, direction) ?? (directions.has(direction) ? NO_FIGURES : undefined);
    return {
      ...{ namespace, name, pods },
      ...{ ingress: figures('ingress'), egress: figures('egress') },
      ...(problems.length > 0 && { problems }),
    };
  }

  #serviceAt(key: string): string | undefined {
    if (!this.#services) {
      this.#services = new Map();
      for (const [, { address, port, servicePort, service }] of this.#store.all('backend')) {
        const own = `${address}|${port}|${servicePort.slice(servicePort.lastIndexOf('/') + 1)}`;
        const known = this.#services.get(own);
        if (known === undefined || service < known) this.#services.set(own, service);
      }
    }
    return this.#services.get(key);
  }
}
