import { NetfilterError } from '@kubecity/netfilter';
import type { ServicePort, ServicePortId } from '@kubecity/routing';
import type { Compiler } from '@kubecity/ruleset';

export interface Isolated {
  readonly port: ServicePort;
  readonly reason: string;
}

/**
 * Which service ports a refused text may be to blame on: those that changed since the kernel last took everything. Keeps
 * the value that the kernel has of each, to which it can go back, and who has been isolated.
 */
export class Suspects {
  readonly #compiler: Compiler;
  /** Changed since the last success, with the value that the kernel has. */
  readonly #before = new Map<ServicePortId, ServicePort | undefined>();
  readonly #isolated = new Map<ServicePortId, Isolated>();

  constructor(compiler: Compiler) {
    this.#compiler = compiler;
  }

  /** It is about to be compiled anew: what it was so far is what the kernel has. */
  add(id: ServicePortId): void {
    if (!this.#before.has(id)) this.#before.set(id, this.#compiler.compiled(id));
    this.#isolated.delete(id);
  }

  /** Changed, and not given up yet. */
  get open(): ServicePortId[] {
    return [...this.#before.keys()].filter((id) => !this.#isolated.has(id));
  }

  get isolated(): readonly Isolated[] {
    return [...this.#isolated.values()];
  }

  get isolatedIds(): readonly ServicePortId[] {
    return [...this.#isolated.keys()];
  }

  /** Who is to blame by the error alone; nobody when it does not say. */
  culprits(error: NetfilterError): ServicePortId[] {
    const open = new Set(this.open);
    return isOfSets(error)
      ? // Without sets there is no session affinity: the service ports that want it wait, the others do not.
        [...open].filter((id) => this.#compiler.compiled(id)?.affinitySeconds !== undefined)
      : this.#ownersOf(error).filter((id) => open.has(id));
  }

  #ownersOf({ line }: NetfilterError): ServicePortId[] {
    const [, chain, rule] = /^-A (\S+) ?(.*)$/.exec(line ?? '') ?? [];
    return chain === undefined ? [] : this.#compiler.ownersOf(chain, rule);
  }

  isolate(ids: Iterable<ServicePortId>, ports: ReadonlyMap<ServicePortId, ServicePort>, reason: string): void {
    for (const id of ids) {
      const port = ports.get(id) ?? this.#before.get(id);
      if (port) this.#isolated.set(id, { port, reason });
    }
  }

  /** What the kernel has of these; those it has nothing of are left out. */
  before(ids: Iterable<ServicePortId>): Map<ServicePortId, ServicePort> {
    const ports = new Map<ServicePortId, ServicePort>();
    for (const id of ids) {
      const port = this.#before.get(id);
      if (port) ports.set(id, port);
    }
    return ports;
  }

  /** The kernel took everything that is not isolated. */
  settle(): void {
    this.#before.clear();
  }
}

/** Errors that narrow down to service ports; every other is one of the machine. */
export function isRefusal(error: unknown): error is NetfilterError {
  return error instanceof NetfilterError && (error.code === 'refused' || isOfSets(error));
}

function isOfSets(error: NetfilterError): boolean {
  return error.operation.startsWith('ipset');
}
