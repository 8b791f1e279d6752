import type { Table } from '@kubecity/ruleset';

/** The only door to the kernel's rules. */
export interface Netfilter {
  /** One table as iptables-save prints it. */
  save(table: Table): Promise<string>;
  /** Applies a restore text without flushing what it does not name; each table in it is atomic. */
  restore(text: string): Promise<void>;
}
