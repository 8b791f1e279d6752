import type { EdgeKey } from '@kubecity/protocol';

/** Flows summed over client → service port → backend. Totals since the ledger began; they never fall. */
export interface Edge extends EdgeKey {
  readonly id: number;
  /** `namespace/name` of the service port; `''` past every Service. */
  readonly service: string;
  /** It sums clients for which there was no room. */
  readonly folds: boolean;
  /** Absent when it sums backends, too. */
  readonly target: Target | undefined;
  opened: number;
  refused: number;
  unanswered: number;
  packetsToBackend: number;
  bytesToBackend: number;
  packetsToClient: number;
  bytesToClient: number;
  /** Open flows by what they do, as of the last dump. */
  moving: number;
  idle: number;
  closing: number;
  waiting: number;
  /** Of the open ones, those without counters. */
  uncounted: number;
  /** Flows in the kernel's table, those that are over but not gone yet included. */
  flows: number;
  /** Number of the dump that changed any figure above last, and its time (Unix ms). */
  revision: number;
  changedAt: number;
}

/** Where a flow goes. */
export interface Destination {
  readonly servicePort: string;
  /** Number of the backend's address. */
  readonly address: number;
  readonly port: number;
  readonly pod: EdgeKey['pod'];
}

/** One backend of one service port, with the edges that lead there. */
export interface Target extends Destination {
  /** `address:port` */
  readonly backend: string;
  /** By key of the client. */
  readonly edges: Map<string, Edge>;
}
