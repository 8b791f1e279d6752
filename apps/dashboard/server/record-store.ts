import type { CityOp, CityRecord, RecordKind } from '@kubecity/protocol';
import { isDeepEqual } from '@kubecity/routing';

type AnyRecord = CityRecord<RecordKind>;

/** Keys of records that differ from what somebody has: kind → ids. Its size is bounded by the number of records. */
export type ChangedKeys = Map<RecordKind, Set<string>>;

/** The city as records by kind and id, and which of them changed since the last `take`. */
export class RecordStore {
  readonly #records = new Map<RecordKind, Map<string, AnyRecord>>();
  /** What a changed key held at the last `take`. */
  readonly #before = new Map<RecordKind, Map<string, AnyRecord | undefined>>();

  get<K extends RecordKind>(kind: K, id: string): CityRecord<K> | undefined {
    return this.#records.get(kind)?.get(id) as CityRecord<K> | undefined;
  }

  *all<K extends RecordKind>(kind: K): IterableIterator<[string, CityRecord<K>]> {
    for (const entry of this.#records.get(kind) ?? []) yield entry as [string, CityRecord<K>];
  }

  ids(kind: RecordKind): Iterable<string> {
    return this.#records.get(kind)?.keys() ?? [];
  }

  /** Records by kind. */
  counts(): [RecordKind, number][] {
    return [...this.#records].map(([kind, records]) => [kind, records.size]);
  }

  set<K extends RecordKind>(kind: K, id: string, record: CityRecord<K>): void {
    const records = mapOf(this.#records, kind);
    const before = records.get(id);
    if (before !== undefined && isDeepEqual(before, record)) return;
    this.#remember(kind, id, before);
    records.set(id, record);
  }

  delete(kind: RecordKind, id: string): void {
    const records = this.#records.get(kind);
    const before = records?.get(id);
    if (before === undefined) return;
    this.#remember(kind, id, before);
    records?.delete(id);
  }

  /** Makes the records of one kind exactly these. */
  replaceAll<K extends RecordKind>(kind: K, records: ReadonlyMap<string, CityRecord<K>>): void {
    for (const [id] of this.all(kind)) if (!records.has(id)) this.delete(kind, id);
    for (const [id, record] of records) this.set(kind, id, record);
  }

  /** The keys that changed since the last call; what was changed and changed back is not among them. */
  take(): ChangedKeys {
    const changed: ChangedKeys = new Map();
    for (const [kind, keys] of this.#before) {
      for (const [id, before] of keys) {
        if (isDeepEqual(before, this.get(kind, id))) continue;
        mergeKeys(changed, new Map([[kind, new Set([id])]]));
      }
    }
    this.#before.clear();
    return changed;
  }

  /** Operations that bring a reader, who has everything but these keys, to the present. */
  opsFor(changed: ChangedKeys): CityOp[] {
    const ops: CityOp[] = [];
    for (const [kind, ids] of changed) {
      for (const id of ids) {
        const record = this.get(kind, id);
        ops.push(record === undefined ? ['delete', kind, id] : (['set', kind, id, record] as CityOp));
      }
    }
    return ops;
  }

  /** The key of every record. */
  keys(): ChangedKeys {
    return new Map([...this.#records].map(([kind, records]) => [kind, new Set(records.keys())]));
  }

  #remember(kind: RecordKind, id: string, before: AnyRecord | undefined): void {
    const keys = mapOf(this.#before, kind);
    if (!keys.has(id)) keys.set(id, before);
  }
}

/** Adds the keys of `more` to `to`. */
export function mergeKeys(to: ChangedKeys, more: ChangedKeys): void {
  for (const [kind, ids] of more) {
    const known = to.get(kind);
    if (!known) to.set(kind, new Set(ids));
    else for (const id of ids) known.add(id);
  }
}

function mapOf<V>(maps: Map<RecordKind, Map<string, V>>, kind: RecordKind): Map<string, V> {
  const map = maps.get(kind) ?? new Map<string, V>();
  maps.set(kind, map);
  return map;
}
