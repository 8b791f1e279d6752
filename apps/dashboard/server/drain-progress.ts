/** The fall is judged over so long. */
const WINDOW_MILLISECONDS = 60_000;
/** One sample in so long: thirty of a drain. */
const SAMPLE_MILLISECONDS = 2000;
/** A shorter fall says too little. */
const LEAST_MILLISECONDS = 4000;

interface Sample {
  readonly at: number;
  readonly open: number;
}

/** How the open connections of each drain fell over the last minute. Times are Unix ms. */
export class DrainProgress {
  readonly #samples = new Map<string, Sample[]>();

  /** @param open undefined: not all of them are known, so nothing can be judged */
  note(uid: string, now: number, open: number | undefined): void {
    const samples = this.#samples.get(uid) ?? [];
    const last = samples.at(-1);
    if (open === undefined || (last && now < last.at)) samples.length = 0;
    if (open !== undefined && (!samples.at(-1) || now - (samples.at(-1)?.at ?? 0) >= SAMPLE_MILLISECONDS)) {
      samples.push({ at: now, open });
    }
    while (samples[0] && samples[0].at < now - WINDOW_MILLISECONDS) samples.shift();
    this.#samples.set(uid, samples);
  }

  /** Unix ms at which nothing will be left if it falls as it did; undefined where it does not fall. */
  doneAt(uid: string): number | undefined {
    const samples = this.#samples.get(uid) ?? [];
    const [first, last] = [samples[0], samples.at(-1)];
    if (!first || !last || last.at - first.at < LEAST_MILLISECONDS || last.open >= first.open) return undefined;
    const perMillisecond = (first.open - last.open) / (last.at - first.at);
    return Math.round(last.at + last.open / perMillisecond);
  }

  /** Keeps those only. */
  keep(uids: ReadonlySet<string>): void {
    for (const uid of this.#samples.keys()) if (!uids.has(uid)) this.#samples.delete(uid);
  }
}
