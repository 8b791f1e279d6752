import type { Table } from '@kubecity/ruleset';
import type { RestoreText } from './restore-text.ts';

/** A chain as the kernel holds it at this moment, with what its rules have matched since they were written. */
export interface CountedChain {
  readonly chain: string;
  readonly rules: readonly CountedRule[];
}

export interface CountedRule {
  /** As after `-A CHAIN`. */
  readonly rule: string;
  readonly packets: number;
  readonly bytes: number;
}

/** The only door to the kernel's rules, one family. */
export interface Netfilter {
  /** One table, or all there are, as iptables-save prints them. All at once costs iptables-nft no more than one. */
  save(table?: Table): Promise<string>;
  /**
   * The named chains as `iptables -S` prints them: `-N CHAIN`, then its rules. A chain that is not there is left out.
   * Costs a few milliseconds a chain, however large the table is (iptables-nft).
   */
  list(table: Table, chains: Iterable<string>): Promise<string>;
  /**
   * The named chains with the counters of their rules, in that order; one that is not there is left out. Costs what `list` does,
   * and for many chains what one `save` of the table does.
   */
  listCounted(table: Table, chains: Iterable<string>): Promise<CountedChain[]>;
  /**
   * Applies a restore text without flushing what it does not name; each table in it is atomic.
   * @returns how many transactions that took: each moves the kernel's generation of nf_tables by one
   */
  restore(text: RestoreText): Promise<number>;
}

/** Whether a set has a member: an address, `10.244.1.5,tcp:80` and what else sets of its kind hold. */
export type InSet = readonly [set: string, member: string];

/** The only door to the kernel's address sets. Names are the caller's, of both families. */
export interface Ipset {
  /** Names of all sets of this network namespace. */
  list(): Promise<string[]>;
  /** All sets with their members, as `ipset save` prints them. */
  save(): Promise<string>;
  /**
   * Lines of `ipset restore`. Not atomic: what stands before a line that fails has been done.
   * @returns how many transactions of nf_tables that took; ipset itself takes none
   */
  restore(text: string): Promise<number>;
  /**
   * Which of these are so now, as `SET MEMBER`. A set that is not there holds nobody, and one of ranges all that lies in them.
   * One call of the tool, however many.
   */
  holding(asked: Iterable<InSet>): Promise<ReadonlySet<string>>;
}
