import type { DirectoryChange } from '@kubecity/conntrack';
import type { AgentAnswer, AgentQuestion, EdgeFrame, Interest, TableFigures } from '@kubecity/protocol';
import type { CutOrder } from '../draining/cut-order.ts';
import type { CutNews } from '../draining/flow-cutter.ts';
import type { Pace } from './period.ts';

/** The agent ↔ its accounting process. Plain data that survives JSON: what is undefined arrives as absent. */
export type ToAccounting =
  /** Comes first, once, after a `directory` with everything that is known. */
  | { readonly kind: 'begin'; readonly settings: AccountingSettings }
  | { readonly kind: 'directory'; readonly changes: readonly DirectoryChange[] }
  /** A hub listens: tell it everything. Frames carry the number of the link they are meant for. */
  | { readonly kind: 'link'; readonly link: number; readonly interest: Interest }
  /** Nobody listens any more. */
  | { readonly kind: 'unlink' }
  | { readonly kind: 'interest'; readonly interest: Interest }
  | { readonly kind: 'resync' }
  /** The hub has used a frame of this link. */
  | { readonly kind: 'taken'; readonly link: number }
  | { readonly kind: 'ask'; readonly id: number; readonly question: AccountingQuestion }
  /** All orders there are: which connections of draining backends are to be ended. */
  | { readonly kind: 'cut'; readonly orders: readonly CutOrder[] }
  | { readonly kind: 'stop' };

export type FromAccounting =
  | { readonly kind: 'frame'; readonly link: number; readonly frame: EdgeFrame }
  | { readonly kind: 'totals'; readonly totals: AccountingTotals }
  | { readonly kind: 'answer'; readonly id: number; readonly answer: AccountingAnswer }
  | { readonly kind: 'ended'; readonly news: CutNews }
  | AccountingNews;

/** For the log. */
export interface AccountingNews {
  readonly kind: 'news';
  readonly level: 'info' | 'warn';
  readonly message: string;
  readonly about: Readonly<Record<string, string | number>>;
}

export interface AccountingSettings extends Pace {
  readonly node: string;
  /** Connections past every Service, too; without them the kernel is asked for translated ones only. */
  readonly direct: boolean;
  /** Of the process before this one, which died: what it lost is told with ours. */
  readonly losses: { readonly dumps: number; readonly events: number };
}

/** A connection as table filter sees its first packet: with the client's own address, and behind DNAT. */
export type OpenAttempt = readonly [from: string, to: string, protocol: 'TCP' | 'UDP' | 'SCTP', port: number];

/** What the hub may ask of the ledger, what a scrape asks, and what isolation asks of the kernel's table. */
export type AccountingQuestion =
  | Extract<AgentQuestion, { kind: 'flows' | 'endFlows' }>
  | { readonly kind: 'servicePorts' }
  /** What is open from or to one of these addresses, each attempt once. */
  | { readonly kind: 'attempts'; readonly addresses: readonly string[] }
  /** Ends all connections that came of these. */
  | { readonly kind: 'endAttempts'; readonly attempts: readonly OpenAttempt[]; readonly perSecond: number };

export type AccountingAnswer = Exclude<AgentAnswer, { kind: 'rules' | 'explain' | 'preview' }> | OwnAnswer;

export interface OpenAttempts {
  readonly kind: 'attempts';
  readonly attempts: readonly OpenAttempt[];
  /** Otherwise the table changed while it was read, and some may be missing. */
  readonly whole: boolean;
  /** Processor time that it took to read them, milliseconds. */
  readonly cpuMs: number;
}

/** What the agent asks for itself: no business of the hub's. */
export type OwnAnswer =
  | { readonly kind: 'servicePorts'; readonly servicePorts: readonly ServicePortTotals[] }
  | OpenAttempts
  | { readonly kind: 'endAttempts'; readonly ended: number; readonly left: number };

/** Sums over the edges of one service port, since the epoch; then what is open. */
export interface ServicePortTotals {
  /** Key of a service port, `direct` for connections past every Service, `other` for those beyond the bound. */
  readonly servicePort: string;
  readonly opened: number;
  readonly refused: number;
  readonly unanswered: number;
  readonly packetsToBackend: number;
  readonly bytesToBackend: number;
  readonly packetsToClient: number;
  readonly bytesToClient: number;
  readonly moving: number;
  readonly idle: number;
  readonly closing: number;
  readonly waiting: number;
}

/** After each dump. */
export interface AccountingTotals {
  /** Unix ms of the last dump. */
  readonly at: number;
  readonly dumps: number;
  readonly edges: number;
  readonly flows: number;
  readonly table: TableFigures;
  /** Rows and messages since the start that could not be read, or were no answer to us. */
  readonly malformed: number;
  /** Resident memory of the process, and its CPU time so far. */
  readonly residentBytes: number;
  readonly cpuMilliseconds: number;
}
