import fc from 'fast-check';
import { type FlowRow, TCP_STATE } from '../src/index.ts';
import { flow } from './flows.ts';

/** What happens in the kernel between two dumps, and how the dump goes. `pick` names a live flow, modulo their number. */
export type Happening =
  | { readonly op: 'open'; readonly client: number; readonly service: number; readonly backend: number }
  | { readonly op: 'move'; readonly pick: number; readonly bytes: number }
  | { readonly op: 'close'; readonly pick: number }
  | { readonly op: 'over'; readonly pick: number }
  | { readonly op: 'end'; readonly pick: number }
  | { readonly op: 'again'; readonly pick: number };

export interface Step {
  readonly happenings: readonly Happening[];
  readonly complete: boolean;
  /** An incomplete dump shows only every n-th row; any dump shows the first row twice. */
  readonly every: number;
  readonly frameLost: boolean;
  readonly afterMs: number;
}

const pick = fc.nat(1000);
const happening: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ op: fc.constant('open'), client: fc.nat(3), service: fc.nat(2), backend: fc.nat(2) }),
  },
  { weight: 4, arbitrary: fc.record({ op: fc.constant('move'), pick, bytes: fc.integer({ min: 1, max: 2 ** 40 }) }) },
  fc.record({ op: fc.constant('close'), pick }),
  fc.record({ op: fc.constant('over'), pick }),
  { weight: 2, arbitrary: fc.record({ op: fc.constant('end'), pick }) },
  fc.record({ op: fc.constant('again'), pick }),
);
export const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    happenings: fc.array(happening, { maxLength: 6 }),
    complete: fc.nat(3).map((n) => n > 0),
    every: fc.integer({ min: 1, max: 3 }),
    frameLost: fc.boolean(),
    afterMs: fc.constantFrom(1000, 1000, 400_000),
  }),
  { maxLength: 25 },
);

/** One connection as the truth has it: what it carried, and what a dump has shown of it. */
interface Connection {
  readonly key: string;
  readonly row: FlowRow;
  readonly successor: boolean;
  older: boolean;
  shown: boolean;
  base: number;
  lastShown: number;
  lastShownState: number;
}

/** A conntrack table and, beside it, the truth about its connections, kept in the plainest way: nothing is ever dropped. */
export class TableModel {
  readonly #live: Connection[] = [];
  readonly #all: Connection[] = [];
  #opened = 0;
  #settled = false;

  happen(happening: Happening): void {
    if (happening.op === 'open') {
      this.#begin(happening.client, happening.service, happening.backend);
      return;
    }
    const index = happening.pick % Math.max(1, this.#live.length);
    const connection = this.#live[index];
    if (!connection) return;
    const { row } = connection;
    if (happening.op === 'move') {
      row.originalPackets += 1;
      row.originalBytes += happening.bytes;
    } else if (happening.op === 'close') row.tcpState = Math.max(row.tcpState, TCP_STATE.finWait);
    else if (happening.op === 'over') {
      // A successor that is over before a dump shows it cannot be told from its predecessor.
      if (connection.shown || !connection.successor) row.tcpState = TCP_STATE.timeWait;
    } else if (happening.op === 'end') this.#live.splice(index, 1);
    else if (connection.lastShownState === TCP_STATE.timeWait) {
      this.#live.splice(index, 1);
      this.#sameIdentity(connection);
    }
  }

  /** Rows of a dump; `every` > 1 leaves rows out. The first comes twice, as after a restart of a hash bucket. */
  dump({ complete, every }: Step): FlowRow[] {
    const shown = this.#live.filter((_, index) => complete || index % every === 0);
    for (const connection of shown) {
      if (!connection.shown) {
        connection.older = !this.#settled;
        connection.base = connection.older ? connection.row.originalBytes : 0;
      }
      connection.shown = true;
      connection.lastShown = connection.row.originalBytes;
      connection.lastShownState = connection.row.tcpState;
    }
    this.#settled ||= complete;
    const rows = shown.map(({ row }) => ({ ...row }));
    return rows.length > 0 ? [...rows, rows[0] as FlowRow] : rows;
  }

  /** Per edge [opened, bytes to the backend] as it must be after the dumps so far. */
  truth(): Map<string, [opened: number, bytes: number]> {
    const totals = new Map<string, [number, number]>();
    for (const { key, shown, older, base, lastShown } of this.#all) {
      if (!shown) continue;
      const [opened, bytes] = totals.get(key) ?? [0, 0];
      totals.set(key, [opened + (older ? 0 : 1), bytes + lastShown - base]);
    }
    return totals;
  }

  /** Per edge [open, closing] of the table as it is now. */
  open(): Map<string, [open: number, closing: number]> {
    const counts = new Map<string, [number, number]>();
    for (const { key, row } of this.#live) {
      if (row.tcpState === TCP_STATE.timeWait) continue;
      const [open, closing] = counts.get(key) ?? [0, 0];
      counts.set(key, row.tcpState === TCP_STATE.established ? [open + 1, closing] : [open, closing + 1]);
    }
    return counts;
  }

  #begin(client: number, service: number, backend: number): void {
    this.#opened += 1;
    this.#add(
      `outside ${client} service-${service} backend-${backend}`,
      flow({
        // Few ids, so that flows meet in one.
        id: this.#opened % 5,
        source: client,
        sourcePort: this.#opened,
        destination: service,
        replySource: backend,
        originalPackets: 1,
        originalBytes: 60,
      }),
    );
  }

  /** The kernel gives memory and identity of a connection that is over to the next one of the same tuple. */
  #sameIdentity({ key, row }: Connection): void {
    this.#add(key, { ...row, tcpState: TCP_STATE.established, originalPackets: 0, originalBytes: 0 }, true);
  }

  #add(key: string, row: FlowRow, successor = false): void {
    const connection = { key, row, successor, older: false, shown: false, base: 0, lastShown: 0, lastShownState: 0 };
    this.#live.push(connection);
    this.#all.push(connection);
  }
}
