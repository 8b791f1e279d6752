import type { Party } from './party.ts';

/** The entry of a connection may outlive the pod: TIME_WAIT lasts 120 s. So long its address is known to have been its. */
export const KEPT_MS = 130_000;

interface Tenure {
  party: Party;
  /** Unix ms; infinite while it lasts. */
  until: number;
}

/**
 * Which pod holds, or lately held, which address (by its number in an `AddressTable`). An address that passes on belongs
 * to the younger pod from then on, even while the older one still claims it.
 */
export class Tenures {
  /** The oldest first. */
  readonly #byAddress = new Map<number, Tenure[]>();
  /** In order of `until`. */
  readonly #ended: { readonly address: number; readonly tenure: Tenure }[] = [];

  begin(address: number, party: Party, now: number): void {
    const tenures = this.#byAddress.get(address) ?? [];
    this.#close(address, tenures.at(-1), now);
    tenures.push({ party, until: Number.POSITIVE_INFINITY });
    this.#byAddress.set(address, tenures);
  }

  end(address: number, party: Party, now: number): void {
    const last = this.#byAddress.get(address)?.at(-1);
    if (last?.party.key === party.key) this.#close(address, last, now);
  }

  /** The same pod, of which more is known now. */
  renew(address: number, party: Party): void {
    const last = this.#byAddress.get(address)?.at(-1);
    if (last?.party.key === party.key) last.party = party;
  }

  /**
   * Whose a flow is that is seen at `now`. The holder is told to us later than it begins, and the end of the one before
   * mostly ahead of that: so a flow is the former holder's when it began (`startedAt`, Unix ms; 0 = not known) before
   * that one's end.
   */
  holder(address: number, now: number, startedAt: number): Party | undefined {
    const tenures = this.#byAddress.get(address);
    if (!tenures) return undefined;
    for (let n = tenures.length - 1; n >= 0; n -= 1) {
      const { party, until } = tenures[n] as Tenure;
      if (until <= now - KEPT_MS) return undefined;
      const former = tenures[n - 1];
      const isFormers = former && former.until > now - KEPT_MS && startedAt > 0 && startedAt < former.until;
      if (!isFormers) return party;
    }
    return undefined;
  }

  /** Forgets what ended long ago; `forgotten` is called with the address of each tenure. */
  purge(now: number, forgotten: (address: number) => void): void {
    let count = 0;
    for (const { address, tenure } of this.#ended) {
      if (tenure.until > now - KEPT_MS) break;
      count += 1;
      const left = (this.#byAddress.get(address) ?? []).filter((other) => other !== tenure);
      if (left.length > 0) this.#byAddress.set(address, left);
      else this.#byAddress.delete(address);
      forgotten(address);
    }
    this.#ended.splice(0, count);
  }

  #close(address: number, tenure: Tenure | undefined, now: number): void {
    if (!tenure || tenure.until !== Number.POSITIVE_INFINITY) return;
    tenure.until = now;
    this.#ended.push({ address, tenure });
  }
}
