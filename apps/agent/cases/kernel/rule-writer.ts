import type { PacketCase } from '../packet-case.ts';
import type { Programming, Remembered } from '../programming.ts';

/** Who writes the rules that the lab's packets meet. */
export interface RuleWriter {
  /** For people, in front of each line of results. */
  readonly name: string;
  /** The kernel holds the rules of this case and of no other; returns what the reader should know. */
  write(each: PacketCase, programming: Programming): Promise<string[]>;
  /** Session affinity remembers exactly these clients. */
  remember(clients: readonly Remembered[]): Promise<void>;
  /** Nothing of it is left in the kernel. */
  close(): Promise<void>;
}
