import { formatIPv4 } from './address.ts';
import { type Directory, DirectoryMemo } from './directory.ts';
import { type Edge, EdgeTable } from './edges.ts';
import { type FlowRow, IP_PROTOCOL, STATUS, TCP_STATE } from './flow-row.ts';
import { FlowTable, NONE } from './flow-table.ts';

/** What the ledger remembers of a flow, as bits of `FlowTable.flags`. */
const OLDER = 1; // was there before us: its counters are our base, it was never `opened`
const MOVED = 2; // bytes moved in the dump that showed it last
const REPLIED = 4; // the backend has answered
const UNCOUNTED = 8; // the kernel keeps no counters for it
const MISSING = 16; // the last complete dump did not show it

/** An edge without flows whose figures rest for so long is forgotten; its totals are final. */
const FORGET_AFTER_MS = 5 * 60_000;

export interface LedgerOptions {
  readonly directory: Directory;
  /** Edges kept apart before further clients are summed as "other". */
  readonly maxEdges?: number;
}

/**
 * Turns dumps of one node's conntrack table into totals per edge. For each dump: `begin`, `add` for every row, `end`.
 *
 * What counts: entries with status DST_NAT whose original destination is a service port. A connection is translated on
 * exactly one node, the one where it enters the cluster's routing (the client pod's node, or the node that an outside
 * client spoke to), so the sum over all nodes has each connection once. The backend's node sees it untranslated.
 *
 * How it counts: identity is CTA_ID + tuple; what a flow adds is now − last. A new identity, a smaller counter or a TCP
 * connection that begins again is a new flow. Flows of the first complete dump are older than we are: what they carried
 * so far is the base, they count as open but not as opened. Flows that end between two dumps add nothing more; TIME_WAIT
 * (120 s) and CLOSE (10 s) let a dump see their final numbers. Service port and client are those of the first sight,
 * because a Service may vanish and a pod's address may be reused while the flow lives on.
 *
 * What is open: TCP is `moving` (established, bytes since the previous dump), `idle` (established, none) or `closing`
 * (after the first FIN, before the last ACK). TIME_WAIT and CLOSE are in no class: both sides are through, and whoever
 * waits for the open ones to go must not wait for the kernel's memory of them. Neither are half-open ones: they are
 * opened, and become established, refused, or unanswered when the SYN's entry expires (after 120 s). UDP and SCTP are moving or idle until the entry expires.
 * A flow without counters counts as moving, since nobody can say that it is quiet.
 *
 * A resize of the kernel's hash table during a dump may hide or double rows, without a sign of it. So a doubled row adds
 * what moved in between, and a flow is let go only after two complete dumps without it.
 */
export class FlowLedger {
  readonly edges: EdgeTable;
  /** Number of dumps begun; `Edge.revision` refers to it. */
  revision = 0;
  /** Flows of the last dump without byte counters. */
  withoutCounters = 0;

  readonly #flows = new FlowTable();
  readonly #memo: DirectoryMemo;
  #at = 0;
  /** A complete dump has been seen: whatever is new from now on began under our eyes. */
  #settled = false;
  #open = new Map<Edge, OpenFlows>();

  constructor({ directory, maxEdges = 50_000 }: LedgerOptions) {
    this.#memo = new DirectoryMemo(directory);
    this.edges = new EdgeTable(maxEdges);
  }

  /** Flows remembered: those of the last dump, and those that it missed for the first time. */
  get flows(): number {
    return this.#flows.size;
  }

  /** @param at time of the dump, Unix ms */
  begin(at: number): void {
    this.#at = at;
    this.revision += 1;
    this.#memo.forget();
  }

  /** One row of the dump; the row is read, not kept. */
  add(row: FlowRow): void {
    if (!(row.status & STATUS.destinationNat)) return;
    let slot = this.#flows.find(row);
    if (slot !== NONE && this.#begunAgain(slot, row)) {
      this.#letGo(slot);
      slot = NONE;
    }
    if (slot === NONE) slot = this.#enter(row);
    else if (!this.#flows.edge[slot]) this.#attribute(slot, row);
    this.#account(slot, row);
  }

  /**
   * One connection that was refused since the last dump; call it between `begin` and `end`. No dump shows one: the kernel
   * destroys an entry at once when the first answer is a RST (`tcp_packet` in nf_conntrack_proto_tcp.c). `row` has its
   * final counters.
   */
  refuse(row: FlowRow): void {
    if (!(row.status & STATUS.destinationNat) || !this.#settled) return;
    let slot = this.#flows.find(row);
    if (slot === NONE) slot = this.#enter(row);
    // It is not there any more: to be over, and not to die unanswered.
    this.#account(slot, { ...row, tcpState: TCP_STATE.close });
    const edge = this.#flows.edge[slot];
    if (edge && !this.#is(slot, OLDER)) {
      edge.refused += 1;
      this.#touch(edge);
    }
    this.#letGo(slot);
  }

  /** @param complete false when the dump failed or was interrupted: rows it lacks are then no proof of anything. */
  end(complete: boolean): void {
    const flows = this.#flows;
    this.withoutCounters = 0;
    this.#open = new Map();
    for (let slot = 0; slot < flows.top; slot += 1) {
      const seen = flows.seen[slot] as number;
      if (seen === 0) continue;
      if (seen !== this.revision && complete) {
        if (this.#is(slot, MISSING)) this.#letGo(slot);
        else this.#set(slot, MISSING);
      }
      if (flows.seen[slot] !== 0 && !this.#is(slot, MISSING)) this.#classify(slot);
    }
    this.#settled ||= complete;
    this.#publish();
  }

  #enter(row: FlowRow): number {
    const flows = this.#flows;
    const slot = flows.insert(row);
    if (!this.#settled) {
      flows.flags[slot] = OLDER;
      this.#remember(slot, row);
    }
    this.#attribute(slot, row);
    return slot;
  }

  /** Binds the flow to its edge. Until the directory knows its destination it has none, and adds up unseen. */
  #attribute(slot: number, row: FlowRow): void {
    const servicePort = this.#memo.servicePort(row);
    if (servicePort === undefined) return;
    const backend = `${formatIPv4(row.replySource)}:${row.replySourcePort}`;
    const edge = this.edges.intern(this.#memo.client(row.source), servicePort, backend, this.#at);
    this.#flows.edge[slot] = edge;
    edge.flows += 1;
    if (!this.#is(slot, OLDER)) edge.opened += 1;
    this.#touch(edge);
  }

  #account(slot: number, row: FlowRow): void {
    const flows = this.#flows;
    if (flows.seen[slot] !== this.revision) flows.flags[slot] = (flows.flags[slot] as number) & ~(MOVED | MISSING);
    flows.seen[slot] = this.revision;
    flows.tcpState[slot] = row.tcpState;
    if (row.status & STATUS.seenReply) this.#set(slot, REPLIED);
    if (!row.hasCounters) this.#set(slot, UNCOUNTED);
    const edge = flows.edge[slot];
    if (!edge) return;

    const packetsToBackend = row.originalPackets - (flows.originalPackets[slot] as number);
    const bytesToBackend = row.originalBytes - (flows.originalBytes[slot] as number);
    const packetsToClient = row.replyPackets - (flows.replyPackets[slot] as number);
    const bytesToClient = row.replyBytes - (flows.replyBytes[slot] as number);
    if (packetsToBackend + bytesToBackend + packetsToClient + bytesToClient > 0) {
      edge.packetsToBackend += packetsToBackend;
      edge.bytesToBackend += bytesToBackend;
      edge.packetsToClient += packetsToClient;
      edge.bytesToClient += bytesToClient;
      this.#set(slot, MOVED);
      this.#remember(slot, row);
      this.#touch(edge);
    }
  }

  /**
   * The same identity for another connection: the kernel reuses memory, and CTA_ID is made of its address and the tuple.
   * Seen by counters that fell, or by life in a connection that was over (the kernel never revives an entry). One that
   * ended and was overtaken in both between two dumps cannot be told from its predecessor.
   */
  #begunAgain(slot: number, row: FlowRow): boolean {
    const flows = this.#flows;
    return (
      row.originalPackets < (flows.originalPackets[slot] as number) ||
      row.originalBytes < (flows.originalBytes[slot] as number) ||
      row.replyPackets < (flows.replyPackets[slot] as number) ||
      row.replyBytes < (flows.replyBytes[slot] as number) ||
      (isOver(flows.tcpState[slot] as number) && !isOver(row.tcpState))
    );
  }

  #letGo(slot: number): void {
    const flows = this.#flows;
    const edge = flows.edge[slot];
    if (edge) {
      edge.flows -= 1;
      if (this.#diedUnanswered(slot)) {
        edge.unanswered += 1;
        this.#touch(edge);
      }
    }
    flows.release(slot);
  }

  /** TCP only: many UDP protocols never answer. */
  #diedUnanswered(slot: number): boolean {
    return (
      this.#flows.protocol[slot] === IP_PROTOCOL.tcp &&
      this.#flows.tcpState[slot] === TCP_STATE.synSent &&
      !this.#is(slot, REPLIED | OLDER)
    );
  }

  #classify(slot: number): void {
    const flows = this.#flows;
    if (this.#is(slot, UNCOUNTED)) this.withoutCounters += 1;
    const edge = flows.edge[slot];
    if (!edge) return;
    const open = this.#openOf(edge);
    const tcp = flows.protocol[slot] === IP_PROTOCOL.tcp;
    const state = flows.tcpState[slot] as number;
    if (!tcp || state === TCP_STATE.established) {
      if (this.#is(slot, MOVED | UNCOUNTED)) open.moving += 1;
      else open.idle += 1;
    } else if (state >= TCP_STATE.finWait && state <= TCP_STATE.lastAck) open.closing += 1;
  }

  #openOf(edge: Edge): OpenFlows {
    let open = this.#open.get(edge);
    if (!open) {
      open = { moving: 0, idle: 0, closing: 0 };
      this.#open.set(edge, open);
    }
    return open;
  }

  /** Writes what is open now into the edges, and forgets those that have long been over. */
  #publish(): void {
    for (const edge of this.edges.values()) {
      const { moving, idle, closing } = this.#open.get(edge) ?? NOTHING_OPEN;
      if (edge.moving !== moving || edge.idle !== idle || edge.closing !== closing) {
        edge.moving = moving;
        edge.idle = idle;
        edge.closing = closing;
        this.#touch(edge);
      }
      if (edge.flows === 0 && this.#at - edge.changedAt > FORGET_AFTER_MS) this.edges.delete(edge);
    }
  }

  #remember(slot: number, row: FlowRow): void {
    const flows = this.#flows;
    flows.originalPackets[slot] = row.originalPackets;
    flows.originalBytes[slot] = row.originalBytes;
    flows.replyPackets[slot] = row.replyPackets;
    flows.replyBytes[slot] = row.replyBytes;
  }

  #touch(edge: Edge): void {
    edge.revision = this.revision;
    edge.changedAt = this.#at;
  }

  #is(slot: number, flags: number): boolean {
    return ((this.#flows.flags[slot] as number) & flags) !== 0;
  }

  #set(slot: number, flag: number): void {
    this.#flows.flags[slot] = (this.#flows.flags[slot] as number) | flag;
  }
}

interface OpenFlows {
  moving: number;
  idle: number;
  closing: number;
}

const isOver = (tcpState: number): boolean => tcpState === TCP_STATE.timeWait || tcpState === TCP_STATE.close;

const NOTHING_OPEN: OpenFlows = { moving: 0, idle: 0, closing: 0 };
