import { AttributeCursor } from './attributes.ts';
import { netfilterMessage } from './header.ts';
import { forEachMessage, viewOf } from './messages.ts';
import {
  CT_GET_STATS,
  CT_GET_STATS_CPU,
  CTA_STATS,
  CTA_STATS_GLOBAL,
  NFGEN_HEADER,
  NLM_F_ACK,
  NLM_F_DUMP,
  NLM_F_REQUEST,
} from './wire.ts';

/** Health of the connection table; the last three since the network namespace exists, summed over all CPUs. */
export interface TableStats {
  readonly entries: number;
  /** Absent = no limit. */
  readonly max?: number;
  /** Entries that could not be inserted, mostly because two packets of one connection raced. */
  readonly insertFailed: number;
  /** Packets dropped because there was no entry to be had: the table is full, or no memory. */
  readonly dropped: number;
  /** Entries thrown out before their time because the table was full. */
  readonly earlyDropped: number;
}

/** IPCTNL_MSG_CT_GET_STATS: one message about the table, then an acknowledgement. */
export const encodeTableStatsRequest = (sequence: number): Uint8Array =>
  netfilterMessage(CT_GET_STATS, NLM_F_REQUEST | NLM_F_ACK, sequence, 0).finish();

/** IPCTNL_MSG_CT_GET_STATS_CPU as a dump: one message a CPU. */
export const encodeCpuStatsRequest = (sequence: number): Uint8Array =>
  netfilterMessage(CT_GET_STATS_CPU, NLM_F_REQUEST | NLM_F_DUMP, sequence, 0).finish();

/** Adds up the answers to both requests. */
export class TableStatsReader {
  #entries: number | undefined;
  #max = 0;
  #insertFailed = 0;
  #dropped = 0;
  #earlyDropped = 0;
  /** Messages that cannot be read. */
  malformed = 0;
  readonly #cursor = new AttributeCursor();

  read(bytes: Uint8Array): void {
    const view = viewOf(bytes);
    const whole = forEachMessage(view, (type, _flags, _sequence, start, end) => {
      const isTable = type === CT_GET_STATS;
      if (!isTable && type !== CT_GET_STATS_CPU) return;
      const cursor = this.#cursor;
      cursor.open(view, start + NFGEN_HEADER, end);
      while (cursor.next()) isTable ? this.#table(cursor) : this.#cpu(cursor);
      if (cursor.broken) this.malformed += 1;
    });
    if (!whole) this.malformed += 1;
  }

  /** Undefined while no kernel has told how many entries there are. */
  get stats(): TableStats | undefined {
    if (this.#entries === undefined) return undefined;
    return {
      entries: this.#entries,
      ...(this.#max > 0 ? { max: this.#max } : {}),
      insertFailed: this.#insertFailed,
      dropped: this.#dropped,
      earlyDropped: this.#earlyDropped,
    };
  }

  #table(cursor: AttributeCursor): void {
    if (cursor.type === CTA_STATS_GLOBAL.entries) this.#entries = cursor.u32();
    else if (cursor.type === CTA_STATS_GLOBAL.max) this.#max = cursor.u32();
  }

  #cpu(cursor: AttributeCursor): void {
    if (cursor.type === CTA_STATS.insertFailed) this.#insertFailed += cursor.u32();
    else if (cursor.type === CTA_STATS.drop) this.#dropped += cursor.u32();
    else if (cursor.type === CTA_STATS.earlyDrop) this.#earlyDropped += cursor.u32();
  }
}
