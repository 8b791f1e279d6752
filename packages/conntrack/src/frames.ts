import { type EdgeFrame, type EdgeRow, type Interest, SLOW_EDGES_MS, type TableFigures } from '@kubecity/protocol';
import type { Edge } from './edge.ts';
import type { FlowLedger, LedgerFigures } from './ledger.ts';

/** The figures of the table itself, which the ledger does not know. */
export type KernelFigures = Omit<TableFigures, keyof LedgerFigures>;

/**
 * The stream of frames to one receiver: what it has been told, and the next frame that brings it up to date. A frame may
 * be asked for between dumps, never during one. A receiver that missed a frame sees a gap in `seq`; after `resync` the
 * next frame tells everything again, whoever looks.
 *
 * Edges of Services that are looked at are told in every frame, if they changed; the others, and new ones among them, when
 * `SLOW_EDGES_MS` have passed (by the times of the dumps) since all were told. Edges past every Service are of no Service:
 * they are looked at with `all` only.
 */
export class EdgeFrames {
  readonly #ledger: FlowLedger;
  /** The edges that the receiver knows: id → dump up to which it was told them. */
  readonly #told = new Map<number, number>();
  /** Every edge was told as of this dump, and its time. */
  #allTold = 0;
  #allToldAt = 0;
  #forgotten = 0;
  #seq = 0;
  #reset = true;

  constructor(ledger: FlowLedger) {
    this.#ledger = ledger;
  }

  resync(): void {
    this.#reset = true;
  }

  /** @param at time of the dump that the frame tells of, Unix ms */
  next(at: number, table: KernelFigures, interest: Interest): EdgeFrame {
    const reset = this.#reset;
    if (reset) this.#told.clear();
    this.#reset = false;
    this.#seq = reset ? 0 : this.#seq + 1;
    const frame: EdgeFrame = {
      seq: this.#seq,
      reset,
      at,
      define: [],
      rows: [],
      forget: this.#forget(),
      table: { ...table, ...this.#ledger.figures },
    };
    // A clock that was set back must not silence anybody.
    const all = reset || interest.services === 'all' || Math.abs(at - this.#allToldAt) >= SLOW_EDGES_MS;
    const looked = new Set(all ? [] : interest.services);
    // What is past every Service is of none that could be looked at.
    looked.delete('');
    for (const edge of this.#ledger.edges.values()) {
      if ((reset || edge.revision > this.#allTold) && (all || looked.has(edge.service))) this.#tell(edge, frame);
    }
    if (all) {
      this.#allTold = this.#ledger.revision;
      this.#allToldAt = at;
    }
    return frame;
  }

  #tell(edge: Edge, frame: EdgeFrame): void {
    const told = this.#told.get(edge.id);
    if (told === undefined) {
      const { id, client, servicePort, backend, pod } = edge;
      frame.define.push([id, { client, servicePort, backend, ...(pod && { pod }) }]);
    } else if (told >= edge.revision) return;
    this.#told.set(edge.id, edge.revision);
    frame.rows.push(rowOf(edge));
  }

  #forget(): number[] {
    const { edges } = this.#ledger;
    if (this.#forgotten === edges.forgotten) return [];
    this.#forgotten = edges.forgotten;
    const gone = [...this.#told.keys()].filter((id) => !edges.has(id));
    for (const id of gone) this.#told.delete(id);
    return gone;
  }
}

const rowOf = (edge: Edge): EdgeRow => [
  edge.id,
  edge.opened,
  edge.refused,
  edge.unanswered,
  edge.packetsToBackend,
  edge.bytesToBackend,
  edge.packetsToClient,
  edge.bytesToClient,
  edge.moving,
  edge.idle,
  edge.closing,
  edge.waiting,
  edge.uncounted,
];
