import { join } from 'node:path';
import type { Pod } from '../objects.ts';
import type { NodePlan } from '../plan/city-plan.ts';
import { WORKLOAD_IMAGE } from '../plan/manifests.ts';
import type { ListeningMessage, Names, NamesMessage } from '../workload/messages.ts';
import type { AddressPool } from './address-pool.ts';
import { inNetns } from './command.ts';
import { KeptProcess } from './kept-process.ts';
import { addPodNetwork, removePodNetwork } from './network.ts';
import type { Places } from './places.ts';
import { type ContainerState, type PodFacts, podStatus } from './pod-status.ts';
import { workloadCommand } from './workload-command.ts';

export interface CityPodOptions {
  readonly pod: Pod;
  readonly node: NodePlan;
  readonly addresses: AddressPool;
  readonly places: Places;
  readonly seed: number;
  /** Undefined as long as nobody may call anybody. */
  names(): Names | undefined;
  /** Called with each new status, in order. */
  report(status: object): void;
}

/** One pod on its node: a network namespace with an address, and the workload's process in it. */
export class CityPod {
  readonly #options: CityPodOptions;
  readonly #netns: string;
  #facts: PodFacts;
  #process: KeptProcess | undefined;

  constructor(options: CityPodOptions) {
    const now = new Date().toISOString();
    this.#options = options;
    this.#netns = podNetns(options.pod.metadata.namespace ?? '', options.pod.metadata.name);
    this.#facts = {
      hostIP: options.node.address,
      startTime: now,
      readySince: now,
      restarts: 0,
      container: { kind: 'waiting', reason: 'ContainerCreating' },
    };
  }

  /** Rejects when the network cannot be built; a pod that the city cannot run says so in its status instead. */
  async start(): Promise<void> {
    const { pod, node, addresses } = this.#options;
    const refusal = refuse(pod);
    if (refusal !== undefined) {
      this.#report({ kind: 'waiting', reason: refusal.reason, message: refusal.message });
      return;
    }
    const address = addresses.take();
    if (address === undefined) {
      this.#report({ kind: 'waiting', reason: 'OutOfAddresses', message: `${node.podCIDR} has no free address` });
      return;
    }
    await addPodNetwork(node.name, this.#netns, address);
    this.#facts = { ...this.#facts, podIP: address };
    this.#process = this.#run(address);
  }

  tell(names: Names): void {
    this.#process?.send({ names } satisfies NamesMessage);
  }

  /** Gives the process its time to finish, then takes the namespace and the address away. */
  async stop(graceMilliseconds: number): Promise<void> {
    const { node, addresses } = this.#options;
    const { podIP } = this.#facts;
    await this.#process?.stop(graceMilliseconds);
    if (podIP === undefined) return;
    await removePodNetwork(node.name, this.#netns, podIP);
    addresses.giveBack(podIP);
  }

  #run(address: string): KeptProcess {
    const { pod, places, names } = this.#options;
    const { namespace = '', name } = pod.metadata;
    const process_ = new KeptProcess({
      command: [...inNetns(this.#netns), ...workloadCommand(places.root)],
      env: this.#environment(address),
      logPath: join(places.logs, `pod-${namespace}-${name}.log`),
      started: () => this.#report({ kind: 'running', startedAt: new Date().toISOString(), ready: false }),
      message: (message) => {
        if (!(message as Partial<ListeningMessage>).listening) return;
        const known = names();
        if (known) process_.send({ names: known } satisfies NamesMessage);
        this.#report({ kind: 'running', startedAt: new Date().toISOString(), ready: true });
      },
      ended: ({ code, signal, pauseMilliseconds }) => {
        this.#facts = { ...this.#facts, restarts: this.#facts.restarts + 1 };
        const message = `ended with ${signal ?? `exit code ${code}`}, back-off ${pauseMilliseconds / 1000} s`;
        this.#report({ kind: 'waiting', reason: 'CrashLoopBackOff', message });
      },
    });
    return process_;
  }

  #environment(address: string): NodeJS.ProcessEnv {
    const { pod, node, seed } = this.#options;
    const own = pod.spec.containers[0]?.env ?? [];
    return {
      PATH: process.env.PATH,
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
      ...Object.fromEntries(own.map(({ name, value = '' }) => [name, value])),
      SEED: String(seed),
      POD_NAME: pod.metadata.name,
      POD_NAMESPACE: pod.metadata.namespace,
      POD_IP: address,
      NODE_NAME: node.name,
    };
  }

  #report(container: ContainerState): void {
    const was = isReady(this.#facts.container);
    const readySince = was === isReady(container) ? this.#facts.readySince : new Date().toISOString();
    this.#facts = { ...this.#facts, container, readySince };
    this.#options.report(podStatus(this.#options.pod, this.#facts));
  }
}

const isReady = (container: ContainerState) => container.kind === 'running' && container.ready;

/** One name for one pod, also for whoever looks into /run/netns. */
export const podNetns = (namespace: string, name: string) => `${namespace}.${name}`;

function refuse({ spec }: Pod): { reason: string; message: string } | undefined {
  const [container, ...others] = spec.containers;
  if (others.length > 0) return { reason: 'Unsupported', message: 'the city runs one container in a pod' };
  if (container?.image === WORKLOAD_IMAGE) return undefined;
  return { reason: 'ErrImagePull', message: `the city has one image, ${WORKLOAD_IMAGE}, not ${container?.image}` };
}
