import type { Acknowledgement } from '@kubecity/protocol';

interface Account {
  /** Of agents that counted before this one. */
  before: number;
  last: number;
}

/** Connections that agents ended for each override: a new agent of a node counts from zero, the sum goes on. */
export class CutLedger {
  /** uid → node → account */
  readonly #accounts = new Map<string, Map<string, Account>>();

  take(node: string, acknowledged: readonly Acknowledgement[]): void {
    for (const { uid, cut } of acknowledged) {
      const nodes = this.#accounts.get(uid);
      const account = nodes?.get(node);
      const connections = cut?.connections ?? 0;
      if (account) {
        if (connections < account.last) account.before += account.last;
        account.last = connections;
      } else if (connections > 0) {
        if (nodes) nodes.set(node, { before: 0, last: connections });
        else this.#accounts.set(uid, new Map([[node, { before: 0, last: connections }]]));
      }
    }
  }

  sumOf(uid: string): number {
    let sum = 0;
    for (const { before, last } of this.#accounts.get(uid)?.values() ?? []) sum += before + last;
    return sum;
  }

  /** Keeps those only. */
  keep(uids: ReadonlySet<string>): void {
    for (const uid of this.#accounts.keys()) if (!uids.has(uid)) this.#accounts.delete(uid);
  }
}
