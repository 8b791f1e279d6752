import { type AccessAttributes, isKubeError, type KubeClient, resources } from '@kubecity/kube';
import type { Session } from '@kubecity/protocol';

/** Milliseconds for which an answer counts. */
const KEPT = 60_000;
/** While there are namespaces that were never asked for. */
const NEXT_ROUND = 1000;
/** Namespaces asked for in one round; in a cluster with more, the others follow in the next ones. */
const NAMESPACES_A_ROUND = 50;
const AT_ONCE = 8;

const { routingOverrides, clusterRoutingOverrides, services } = resources;
const to = (verb: string, { group, plural }: { group: string; plural: string }): AccessAttributes => ({
  verb,
  group,
  resource: plural,
});

/**
 * What a person may do, by the cluster's own word. Looking at the map needs the right to list Services or RoutingOverrides in
 * all namespaces: the map shows all of them. Steering needs the right to create RoutingOverrides; each write is judged
 * again by the cluster when it happens, so this decides only what is offered.
 */
export class Rights {
  readonly #client: KubeClient;
  readonly #namespaces: () => readonly string[];
  /** Namespace → Unix ms of the answer, and the answer. */
  readonly #answers = new Map<string, { readonly at: number; readonly allowed: boolean }>();
  #everywhere: 'all' | 'namespaces' | 'no' = 'no';
  #askedAt = Number.NEGATIVE_INFINITY;
  #asking: Promise<'known' | 'refused' | 'forbidden'> | undefined;

  constructor(client: KubeClient, namespaces: () => readonly string[]) {
    this.#client = client;
    this.#namespaces = namespaces;
  }

  get maySteer(): Session['maySteer'] {
    if (this.#everywhere === 'all') return 'all';
    const names = this.#namespaces();
    const may = this.#everywhere === 'namespaces' ? names : names.filter((name) => this.#answers.get(name)?.allowed);
    return [...may].sort();
  }

  due(now: number): boolean {
    if (now >= this.#askedAt + KEPT) return true;
    return this.#everywhere === 'no' && now >= this.#askedAt + NEXT_ROUND && this.#unasked().length > 0;
  }

  /**
   * `refused`: the cluster does not take the person's credentials (any more). `forbidden`: the person may not look.
   * Without an answer what is known goes on; `mayLook` tells a first question's failure.
   */
  ask(now: number): Promise<'known' | 'refused' | 'forbidden'> {
    this.#asking ??= this.#round(now)
      .catch((error: unknown) => {
        this.#askedAt = now;
        return isKubeError(error, 'unauthorized') ? ('refused' as const) : ('known' as const);
      })
      .finally(() => {
        this.#asking = undefined;
      });
    return this.#asking;
  }

  /** @throws KubeError when the cluster does not answer, or not this person */
  async mayLook(): Promise<boolean> {
    return (await this.#may(to('list', services))) || this.#may(to('list', routingOverrides));
  }

  async #round(now: number): Promise<'known' | 'forbidden'> {
    if (!(await this.mayLook())) return 'forbidden';
    const everywhere = await this.#may(to('create', routingOverrides));
    const whole = everywhere && (await this.#may(to('create', clusterRoutingOverrides)));
    this.#everywhere = whole ? 'all' : everywhere ? 'namespaces' : 'no';
    this.#askedAt = now;
    if (!everywhere) await this.#askNamespaces(now);
    return 'known';
  }

  async #askNamespaces(now: number): Promise<void> {
    const names = new Set(this.#namespaces());
    for (const name of this.#answers.keys()) if (!names.has(name)) this.#answers.delete(name);
    const askedAt = (name: string) => this.#answers.get(name)?.at ?? Number.NEGATIVE_INFINITY;
    const due = [...names].sort((a, b) => askedAt(a) - askedAt(b)).slice(0, NAMESPACES_A_ROUND);
    const next = async (): Promise<void> => {
      for (let name = due.shift(); name !== undefined; name = due.shift()) {
        const allowed = await this.#may({ ...to('create', routingOverrides), namespace: name });
        this.#answers.set(name, { at: now, allowed });
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, next));
  }

  #unasked(): readonly string[] {
    return this.#namespaces().filter((name) => !this.#answers.has(name));
  }

  async #may(attributes: AccessAttributes): Promise<boolean> {
    return (await this.#client.selfAccess(attributes)).allowed;
  }
}
