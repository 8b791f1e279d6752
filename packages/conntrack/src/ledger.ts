import type { FlowDetail, TableFigures } from '@kubecity/protocol';
import { Binding } from './binding.ts';
import type { Directory } from './directory.ts';
import { DumpTimes } from './dump-times.ts';
import type { Edge } from './edge.ts';
import { EdgeTable } from './edges.ts';
import { classOf, type OpenClass, OVER, reclass, sawEnd, WITHOUT_COUNTERS } from './flow-class.ts';
import { FLOW } from './flow-flags.ts';
import { type FlowQuery, FlowReader, type OpenFlow, type WantedFlow } from './flow-reader.ts';
import { type FlowRow, STATUS, TCP_STATE } from './flow-row.ts';
import { FlowTable, NONE } from './flow-table.ts';
import { addUp, diedUnanswered, NOTHING, remember } from './flow-traffic.ts';
import { isPickedUpBackwards } from './picked-up.ts';
import { REVIVED, SUCCESSOR, successionOf, ZEROED } from './succession.ts';

export interface LedgerOptions {
  readonly directory: Directory;
  /** Edges kept apart before further clients are summed as "other". */
  readonly maxEdges?: number;
}

/** What the ledger knows of the figures of the table: of the last dump, but for `endedUnseen`, which is a total. */
export type LedgerFigures = Pick<
  TableFigures,
  'withoutCounters' | 'endedUnseen' | 'elsewhere' | 'unexplained' | 'folded'
>;

/**
 * Turns dumps of one node's conntrack table into totals per edge. For each dump: `begin`, `add` for every row, `end`.
 *
 * What counts: see `attribute`. Every connection counts on one node of the cluster, so the sum over all nodes has each
 * once. Flows that are not ours are remembered, too: to whom a flow belongs is decided at its first sight (a little later
 * when news may come), because a Service may vanish and a pod's address be reused while the flow lives on. One whose
 * Service comes to be known later gets there with all that it carried since the ledger began.
 *
 * How it counts: identity is CTA_ID, zone and tuple; what a flow adds is now − last. A new identity, a smaller counter or a
 * TCP connection that begins again is a new flow (see `successionOf`). Flows of the first complete dump are older than we
 * are: what they carried so far is the base, they count as open but not as opened. Flows that end between two dumps add
 * nothing more; TIME_WAIT (120 s) and CLOSE (10 s) let a dump see their final numbers. Those that vanish before
 * (see `sawEnd`) count as `endedUnseen`.
 *
 * What is open: TCP is `moving` (established, bytes since the previous dump), `idle` (established, none), `closing` (after
 * the first FIN, before the last ACK) or `waiting` (before it is established; it becomes refused, or unanswered when the
 * entry of the SYN expires after 120 s). TIME_WAIT and CLOSE are in no class: both sides are through, and whoever waits
 * for the open ones to go must not wait for the kernel's memory of them. UDP and SCTP are moving or idle until the entry
 * expires. A flow without counters counts as moving, since nobody can say that it is quiet.
 *
 * A resize of the kernel's hash table during a dump may hide or double rows, without a sign of it. So a doubled row adds
 * what moved in between, and a flow is let go only after two complete dumps without it.
 */
export class FlowLedger {
  readonly edges: EdgeTable;
  /** Number of dumps begun; `Edge.revision` refers to it. */
  revision = 0;

  readonly #flows: FlowTable;
  readonly #binding: Binding;
  readonly #reader: FlowReader;
  readonly #times = new DumpTimes();
  #at = 0;
  /** A complete dump has been seen: whatever is new from now on began under our eyes. */
  #settled = false;
  #withoutCounters = 0;
  #endedUnseen = 0;
  #elsewhere = 0;
  #unexplained = 0;

  constructor({ directory, maxEdges = 50_000 }: LedgerOptions) {
    this.edges = new EdgeTable(maxEdges, directory.addresses);
    this.#flows = new FlowTable(directory.addresses);
    this.#binding = new Binding(directory, this.#flows, this.edges);
    this.#reader = new FlowReader(this.#flows, directory.addresses);
  }

  /** Flows remembered: those of the last dump, and those that it missed for the first time. */
  get flows(): number {
    return this.#flows.size;
  }

  get figures(): LedgerFigures {
    return {
      withoutCounters: this.#withoutCounters,
      endedUnseen: this.#endedUnseen,
      elsewhere: this.#elsewhere,
      unexplained: this.#unexplained,
      folded: this.edges.folded(),
    };
  }

  /** @param at time of the dump, Unix ms */
  begin(at: number): void {
    this.#at = at;
    this.revision += 1;
    this.#times.set(this.revision, at);
    this.#binding.begin(this.revision, at);
  }

  /** One row of the dump; the row is read, not kept. */
  add(row: FlowRow): void {
    this.#account(this.#slotOf(row), row, row.tcpState);
  }

  /**
   * One connection that was refused since the last dump; call it between `begin` and `end`. No dump shows one: the kernel
   * destroys an entry at once when the first answer is a RST (`tcp_packet` in nf_conntrack_proto_tcp.c). `row` has its
   * final counters.
   */
  refuse(row: FlowRow): void {
    if (!this.#settled) return;
    const slot = this.#slotOf(row);
    this.#bound(slot, this.#binding.last(slot));
    // It is not there any more: to be over, and not to die unanswered.
    this.#account(slot, row, TCP_STATE.close);
    const edge = this.#flows.edge[slot];
    if (edge && !this.#flows.is(slot, FLOW.older)) {
      edge.refused += 1;
      this.#touch(edge);
    }
    this.#letGo(slot);
  }

  /** @param complete false when the dump failed or was interrupted: rows it lacks are then no proof of anything. */
  end(complete: boolean): void {
    const flows = this.#flows;
    this.#withoutCounters = 0;
    this.#elsewhere = 0;
    this.#unexplained = 0;
    for (let slot = 0; slot < flows.top; slot += 1) {
      if (!flows.isLive(slot)) continue;
      if (complete && flows.seen[slot] !== this.revision) this.#missed(slot);
      else if (!flows.is(slot, FLOW.missing)) this.#figure(slot);
    }
    this.#settled ||= complete;
    this.edges.retire(this.#at);
  }

  /** Single connections of a service port, or of one backend, the busiest first; `total` tells how many there are. */
  details({ limit, ...query }: FlowQuery & { readonly limit: number }): { total: number; flows: FlowDetail[] } {
    return this.#reader.details(query, limit);
  }

  /** Names in the kernel, for `encodeDeleteBatch`, of the connections of one backend that are in one of the classes. */
  identities({ classes, ...query }: Required<FlowQuery> & { readonly classes: readonly OpenClass[] }): Uint8Array[] {
    return this.#reader.identities(query, classes);
  }

  /** Connections that are open (not closing) and that `wanted` says yes to; between dumps only. */
  openFlows(wanted: WantedFlow): OpenFlow[] {
    return this.#reader.openFlows(wanted, (revision) => this.#at - this.#times.of(revision));
  }

  #slotOf(row: FlowRow): number {
    const flows = this.#flows;
    const slot = flows.find(row);
    if (slot === NONE) return this.#enter(row);
    const succession = successionOf(flows, slot, row);
    if (succession === SUCCESSOR) {
      if (!this.#sawEnd(slot)) flows.mark(slot, FLOW.cut);
      this.#letGo(slot);
      return this.#enter(row);
    }
    if (succession === ZEROED) remember(this.#flows, slot, NOTHING);
    else if (succession === REVIVED) this.#revive(slot);
    if (!flows.edge[slot]) this.#bound(slot, this.#binding.again(slot, row.startedAt));
    return slot;
  }

  #enter(row: FlowRow): number {
    const flows = this.#flows;
    const slot = flows.insert(row);
    flows.since[slot] = this.#at;
    flows.movedIn[slot] = this.revision;
    flows.started[slot] = row.startedAt >>> 0;
    if (row.status & STATUS.destinationNat) flows.mark(slot, FLOW.translated);
    if (!this.#settled) {
      flows.mark(slot, FLOW.older);
      remember(flows, slot, row);
    }
    if (isPickedUpBackwards(row)) flows.mark(slot, FLOW.elsewhere);
    else this.#bound(slot, this.#binding.first(slot, row.startedAt));
    return slot;
  }

  /** The flow has its edge now, if there is one. Until then it adds up unseen. */
  #bound(slot: number, edge: Edge | undefined): void {
    if (!edge) return;
    edge.flows += 1;
    if (!this.#flows.is(slot, FLOW.older)) edge.opened += 1;
    this.#touch(edge);
  }

  /** Another connection has begun in the entry. */
  #revive(slot: number): void {
    const flows = this.#flows;
    flows.since[slot] = this.#at;
    flows.unmark(slot, FLOW.older);
    const edge = flows.edge[slot];
    if (!edge) return;
    edge.opened += 1;
    this.#touch(edge);
  }

  #account(slot: number, row: FlowRow, tcpState: number): void {
    const flows = this.#flows;
    let flags = flows.flags[slot] as number;
    if (flows.seen[slot] !== this.revision) flags &= ~(FLOW.moved | FLOW.missing | FLOW.cut);
    flows.seen[slot] = this.revision;
    flows.tcpState[slot] = tcpState;
    flows.timeout[slot] = row.timeout;
    if (row.status & STATUS.seenReply) flags |= FLOW.replied;
    if (!row.hasCounters) flags |= FLOW.uncounted;
    if (tcpState >= TCP_STATE.finWait && tcpState <= TCP_STATE.timeWait) flags |= FLOW.finishing;
    const edge = flows.edge[slot];
    if (edge && addUp(flows, slot, row, edge)) {
      flags |= FLOW.moved;
      flows.movedIn[slot] = this.revision;
      this.#touch(edge);
    }
    flows.flags[slot] = flags;
    if (!edge) return;
    const moved = (flags & (FLOW.moved | FLOW.uncounted)) !== 0;
    const flowClass = classOf(flows.protocolOf(slot), tcpState, moved);
    this.#reclass(slot, edge, flags & FLOW.uncounted && flowClass !== OVER ? flowClass | WITHOUT_COUNTERS : flowClass);
  }

  /** A complete dump did not show it: once may be a mistake of the dump. */
  #missed(slot: number): void {
    const flows = this.#flows;
    if (flows.is(slot, FLOW.missing)) {
      this.#letGo(slot);
      return;
    }
    flows.mark(slot, this.#sawEnd(slot) ? FLOW.missing : FLOW.missing | FLOW.cut);
    const edge = flows.edge[slot];
    if (edge) this.#reclass(slot, edge, OVER);
  }

  #letGo(slot: number): void {
    const flows = this.#flows;
    this.#bound(slot, this.#binding.last(slot));
    const edge = flows.edge[slot];
    if (edge) {
      this.#reclass(slot, edge, OVER);
      edge.flows -= 1;
      if (diedUnanswered(flows, slot)) {
        edge.unanswered += 1;
        this.#touch(edge);
      }
      if (flows.is(slot, FLOW.cut) && !flows.is(slot, FLOW.uncounted)) this.#endedUnseen += 1;
    }
    flows.release(slot);
  }

  #sawEnd(slot: number): boolean {
    const { seen, tcpState, timeout } = this.#flows;
    const passed = this.#at - this.#times.of(seen[slot] as number);
    return sawEnd(this.#flows.protocolOf(slot), tcpState[slot] as number, timeout[slot] as number, passed);
  }

  #figure(slot: number): void {
    const flows = this.#flows;
    if (flows.is(slot, FLOW.uncounted)) this.#withoutCounters += 1;
    if (flows.edge[slot]) return;
    this.#elsewhere += 1;
    if (flows.is(slot, FLOW.unexplained)) this.#unexplained += 1;
  }

  #reclass(slot: number, edge: Edge, to: number): void {
    const from = this.#flows.class[slot] as number;
    if (from === to) return;
    this.#flows.class[slot] = to;
    reclass(edge, from, to);
    this.#touch(edge);
  }

  #touch(edge: Edge): void {
    edge.revision = this.revision;
    edge.changedAt = this.#at;
  }
}
