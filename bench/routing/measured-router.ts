import type { RouterFigures } from '../../apps/agent/testing/router-figures.ts';
import { type RouterCommand, RouterProcess } from '../../apps/agent/testing/router-process.ts';
import { peakOf } from '../peak-memory.ts';

/** Where both programs tell their metrics unless told otherwise. */
export const METRICS = '127.0.0.1:10249';
const POLL_MS = 200;

/** A program whose syncs are noted one by one, as its metrics tell them. One family, as the objects of the bench. */
export class MeasuredRouter {
  /** Unix milliseconds; `rules`: how many there were after it. */
  readonly syncs: { start: number; end: number; rules: number }[] = [];
  readonly #process: RouterProcess;
  /** Of all syncs noted so far. */
  #noted: Pick<RouterFigures, 'syncs' | 'seconds'> = { syncs: 0, seconds: 0 };

  constructor(command: RouterCommand) {
    const heard = (figures: RouterFigures) => this.#note(figures);
    this.#process = new RouterProcess(command, { metrics: METRICS, everyMs: POLL_MS, without: 'IPv6', heard });
  }

  get pid(): number {
    return this.#process.pid as number;
  }

  /** VmHWM, bytes. */
  peakMemory(): number {
    return peakOf(this.pid).bytes;
  }

  stop(): Promise<void> {
    return this.#process.stop('SIGKILL');
  }

  /**
   * All that changed until `moment` (Unix milliseconds) is in the kernel.
   * @throws Error when the program ends, or needs longer than `timeoutMs`
   */
  reached(moment: number, timeoutMs: number): Promise<void> {
    return this.#process.reached(({ queued, pending }) => {
      const asked = queued * 1000;
      return asked >= moment && pending === 0 && this.#startedAfter(asked);
    }, timeoutMs);
  }

  /** The duration of a sync covers what it does after it has noted its end, so its start seems a little too early. */
  #startedAfter(asked: number): boolean {
    const sync = this.syncs.at(-1);
    return sync !== undefined && sync.start + 20 + (sync.end - sync.start) / 20 >= asked;
  }

  /** The end of a sync is told before its duration, so a reading may fall between them. */
  #note({ syncs, seconds, ended, rules }: RouterFigures): void {
    const end = ended * 1000;
    if (syncs <= this.#noted.syncs) return;
    if (end > (this.syncs.at(-1)?.end ?? 0)) {
      const each = ((seconds - this.#noted.seconds) * 1000) / (syncs - this.#noted.syncs);
      this.syncs.push({ start: end - each, end, rules });
    }
    this.#noted = { syncs, seconds };
  }
}
