import type { CityRecord } from '@kubecity/protocol';
import type { KubeRoutingOverride } from '@kubecity/routing';
import { isDeepEqual, parseOverride } from '@kubecity/routing';
import type { RecordStore } from './record-store.ts';

export const TICK_MILLISECONDS = 5000;
const HOUR_MILLISECONDS = 3_600_000;
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

  /** @param now Unix milliseconds; of an override that was there before us, its creation */
  changed(before: KubeRoutingOverride | undefined, after: KubeRoutingOverride | undefined, now: number): void {
    const object = after ?? before;
    const verb = verbOf(before, after);
    if (!object || !verb) return;
    const { namespace, name, uid } = object.metadata;
    this.#actions += 1;
    this.#store.set('action', `${this.#actions}:${namespace}/${name}`, {
      at: now,
      verb,
      target: targetOf(object),
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
  return is !== was || is === 'weight' ? is : 'changed';
}

function kindOf(object: KubeRoutingOverride): 'drain' | 'weight' | 'changed' {
  const parsed = parseOverride(object);
  if (!('override' in parsed)) return 'changed';
  return parsed.override.spec.drain ? 'drain' : 'weight';
}

/** `shop/cart cart-1, cart-2 at 30`: the Service, who of it, and the weight. */
function targetOf(object: KubeRoutingOverride): string {
  const parsed = parseOverride(object);
  const { namespace, name } = object.metadata;
  if (!('override' in parsed)) return `${namespace}/${name}`;
  const { service, backends, weight } = parsed.override.spec;
  const names = [...(backends?.podNames ?? []), ...(backends?.addresses ?? [])];
  const who = names.length === 0 ? '' : ` ${names.slice(0, 3).join(', ')}${names.length > 3 ? ', …' : ''}`;
  return `${namespace}/${service}${who}${weight === undefined ? '' : ` at ${weight}`}`;
}
