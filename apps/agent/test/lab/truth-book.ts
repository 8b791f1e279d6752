import type { EdgeKey } from '@kubecity/protocol';
import { flowKey, type KernelFlow } from './kernel-flows.ts';
import { clientText, NOTHING, sum, type Totals } from './told-edges.ts';
import type { MadeConnection } from './traffic.ts';
import type { Addresses } from './two-nodes.ts';

/** What the test knows of connections before any agent tells of them. */
export interface Meaning {
  readonly client: EdgeKey['client'];
  /** `''`: straight to the pod. */
  readonly servicePort: string;
  /** The node whose table has the connection as the client sent it. */
  readonly entry: string;
  /** The pod that nobody heard an answer from; otherwise the answer says who it was. */
  readonly backend?: string;
}

/** What the test knows of a pod by its name. */
export type FindPod = (name: string) => { readonly addresses: Addresses; readonly uid: string };

type Kernel = ReadonlyMap<string, readonly KernelFlow[]>;

interface Entry {
  made: MadeConnection;
  readonly meaning: Meaning;
  readonly pod: string;
  /** What the kernel had counted when the agents began; undefined: they saw it from its first packet. */
  base: KernelFlow | undefined;
}

/**
 * The other account of the same traffic: which connections there were, from the programs that made them; what they carried,
 * from the kernel's own tool. Nothing of it comes from the agents' code.
 */
export class TruthBook {
  readonly #entries = new Map<string, Entry>();
  readonly #find: FindPod;

  constructor(find: FindPod) {
    this.#find = find;
  }

  /** A connection is written down once; later reports of it bring its payload up to date. */
  write(made: readonly MadeConnection[], meaning?: Meaning): void {
    for (const each of made) {
      const known = this.#entries.get(keyOf(each));
      if (known) known.made = each;
      else this.#begin(each, meaning);
    }
  }

  /** As an agent sees it that begins now: what is over is none of its, what is open has a base. */
  beginAgain(node: string, kernel: Kernel, live: readonly KernelFlow[]): void {
    const open = new Set(live.map(({ key }) => key));
    for (const [key, entry] of this.#entries) {
      if (entry.meaning.entry !== node) continue;
      if (open.has(key)) entry.base = kernel.get(key)?.[0];
      else this.#entries.delete(key);
    }
  }

  /** Connections that some agent must have seen begin. */
  get opened(): number {
    return [...this.#entries.values()].filter(({ base }) => !base).length;
  }

  /**
   * Totals per edge of what entered at `node`.
   * @throws Error when its kernel knows a connection not once, or counted less than the programs sent
   */
  totals(node: string, kernel: Kernel): Record<string, Totals> {
    const sums: Record<string, Totals> = {};
    for (const entry of this.#of(node)) {
      const [flow, ...more] = kernel.get(keyOf(entry.made)) ?? [];
      if (!flow || more.length > 0) {
        throw new Error(`${node} has ${keyOf(entry.made)} ${more.length + (flow ? 1 : 0)} times`);
      }
      requirePayload(entry.made, flow);
      const name = this.#edge(entry, flow);
      sums[name] = sum(sums[name] ?? NOTHING, totalsOf(entry, flow));
    }
    return Object.fromEntries(Object.entries(sums).filter(([, totals]) => Object.values(totals).some((n) => n > 0)));
  }

  /** What is open per edge of what entered at `node`, by the states in its table. */
  classes(node: string, live: readonly KernelFlow[]): Record<string, OpenClasses> {
    const flows = new Map(live.map((flow) => [flow.key, flow]));
    const sums: Record<string, OpenClasses> = {};
    for (const entry of this.#of(node)) {
      const flow = flows.get(keyOf(entry.made));
      const state = flow && classOf(flow);
      if (!flow || !state) continue;
      const name = this.#edge(entry, flow);
      sums[name] = sum(sums[name] ?? NONE_OPEN, { ...NONE_OPEN, [state]: 1 });
    }
    return sums;
  }

  #begin(made: MadeConnection, meaning: Meaning | undefined): void {
    const pod = made.server || meaning?.backend;
    if (!meaning) throw new Error(`${keyOf(made)} was never written down`);
    if (pod === undefined) throw new Error(`nobody says where ${keyOf(made)} went: ${made.outcome}`);
    this.#entries.set(keyOf(made), { made, meaning, pod, base: undefined });
  }

  #of(node: string): Entry[] {
    return [...this.#entries.values()].filter(({ meaning }) => meaning.entry === node);
  }

  /** The address and port are the kernel's, the pod is the one that answered: they must agree. */
  #edge({ made, meaning, pod }: Entry, { replySource, replySourcePort }: KernelFlow): string {
    const { addresses, uid } = this.#find(pod);
    const family = made.to.includes(':') ? 6 : 4;
    if (addresses[family] !== replySource) throw new Error(`${keyOf(made)} went to ${replySource}, not to ${pod}`);
    const socket = `${family === 6 ? `[${replySource}]` : replySource}:${replySourcePort}`;
    return `${clientText(meaning.client)} > ${meaning.servicePort || 'direct'} > ${socket} (${uid})`;
  }
}

/** `open`: established, or a UDP flow; whether it moves is not in the table. */
export interface OpenClasses {
  readonly open: number;
  readonly closing: number;
  readonly waiting: number;
}

const NONE_OPEN: OpenClasses = { open: 0, closing: 0, waiting: 0 };
const CLOSING = new Set(['FIN_WAIT', 'CLOSE_WAIT', 'LAST_ACK']);
const WAITING = new Set(['SYN_SENT', 'SYN_RECV', 'SYN_SENT2']);

export function classOf({ protocol, state = '' }: KernelFlow): keyof OpenClasses | undefined {
  if (protocol !== 'tcp' || state === 'ESTABLISHED') return 'open';
  if (CLOSING.has(state)) return 'closing';
  return WAITING.has(state) ? 'waiting' : undefined;
}

const keyOf = ({ protocol, from, fromPort, to, toPort }: MadeConnection) =>
  flowKey(protocol, from, fromPort, to, toPort);

const totalsOf = ({ made: { outcome }, base }: Entry, flow: KernelFlow): Totals => ({
  opened: base ? 0 : 1,
  refused: outcome === 'ECONNREFUSED' ? 1 : 0,
  unanswered: outcome === 'unanswered' ? 1 : 0,
  packetsToBackend: flow.packetsToBackend - (base?.packetsToBackend ?? 0),
  bytesToBackend: flow.bytesToBackend - (base?.bytesToBackend ?? 0),
  packetsToClient: flow.packetsToClient - (base?.packetsToClient ?? 0),
  bytesToClient: flow.bytesToClient - (base?.bytesToClient ?? 0),
});

/** The kernel's figures are headers and payload. UDP has 8 bytes of header a packet, TCP at least 20, and repeats itself. */
function requirePayload(made: MadeConnection, flow: KernelFlow): void {
  if (!flow.counted) return;
  const ip = made.to.includes(':') ? 40 : 20;
  for (const [payload, packets, bytes] of [
    [made.sent, flow.packetsToBackend, flow.bytesToBackend],
    [made.received, flow.packetsToClient, flow.bytesToClient],
  ] as const) {
    const least = payload + packets * (ip + (made.protocol === 'udp' ? 8 : 20));
    const sound = made.protocol === 'udp' ? bytes === least : bytes >= least;
    if (!sound) throw new Error(`${keyOf(made)} carried ${payload} bytes of payload, the kernel counts ${bytes}`);
  }
}
