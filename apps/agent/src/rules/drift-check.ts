import type { GenerationSource } from '@kubecity/netlink';
import type { Logger } from 'pino';

/** A check of all rules may take this part of the time, no more. */
const CHECK_SHARE = 1 / 20;

/**
 * Whether the kernel may hold something other than what we left. nf_tables counts its transactions: as long as the number
 * is the one after our own last write, nobody has touched a rule, and one small message tells so. Otherwise, or where the
 * kernel does not count (iptables-legacy), all rules have to be read, which is paced by what it cost the last time.
 */
export class DriftCheck {
  readonly #generation: GenerationSource | undefined;
  readonly #now: () => number;
  readonly #log: Pick<Logger, 'warn'>;
  /** After our own last write, if nobody else wrote meanwhile. */
  #expected: number | undefined;
  #before: number | undefined;
  #earliest = 0;
  /** Transactions of others of us that are under way: what is read meanwhile may count them or not. */
  #underWay = 0;
  #ended = 0;

  /** @param generation absent where the kernel does not count */
  constructor(generation: GenerationSource | undefined, now: () => number, log: Pick<Logger, 'warn'>) {
    this.#generation = generation;
    this.#now = now;
    this.#log = log;
  }

  /** To be asked now and then: whether the next sync should compare with the whole kernel. */
  async isDue(): Promise<boolean> {
    if (this.#underWay > 0 || (await this.isUntouched())) return false;
    return this.#now() >= this.#earliest;
  }

  /** Nobody has touched a rule since our own last write, as far as the kernel counts. */
  async isUntouched(): Promise<boolean> {
    return this.#expected !== undefined && (await this.#read()) === this.#expected;
  }

  /** Another of us begins to write; `written` follows, also when that failed. */
  writing(): void {
    this.#underWay += 1;
  }

  /** The other one has written. */
  written(commits: number): void {
    this.#underWay -= 1;
    this.#ended += 1;
    this.wrote(commits);
  }

  /** So many transactions were our own, besides those of syncs. */
  wrote(commits: number): void {
    if (this.#expected !== undefined) this.#expected += commits;
    if (this.#before !== undefined) this.#before += commits;
  }

  async beforeSync(): Promise<void> {
    this.#before = await this.#read();
  }

  /**
   * @param commits our own transactions in this sync
   * @param whole all rules of all families were compared
   * @param milliseconds what the sync took
   */
  async afterSync(commits: number, whole: boolean, milliseconds: number): Promise<void> {
    if (whole) this.#earliest = this.#now() + milliseconds / CHECK_SHARE;
    const undisturbed = whole || this.#before === this.#expected;
    const now = await this.#read();
    const onlyUs = now !== undefined && this.#before !== undefined && now === this.#before + commits;
    this.#expected = onlyUs && undisturbed ? now : undefined;
  }

  async #read(): Promise<number | undefined> {
    const ended = this.#ended;
    try {
      const generation = await this.#generation?.read();
      return this.#underWay > 0 || ended !== this.#ended ? undefined : generation;
    } catch (error) {
      this.#log.warn({ err: error }, 'the generation of nf_tables cannot be read; all rules are compared instead');
      return undefined;
    }
  }
}
