import type { EdgeFrame, EdgeKey, EdgeRow } from '@kubecity/protocol';

/** What one frame added to an edge. */
export interface EdgeDelta {
  readonly opened: number;
  readonly refused: number;
  readonly unanswered: number;
  readonly packets: number;
  readonly bytesToBackend: number;
  readonly bytesToClient: number;
}

export interface LedgerEdge {
  readonly key: EdgeKey;
  /** Totals since the agent's epoch and what is open now, as in the protocol; the id counts for nothing. */
  readonly row: EdgeRow;
  /** Deltas of the frames within the rate window, oldest first. */
  readonly recent: readonly { readonly at: number; readonly delta: EdgeDelta }[];
}

export type FrameOutcome =
  | { readonly ok: true; readonly added: readonly { readonly key: EdgeKey; readonly delta: EdgeDelta }[] }
  /** The thread is lost (a gap, or an id nobody defined): ask for a reset; nothing was taken from this frame. */
  | { readonly ok: false; readonly why: string };

/** Rates are means over at least this long. */
const RATE_MILLISECONDS = 3000;
/** More edges than this on one node are refused, so that no agent can fill the hub's memory. */
export const MAX_EDGES = 200_000;

/** What one agent counted: totals by edge, and rates from the differences between its frames. */
export class AgentLedger {
  readonly edges = new Map<string, LedgerEdge>();
  table: EdgeFrame['table'] | undefined;
  readonly #names = new Map<number, { id: string; key: EdgeKey }>();
  #epoch: string | undefined;
  /** The epoch in whose totals `edges` are; differs from `#epoch` between a restart and its first frame. */
  #countedEpoch: string | undefined;
  #nextSeq: number | undefined;
  /** Times of the frames within the rate window and of the one just before it, oldest first. */
  #frames: number[] = [];

  /** A new connection: ids mean nothing until a frame with `reset`. */
  connected(epoch: string): void {
    this.#epoch = epoch;
    this.#nextSeq = undefined;
    this.#names.clear();
  }

  /** The node is gone from the cluster. Should its agent speak again, its totals begin a new account. */
  forget(): void {
    this.edges.clear();
    this.table = undefined;
    this.#countedEpoch = undefined;
    this.#nextSeq = undefined;
  }

  apply(frame: EdgeFrame): FrameOutcome {
    if (!frame.reset && frame.seq !== this.#nextSeq) {
      const why = this.#nextSeq === undefined ? 'no reset yet' : `frame ${frame.seq} instead of ${this.#nextSeq}`;
      this.#nextSeq = undefined;
      return { ok: false, why };
    }
    if (frame.reset) this.#names.clear();
    for (const [number, key] of frame.define) this.#names.set(number, { id: edgeIdOf(key), key });
    const nameless = frame.rows.find(([number]) => !this.#names.has(number));
    if (nameless || this.#names.size > MAX_EDGES) {
      this.#nextSeq = undefined;
      return { ok: false, why: nameless ? `edge ${nameless[0]} has no name` : `more than ${MAX_EDGES} edges` };
    }
    this.#nextSeq = frame.seq + 1;
    return { ok: true, added: this.#count(frame) };
  }

  /** Per second, over the frames of the last three seconds. */
  ratesOf(edge: LedgerEdge): EdgeDelta {
    const begin = this.#frames[0] ?? 0;
    const seconds = ((this.#frames.at(-1) ?? 0) - begin) / 1000;
    const total = { ...NOTHING };
    if (seconds <= 0) return total;
    for (const { at, delta } of edge.recent) if (at > begin) addTo(total, delta);
    for (const name of FIGURES) total[name] /= seconds;
    return total;
  }

  #count(frame: EdgeFrame): { key: EdgeKey; delta: EdgeDelta }[] {
    // totals of another epoch began at another zero: the first frame is only the new starting point
    const baseline = this.#countedEpoch !== this.#epoch;
    const before = new Map(baseline ? [] : this.edges);
    if (baseline) this.#frames = [];
    if (frame.reset) this.edges.clear();
    this.#countedEpoch = this.#epoch;
    this.#advance(frame.at);
    this.table = frame.table;

    const added: { key: EdgeKey; delta: EdgeDelta }[] = [];
    for (const row of frame.rows) {
      const name = this.#names.get(row[0]);
      if (!name) continue; // impossible: apply() looked
      const old = before.get(name.id);
      const delta = baseline ? NOTHING : difference(row, old?.row);
      const recent = [...(old?.recent ?? []).filter(({ at }) => at > (this.#frames[0] ?? 0)), { at: frame.at, delta }];
      this.edges.set(name.id, { key: name.key, row, recent });
      if (!baseline) added.push({ key: name.key, delta });
    }
    for (const number of frame.forget) {
      const name = this.#names.get(number);
      if (name) this.edges.delete(name.id);
      this.#names.delete(number);
    }
    return added;
  }

  #advance(at: number): void {
    // a clock that was set back would make negative times: begin a new window
    if (at <= (this.#frames.at(-1) ?? 0)) this.#frames = [];
    this.#frames.push(at);
    const first = this.#frames.findLastIndex((time) => time <= at - RATE_MILLISECONDS);
    if (first > 0) this.#frames.splice(0, first);
  }
}

const FIGURES = ['opened', 'refused', 'unanswered', 'packets', 'bytesToBackend', 'bytesToClient'] as const;
const NOTHING: EdgeDelta = { opened: 0, refused: 0, unanswered: 0, packets: 0, bytesToBackend: 0, bytesToClient: 0 };

export function addTo(sum: { -readonly [K in keyof EdgeDelta]: number }, more: EdgeDelta): void {
  for (const name of FIGURES) sum[name] += more[name];
}

function difference(now: EdgeRow, before: EdgeRow | undefined): EdgeDelta {
  // totals never fall within an epoch; should an agent break that, nothing is subtracted
  const grown = (i: 1 | 2 | 3 | 4 | 5 | 6 | 7) => Math.max(0, now[i] - (before?.[i] ?? 0));
  return {
    opened: grown(1),
    refused: grown(2),
    unanswered: grown(3),
    packets: grown(4) + grown(6),
    bytesToBackend: grown(5),
    bytesToClient: grown(7),
  };
}

export const backendIdOf = (key: { servicePort: string; backend: string }) => `${key.servicePort}|${key.backend}`;

export function clientIdOf({ client }: EdgeKey): string {
  if (client.kind === 'pod') return `pod:${client.uid}`;
  return client.kind === 'node' ? `node:${client.name}` : `outside:${client.address}`;
}

/** `<client id>><backend id>` */
export const edgeIdOf = (key: EdgeKey) => `${clientIdOf(key)}>${backendIdOf(key)}`;
