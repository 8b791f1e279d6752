import type { SteerAnswer, SteerRequest } from '@kubecity/protocol';

/** What is known of the wanted request. */
export interface PreviewState {
  readonly asking: boolean;
  /** The last answer, while the next is awaited. */
  readonly answer?: SteerAnswer;
  /** The key of the request that was answered; undefined when that answer counts no longer. */
  readonly of?: string;
}

interface Wanted {
  /** Requests with the same key have the same answer. */
  readonly key: string;
  readonly request: SteerRequest;
}

/** Undefined when the connection was lost before the hub's answer: that is no answer. */
type Ask = (request: SteerRequest) => Promise<SteerAnswer | undefined>;

/**
 * Asks what a request would do. One question at a time: while one is under way only the newest request waits. Each is asked
 * once, and again when the connection over which it was answered is gone.
 */
export class Previewing {
  readonly #ask: Ask;
  readonly #tell: (state: PreviewState) => void;
  #wanted: Wanted | undefined;
  #state: PreviewState = { asking: false };

  constructor(ask: Ask, tell: (state: PreviewState) => void) {
    this.#ask = ask;
    this.#tell = tell;
  }

  /** Without a request nothing is asked. */
  want(wanted: Wanted | undefined): void {
    this.#wanted = wanted;
  }

  /** Asks what is wanted, unless it is known or under way. Never rejects. */
  async begin(): Promise<void> {
    if (this.#state.asking) return;
    for (let next = this.#unknown(); next; next = this.#unknown()) {
      this.#become({ ...this.#state, asking: true });
      const { key, request } = next;
      const answer = await this.#ask({ ...request, dryRun: true });
      if (!answer) break;
      this.#become({ asking: true, answer, of: key });
    }
    this.#become({ ...this.#state, asking: false });
  }

  /** The connection is gone: who knows what has changed when it is back. */
  forget(): void {
    this.#wanted = undefined;
    this.#become({ ...this.#state, of: undefined });
  }

  #unknown(): Wanted | undefined {
    return this.#wanted?.key === this.#state.of ? undefined : this.#wanted;
  }

  #become(state: PreviewState): void {
    this.#state = state;
    this.#tell(state);
  }
}
