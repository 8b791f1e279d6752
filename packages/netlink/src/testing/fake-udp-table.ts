import type { UdpEntry, UdpFlow } from '@kubecity/conntrack';
import type { Family } from '@kubecity/routing';
import type { Deletion } from '../deletion.ts';
import type { UdpSelection, UdpTable } from '../udp-table.ts';
import { FakeDumps } from './fake-dumps.ts';

/** UDP entries for tests, with the manners and errors of the real table. A held selection has looked at the entries. */
export class FakeUdpTable extends FakeDumps implements UdpTable {
  /** What is in the table; may be changed between operations. An entry is known by its `identity` object. */
  readonly entries: Record<Family, UdpEntry[]> = { IPv4: [], IPv6: [] };
  /** Families that were looked at, in order, those that failed included. */
  readonly selections: Family[] = [];

  add(family: Family, flow: UdpFlow): UdpEntry {
    const entry = { ...flow, identity: new Uint8Array(4) };
    this.entries[family].push(entry);
    return entry;
  }

  async select(family: Family, wanted: (flow: UdpFlow) => boolean): Promise<UdpSelection> {
    this.refuseClosed('dump');
    this.selections.push(family);
    const all = this.entries[family];
    const entries = all.filter((entry) => wanted(entry));
    const failure = await this.passed();
    if (failure) throw failure;
    return { entries, seen: all.length, interrupted: this.isInterrupted() };
  }

  async delete(doomed: readonly UdpEntry[]): Promise<Deletion> {
    this.refuseClosed('delete');
    const identities = new Set(doomed.map(({ identity }) => identity));
    let deleted = 0;
    for (const family of ['IPv4', 'IPv6'] as const) {
      const before = this.entries[family];
      this.entries[family] = before.filter(({ identity }) => !identities.has(identity));
      deleted += before.length - this.entries[family].length;
    }
    return { deleted, missing: doomed.length - deleted };
  }
}
