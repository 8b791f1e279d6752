import type { CityRecord, RefusedAttempt, RefusedAttempts } from '@kubecity/protocol';
import type { KubePod } from '@kubecity/routing';

type Refusal = CityRecord<'refusal'>;

/** Whose an address is, and which Service has it for a backend. */
export interface Names {
  readonly clientAt: (address: string, reporter: string) => Refusal['client'];
  readonly podAt: (address: string) => KubePod | undefined;
  readonly serviceAt: (address: string, port: number, protocol: string) => string | undefined;
}

/** After its last packet an attempt is told for so long. */
export const REFUSAL_MILLISECONDS = 60_000;
export const MOST_REFUSALS = 1000;
/** An attempt that goes on is told again when its last packet is this much newer: with many of them, more rarely. */
const NEWS = { few: 1000, many: 5000, manyFrom: 100 } as const;

interface Seen {
  readonly node: string;
  readonly row: RefusedAttempt;
  readonly firstAt: number;
  readonly lastAt: number;
}

/** What policies refused within the last minute, over all nodes; the oldest go first when there are too many. */
export class RefusalBook {
  readonly #names: Names;
  readonly #known = new Map<string, Seen>();
  readonly #told = new Map<string, Refusal>();
  /** Attempts that began since the start. */
  begun = 0;

  constructor(names: Names) {
    this.#names = names;
  }

  take(node: string, { at, rows }: RefusedAttempts, now: number): void {
    for (const row of rows) {
      // clocks of nodes may differ from ours: ages do not
      const age = Math.max(0, at - row.at);
      if (age >= REFUSAL_MILLISECONDS) continue;
      const id = `${row.from}|${row.to}|${row.protocol}|${row.port}|${row.direction}`;
      const before = this.#known.get(id);
      if (!before) this.begun += 1;
      const lastAt = Math.max(before?.lastAt ?? 0, now - age);
      // the freshest stands last
      this.#known.delete(id);
      this.#known.set(id, { node, row, firstAt: before?.firstAt ?? lastAt, lastAt });
    }
    this.#bound();
  }

  forgetNode(node: string): void {
    for (const [id, seen] of this.#known) if (seen.node === node) this.#known.delete(id);
  }

  /** What is to be shown at `now`. */
  records(now: number): ReadonlyMap<string, Refusal> {
    for (const [id, { lastAt }] of this.#known) {
      // a clock that was set back must not keep it for ever
      if (now - lastAt >= REFUSAL_MILLISECONDS || lastAt > now + REFUSAL_MILLISECONDS) this.#known.delete(id);
    }
    const news = this.#known.size > NEWS.manyFrom ? NEWS.many : NEWS.few;
    for (const id of this.#told.keys()) if (!this.#known.has(id)) this.#told.delete(id);
    for (const [id, seen] of this.#known) {
      const told = this.#told.get(id);
      if (!told || seen.lastAt - told.lastAt >= news) this.#told.set(id, this.#recordOf(seen));
    }
    return this.#told;
  }

  #recordOf({ node, row, firstAt, lastAt }: Seen): Refusal {
    const { to, port, protocol, direction, policies } = row;
    return {
      client: this.#names.clientAt(row.from, node),
      address: to,
      port,
      protocol,
      podUid: this.#names.podAt(to)?.metadata.uid,
      service: this.#names.serviceAt(to, port, protocol),
      direction,
      policies,
      firstAt,
      lastAt,
      node,
    };
  }

  #bound(): void {
    if (this.#known.size <= MOST_REFUSALS) return;
    const oldest = [...this.#known].sort(([, a], [, b]) => a.lastAt - b.lastAt);
    for (const [id] of oldest.slice(0, this.#known.size - MOST_REFUSALS)) this.#known.delete(id);
  }
}
