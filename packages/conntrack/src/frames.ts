import type { EdgeFrame, EdgeRow } from '@kubecity/protocol';
import type { Edge } from './edges.ts';
import type { FlowLedger } from './ledger.ts';

/** The figures of the table itself, which the ledger does not know. */
export type TableFigures = Omit<EdgeFrame['table'], 'withoutCounters'>;

/**
 * The stream of frames to one receiver: what it has been told, and the next frame that brings it up to date. A frame may
 * be asked for between dumps, never during one. A receiver that missed a frame sees a gap in `seq`; after `resync` the
 * next frame tells everything again.
 */
export class EdgeFrames {
  readonly #ledger: FlowLedger;
  readonly #defined = new Set<number>();
  #sentRevision = 0;
  #seq = 0;
  #reset = true;

  constructor(ledger: FlowLedger) {
    this.#ledger = ledger;
  }

  resync(): void {
    this.#reset = true;
  }

  /** @param at time of the dump that the frame tells of, Unix ms */
  next(at: number, table: TableFigures): EdgeFrame {
    const reset = this.#reset;
    if (reset) {
      this.#reset = false;
      this.#defined.clear();
      this.#sentRevision = 0;
    }
    const frame: EdgeFrame = {
      seq: reset ? 0 : this.#seq + 1,
      reset,
      at,
      define: [],
      rows: [],
      forget: [],
      table: { ...table, withoutCounters: this.#ledger.withoutCounters },
    };
    this.#changes(frame);
    this.#seq = frame.seq;
    this.#sentRevision = this.#ledger.revision;
    return frame;
  }

  #changes(frame: EdgeFrame): void {
    const { edges } = this.#ledger;
    for (const id of this.#defined) {
      if (edges.has(id)) continue;
      this.#defined.delete(id);
      frame.forget.push(id);
    }
    for (const edge of edges.values()) {
      const isNew = !this.#defined.has(edge.id);
      if (isNew) {
        this.#defined.add(edge.id);
        const { client, servicePort, backend } = edge;
        frame.define.push([edge.id, { client, servicePort, backend }]);
      }
      if (isNew || edge.revision > this.#sentRevision) frame.rows.push(rowOf(edge));
    }
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
];
