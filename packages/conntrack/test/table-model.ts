import fc from 'fast-check';
import { type DirectoryChange, type FlowRow, TCP_STATE } from '../src/index.ts';
import { podChange, podGone, serviceChange } from './city.ts';
import { flow } from './flows.ts';

/** What happens in the kernel between two dumps, and how the dump goes. `pick` names a live flow, modulo their number. */
export type Happening =
  | {
      readonly op: 'open';
      readonly client: number;
      readonly service: number;
      readonly backend: number;
      readonly six: boolean;
    }
  | { readonly op: 'move'; readonly pick: number; readonly bytes: number }
  | { readonly op: 'close'; readonly pick: number }
  | { readonly op: 'over'; readonly pick: number }
  | { readonly op: 'reset'; readonly pick: number }
  | { readonly op: 'end'; readonly pick: number }
  | { readonly op: 'again'; readonly pick: number }
  /** The addresses of a client go to another pod. */
  | { readonly op: 'passOn'; readonly client: number };

export interface Step {
  readonly happenings: readonly Happening[];
  readonly complete: boolean;
  /** An incomplete dump shows only every n-th row; any dump shows the first row twice. */
  readonly every: number;
  readonly frameLost: boolean;
  readonly interest: 'all' | readonly string[];
  readonly afterMs: number;
}

const pick = fc.nat(1000);
const happening: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      op: fc.constant('open'),
      client: fc.nat(3),
      service: fc.nat(2),
      backend: fc.nat(2),
      six: fc.boolean(),
    }),
  },
  { weight: 4, arbitrary: fc.record({ op: fc.constant('move'), pick, bytes: fc.integer({ min: 1, max: 2 ** 40 }) }) },
  fc.record({ op: fc.constant('close'), pick }),
  fc.record({ op: fc.constant('over'), pick }),
  fc.record({ op: fc.constant('reset'), pick }),
  { weight: 2, arbitrary: fc.record({ op: fc.constant('end'), pick }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('again'), pick }) },
  fc.record({ op: fc.constant('passOn'), client: fc.nat(1) }),
);
export const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    happenings: fc.array(happening, { maxLength: 6 }),
    complete: fc.nat(3).map((n) => n > 0),
    every: fc.integer({ min: 1, max: 3 }),
    frameLost: fc.nat(3).map((n) => n === 0),
    interest: fc.constantFrom<Step['interest'][]>('all', [], ['shop/s1'], ['shop/s0', 'shop/s2', 'shop/s9']),
    afterMs: fc.constantFrom(1000, 1000, 1000, 6000, 400_000),
  }),
  { maxLength: 25 },
);

/** One connection as the truth has it: what it carried, and what a dump has shown of it. */
interface Connection {
  readonly client: number;
  readonly to: string;
  readonly row: FlowRow;
  /** Of those before it in the same identity. */
  readonly successor: boolean;
  /** Client → service → backend, as it was at the first sight. */
  key: string;
  older: boolean;
  shown: boolean;
  base: number;
  /** Connections that followed in the same entry: so far, and as far as dumps have shown. */
  revived: number;
  shownRevived: number;
  lastShown: number;
  lastShownState: number;
  shownFinishing: boolean;
}

const SERVICES = [0, 1, 2];
/** `1.0.2` → 10.1.0.2, fd00:1::2 */
const address = (host: string, six: boolean): string => {
  const [a, b, c] = host.split('.');
  return six ? `fd00:${a}:${b}::${c}` : `10.${host}`;
};

/**
 * A conntrack table of node-a and, beside it, the truth about its connections, kept in the plainest way: nothing is ever
 * dropped. Clients 0 and 1 are pods of this node, 2 and 3 are outside; each calls in both families, in two zones.
 */
export class TableModel {
  /** What the directory must be told before the next dump. */
  changes: DirectoryChange[] = [
    ...SERVICES.map((n) =>
      serviceChange(`shop/s${n}:x/TCP`, 80, [address(`96.0.${n}`, false), address(`96.0.${n}`, true)]),
    ),
    this.#podOf(0, 0),
    this.#podOf(1, 0),
  ];

  readonly #live: Connection[] = [];
  readonly #all: Connection[] = [];
  readonly #generation = [0, 0];
  #opened = 0;
  #settled = false;

  happen(happening: Happening): void {
    if (happening.op === 'open') {
      this.#begin(happening);
      return;
    }
    if (happening.op === 'passOn') {
      const { client } = happening;
      const generation = this.#generation[client] as number;
      this.#generation[client] = generation + 1;
      this.changes.push(podGone(`pod-${client}-${generation}`), this.#podOf(client, generation + 1));
      return;
    }
    const connection = this.#live[happening.pick % Math.max(1, this.#live.length)];
    if (connection) this.#change(connection, happening);
  }

  /** Rows of a dump; `every` > 1 leaves rows out. The first comes twice, as after a restart of a hash bucket. */
  dump({ complete, every }: Step): FlowRow[] {
    const shown = this.#live.filter((_, index) => complete || index % every === 0);
    for (const connection of shown) {
      const { row } = connection;
      if (!connection.shown) {
        connection.key = `${this.#clientName(connection.client, row.family === 6)} ${connection.to}`;
        connection.older = !this.#settled;
        connection.base = connection.older ? row.originalBytes : 0;
      }
      connection.shown = true;
      connection.lastShown = row.originalBytes;
      connection.lastShownState = row.tcpState;
      connection.shownRevived = connection.revived;
      connection.shownFinishing ||= isFinishing(row);
    }
    this.#settled ||= complete;
    const rows = shown.map(({ row }) => ({ ...row, words: row.words.slice() }));
    return rows.length > 0 ? [...rows, rows[0] as FlowRow] : rows;
  }

  /** Per edge [opened, bytes to the backend] as it must be after the dumps so far. */
  truth(): Map<string, [opened: number, bytes: number]> {
    const totals = new Map<string, [number, number]>();
    for (const { key, shown, older, base, lastShown, shownRevived } of this.#all) {
      if (!shown) continue;
      const [opened, bytes] = totals.get(key) ?? [0, 0];
      totals.set(key, [opened + (older ? 0 : 1) + shownRevived, bytes + lastShown - base]);
    }
    return totals;
  }

  /** Per edge [open, closing] of the table as it is now; every connection has been shown. */
  open(): Map<string, [open: number, closing: number]> {
    const counts = new Map<string, [number, number]>();
    for (const { key, row } of this.#live) {
      if (row.tcpState >= TCP_STATE.timeWait) continue;
      const [open, closing] = counts.get(key) ?? [0, 0];
      counts.set(key, row.tcpState === TCP_STATE.established ? [open + 1, closing] : [open, closing + 1]);
    }
    return counts;
  }

  #change(connection: Connection, happening: Exclude<Happening, { op: 'open' | 'passOn' }>): void {
    const { row } = connection;
    // One that is over before a dump shows it cannot be told from its predecessor in the same identity.
    const mayEnd = connection.revived === connection.shownRevived && (connection.shown || !connection.successor);
    switch (happening.op) {
      case 'move':
        row.originalPackets += 1;
        row.originalBytes += happening.bytes;
        break;
      case 'close':
        row.tcpState = Math.max(row.tcpState, TCP_STATE.finWait);
        break;
      case 'over':
        if (mayEnd && row.tcpState !== TCP_STATE.close) row.tcpState = TCP_STATE.timeWait;
        break;
      case 'reset':
        // Whether a FIN came before is known when a dump has shown it.
        if (mayEnd && (connection.shownFinishing || !isFinishing(row))) row.tcpState = TCP_STATE.close;
        break;
      case 'end':
        this.#live.splice(this.#live.indexOf(connection), 1);
        break;
      case 'again':
        this.#again(connection);
        break;
    }
  }

  #again(connection: Connection): void {
    const { row, lastShownState, shownFinishing, client, to } = connection;
    if (row.tcpState !== lastShownState || row.tcpState < TCP_STATE.timeWait) return;
    if (row.tcpState === TCP_STATE.close && !shownFinishing) {
      // After a RST of the server the kernel revives the entry.
      row.tcpState = TCP_STATE.established;
      connection.revived += 1;
      return;
    }
    // Else it gives memory and identity to another.
    this.#live.splice(this.#live.indexOf(connection), 1);
    const next = { ...row, words: row.words, tcpState: TCP_STATE.established, originalPackets: 0, originalBytes: 0 };
    this.#add(client, to, next, true);
  }

  #begin({ client, service, backend, six }: Extract<Happening, { op: 'open' }>): void {
    const n = this.#opened;
    this.#opened += 1;
    this.#add(
      client,
      `shop/s${service}:x/TCP ${backend + 1}`,
      flow({
        // Few ids, so that flows meet in one; and pairs that only their zone tells apart.
        id: (n >> 1) % 5,
        zone: n & 1,
        source: client < 2 ? address(`1.0.${client}`, six) : address(`${client}.0.1`, six),
        sourcePort: n >> 1,
        destination: address(`96.0.${service}`, six),
        replySource: address(`4.0.${backend + 1}`, six),
        originalPackets: 1,
        originalBytes: 60,
      }),
    );
  }

  #add(client: number, to: string, row: FlowRow, successor = false): void {
    const connection: Connection = {
      ...{ client, to, row, successor, key: '', older: false, shown: false, base: 0 },
      ...{ revived: 0, shownRevived: 0, lastShown: 0, lastShownState: 0, shownFinishing: false },
    };
    this.#live.push(connection);
    this.#all.push(connection);
  }

  #podOf(client: number, generation: number): DirectoryChange {
    const net = `1.0.${client}`;
    return podChange(`pod-${client}-${generation}`, 'node-a', [address(net, false), address(net, true)]);
  }

  #clientName(client: number, six: boolean): string {
    if (client < 2) return `pod-${client}-${this.#generation[client]}`;
    return six ? `fd00:${client}::/48` : `10.${client}.0.0/24`;
  }
}

const isFinishing = (row: FlowRow): boolean => row.tcpState >= TCP_STATE.finWait && row.tcpState <= TCP_STATE.timeWait;
