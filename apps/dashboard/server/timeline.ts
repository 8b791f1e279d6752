import type { CityRecord } from '@kubecity/protocol';
import type { KubeRoutingOverride } from '@kubecity/routing';
import { isDeepEqual } from '@kubecity/routing';
import { idOf, selectionWords, specOf } from '@kubecity/steering';
import { makerOf } from './override-records.ts';
import type { RecordStore } from './record-store.ts';

export const TICK_MILLISECONDS = 5000;
const HOUR_MILLISECONDS = 3_600_000;
/** Characters of whom a flag is about. */
const MOST_TARGET = 200;
/** Newest kept: a script that flips overrides must not fill the hub. */
const MOST_ACTIONS = 1000;

/** The last hour: a point every five seconds, and a flag for every override that came, changed or went. */
export class Timeline {
  readonly #store: RecordStore;
  #actions = 0;
  #nextTick = 0;

  constructor(store: RecordStore) {
    this.#store = store;
  }

  isDue(now: number): boolean {
    // a clock that was set back begins anew
    return now >= this.#nextTick || now < this.#nextTick - TICK_MILLISECONDS;
  }

  tick(record: CityRecord<'tick'>): void {
    this.#nextTick = record.at + TICK_MILLISECONDS;
    this.#store.set('tick', String(record.at), record);
  }

  /**
   * @param now Unix milliseconds; of an override that was there before us, its creation
   * @param by who did it, where the object does not say (it is gone)
   */
  changed(
    before: KubeRoutingOverride | undefined,
    after: KubeRoutingOverride | undefined,
    now: number,
    by?: string,
  ): void {
    const object = after ?? before;
    const verb = verbOf(before, after);
    if (!object || !verb) return;
    const { uid } = object.metadata;
    this.#actions += 1;
    this.#store.set('action', `${this.#actions}:${idOf(object)}`, {
      at: now,
      verb,
      target: targetOf(object),
      by: by ?? (after && makerOf(after)),
      overrideUid: uid,
    });
  }

  /** Drops what is older than an hour. */
  forget(now: number): void {
    for (const kind of ['tick', 'action'] as const) {
      for (const [id, { at }] of this.#store.all(kind)) {
        if (at < now - HOUR_MILLISECONDS) this.#store.delete(kind, id);
      }
    }
    const actions = [...this.#store.all('action')].sort(([, a], [, b]) => a.at - b.at);
    for (const [id] of actions.slice(0, -MOST_ACTIONS)) this.#store.delete('action', id);
  }
}

function verbOf(before: KubeRoutingOverride | undefined, after: KubeRoutingOverride | undefined) {
  if (!after) return before && kindOf(before) === 'drain' ? 'undrain' : 'reset';
  if (!before) return kindOf(after);
  if (isDeepEqual(before.spec, after.spec)) return undefined;
  const [was, is] = [kindOf(before), kindOf(after)];
  return is !== was || is === 'weight' || is === 'share' ? is : 'changed';
}

function kindOf(object: KubeRoutingOverride): 'drain' | 'weight' | 'share' | 'changed' {
  const spec = specOf(object);
  if (!spec) return 'changed';
  if (spec.drain) return 'drain';
  return spec.weight === undefined ? 'share' : 'weight';
}

/** `shop/cart cart-1, cart-2 at 30`: the Service, who of it, and the weight or share; without a Service whom it names. */
function targetOf(object: KubeRoutingOverride): string {
  const spec = specOf(object);
  const { namespace, name } = object.metadata;
  if (!spec) return idOf(object);
  const { service, backends, weight, share } = spec;
  const names = [...(backends?.podNames ?? []), ...(backends?.addresses ?? [])];
  const few = names.length === 0 ? '' : ` ${names.slice(0, 3).join(', ')}${names.length > 3 ? ', …' : ''}`;
  const at = weight !== undefined ? ` at ${weight}` : share !== undefined ? ` at ${share} %` : '';
  if (service !== undefined) return `${namespace}/${service}${few}${at}`;
  const who = selectionWords(backends).slice(0, MOST_TARGET);
  return `${who || name}${namespace === undefined ? '' : ` in ${namespace}`}${at}`;
}
