import type { Acknowledgement, CityRecord } from '@kubecity/protocol';
import type { KubeRoutingOverride, RoutingTable } from '@kubecity/routing';
import { backendId } from '@kubecity/steering';
import { CutLedger } from './cut-ledger.ts';
import { DrainProgress } from './drain-progress.ts';
import { type OverrideSurroundings, overrideRecord } from './override-records.ts';

/** What the book does not know itself. */
export type AroundOverrides = Omit<OverrideSurroundings, 'backendsOf' | 'cutOf' | 'doneAt'>;

/** What is to be remembered of overrides from one moment to the next, to tell how far they are. */
export class OverrideBook {
  readonly #progress = new DrainProgress();
  readonly #cuts = new CutLedger();
  /** Backend ids that have their weight from an override, by its uid. */
  #held: ReadonlyMap<string, readonly string[]> = new Map();

  /** What an agent says with each report. */
  heard(node: string, acknowledged: readonly Acknowledgement[]): void {
    this.#cuts.take(node, acknowledged);
  }

  /** The routes changed. */
  routed(table: RoutingTable): void {
    this.#held = heldBackends(table);
  }

  /** @param objectOf the object behind an outcome; without one there is no record */
  records(
    { outcomes }: RoutingTable,
    objectOf: (outcome: { namespace: string; name: string }) => KubeRoutingOverride | undefined,
    around: AroundOverrides,
  ): ReadonlyMap<string, CityRecord<'override'>> {
    const surroundings = {
      ...around,
      backendsOf: (uid: string) => this.#held.get(uid) ?? [],
      cutOf: (uid: string) => this.#cuts.sumOf(uid),
      doneAt: (uid: string) => this.#progress.doneAt(uid),
    };
    const records = new Map<string, CityRecord<'override'>>();
    for (const outcome of outcomes) {
      const object = objectOf(outcome);
      if (!object) continue;
      const record = overrideRecord(outcome, object, surroundings);
      records.set(outcome.uid, record);
      if (record.drain) this.#progress.note(outcome.uid, around.now, openKnown(record));
    }
    const uids = new Set(records.keys());
    this.#progress.keep(uids);
    this.#cuts.keep(uids);
    return records;
  }
}

/** Undefined while a node is silent: what is open there is not in the sum. */
function openKnown({ connections }: CityRecord<'override'>): number | undefined {
  const { moving, idle, waiting, coverage } = connections;
  return coverage === 'complete' ? moving + idle + waiting : undefined;
}

function heldBackends(table: RoutingTable): Map<string, string[]> {
  const held = new Map<string, string[]>();
  for (const { key, backends } of table.servicePorts.values()) {
    for (const backend of backends) {
      if (backend.overrideUid === undefined) continue;
      const ids = held.get(backend.overrideUid);
      if (ids) ids.push(backendId(key, backend));
      else held.set(backend.overrideUid, [backendId(key, backend)]);
    }
  }
  return held;
}
