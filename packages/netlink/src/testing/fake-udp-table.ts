import type { UdpEntry, UdpFlow } from '@kubecity/conntrack';
import type { Family } from '@kubecity/routing';
import { conntrackErrors as errors, type NetlinkErrorCode } from '../errors.ts';
import type { UdpSelection, UdpTable } from '../udp-table.ts';

/** UDP entries for tests, with the manners and errors of the real table. */
export class FakeUdpTable implements UdpTable {
  /** What is in the table; may be changed between operations. An entry is known by its `identity` object. */
  readonly entries: Record<Family, UdpEntry[]> = { IPv4: [], IPv6: [] };
  /** Families that were looked at, in order, those that failed included. */
  readonly selections: Family[] = [];

  #closed = false;
  #failures: NetlinkErrorCode[] = [];
  #interruptions = 0;
  #held: Promise<void> | undefined;

  add(family: Family, flow: UdpFlow): UdpEntry {
    const entry = { ...flow, identity: new Uint8Array(4) };
    this.entries[family].push(entry);
    return entry;
  }

  /** The next selections fail with these codes, one each. */
  failNext(...codes: NetlinkErrorCode[]): void {
    this.#failures.push(...codes);
  }

  /** So many of the next selections end as interrupted, every attempt spent. */
  interruptNext(count = 1): void {
    this.#interruptions += count;
  }

  /** Selections have looked at the entries, but do not return until the returned function is called. */
  hold(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#held = promise;
    return () => {
      this.#held = undefined;
      resolve();
    };
  }

  async select(family: Family, wanted: (flow: UdpFlow) => boolean): Promise<UdpSelection> {
    this.#refuseClosed('dump');
    this.selections.push(family);
    const all = this.entries[family];
    const entries = all.filter((entry) => wanted(entry));
    await this.#held;
    this.#refuseClosed('dump');
    const failure = this.#failures.shift();
    if (failure) throw errors.of('dump', failure, `made to fail: ${failure}`);
    const interrupted = this.#interruptions > 0;
    if (interrupted) this.#interruptions -= 1;
    return { entries, seen: all.length, interrupted };
  }

  async delete(family: Family, entries: readonly UdpEntry[]): Promise<{ deleted: number; gone: number }> {
    this.#refuseClosed('delete');
    const doomed = new Set(entries.map(({ identity }) => identity));
    const before = this.entries[family];
    const left = before.filter(({ identity }) => !doomed.has(identity));
    this.entries[family] = left;
    const deleted = before.length - left.length;
    return { deleted, gone: entries.length - deleted };
  }

  close(): void {
    this.#closed = true;
  }

  #refuseClosed(operation: 'dump' | 'delete'): void {
    if (this.#closed) throw errors.closed(operation);
  }
}
