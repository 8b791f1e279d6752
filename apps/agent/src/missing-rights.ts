import type { RulesReport } from '@kubecity/protocol';

/** What this node does without, by the plural of what may not be read. */
const WITHOUT: Readonly<Record<string, string>> = {
  namespaces: 'floors that are set on namespaces do not count here',
  routingoverrides: 'no override of a namespace acts here',
  clusterroutingoverrides: 'no override of the whole cluster acts here',
  networkpolicies: 'no NetworkPolicy is enforced anew here, and what was enforced before stays in force',
};

export interface MissingRightsOptions {
  readonly nodeName: string;
  /** Something may not be read; once until it may again. */
  readonly found: (plural: string, message: string) => void;
  readonly changed: () => void;
}

/** What the API server does not let this agent read. Routing goes on without some of it; the rest is waited for. */
export class MissingRights {
  readonly #options: MissingRightsOptions;
  readonly #missing = new Map<string, string>();

  constructor(options: MissingRightsOptions) {
    this.#options = options;
  }

  /** @param why the API server's words */
  refused(plural: string, why: string): void {
    if (this.#missing.has(plural)) return;
    const message = `${why}. ${this.#effect(plural)}: give the agent's ServiceAccount list and watch of ${plural}`;
    this.#missing.set(plural, message);
    this.#options.found(plural, message);
    this.#options.changed();
  }

  granted(plural: string): void {
    if (this.#missing.delete(plural)) this.#options.changed();
  }

  /** Why it may not be read, what follows, and what to do; undefined = it may. */
  of(plural: string): string | undefined {
    return this.#missing.get(plural);
  }

  /** Why this node cannot route; undefined = what is missing is no reason. */
  trouble(): string | undefined {
    const [, message] = [...this.#missing].find(([plural]) => !(plural in WITHOUT)) ?? [];
    return message;
  }

  /** The report, with what is missing among its problems. */
  addTo(report: RulesReport): RulesReport {
    if (this.#missing.size === 0) return report;
    const problems = [...this.#missing].map(([plural, message]) => ({
      kind: 'Node',
      namespace: '',
      name: this.#options.nodeName,
      field: `rights.${plural}`,
      message: message.slice(0, 1024),
    }));
    return { ...report, problems: [...problems, ...report.problems].slice(0, 1000) };
  }

  #effect(plural: string): string {
    return `Until that changes ${WITHOUT[plural] ?? 'this node waits with its rules, and what it has in the kernel stays'}`;
  }
}
