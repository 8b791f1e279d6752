import type { FlowRow } from '@kubecity/conntrack';
import type { RefusalListener, RefusalWatch } from '@kubecity/netlink';

export interface RefusalInboxOptions {
  /** Starts the watch; without it nothing is ever refused. */
  readonly watch: ((listener: RefusalListener) => RefusalWatch) | undefined;
  readonly counts: (row: FlowRow) => boolean;
  /** Refused connections may have been missed, for the first time. */
  readonly missing: (reason: string) => void;
  /** Losses before our time. */
  readonly losses: number;
}

/** Refusals kept for the next dump at most; more than that in one period are counted as a loss. */
const MAX_REFUSALS = 100_000;

/** Refused connections, which no dump shows, from one dump to the next. */
export class RefusalInbox {
  readonly #watch: RefusalWatch | undefined;
  readonly #missing: (reason: string) => void;
  #rows: FlowRow[] = [];
  #losses: number;
  #told = false;

  constructor({ watch, counts, missing, losses }: RefusalInboxOptions) {
    this.#missing = missing;
    this.#losses = losses;
    this.#watch = watch?.({
      onRefusal: (row) => {
        if (!counts(row)) return;
        if (this.#rows.length < MAX_REFUSALS) this.#rows.push(row);
        else this.#lost(`more than ${MAX_REFUSALS} between two dumps`);
      },
      onLoss: (reason) => this.#lost(reason),
    });
  }

  /** Times at which some may have been missed. */
  get losses(): number {
    return this.#losses;
  }

  /** Those since the last call. */
  take(): readonly FlowRow[] {
    const rows = this.#rows;
    this.#rows = [];
    return rows;
  }

  close(): void {
    this.#watch?.close();
  }

  #lost(reason: string): void {
    this.#losses += 1;
    if (!this.#told) this.#missing(reason);
    this.#told = true;
  }
}
