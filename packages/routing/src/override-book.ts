import { isDeepEqual } from './equal.ts';
import type { Finding } from './findings.ts';
import type { KubeRoutingOverride, ObjectMeta } from './objects.ts';
import { expiredOutcome, invalidOutcome, outcomeOf } from './outcomes.ts';
import { type Override, type ParsedOverride, parseOverride } from './override.ts';
import type { Wish } from './precedence.ts';
import type { Problem } from './problem.ts';
import { isExpired, nextChange, rampValue } from './ramp.ts';
import { type Selection, selectionOf } from './selection.ts';
import type { OverrideOutcome } from './table.ts';

/** `namespace/name` of an override; one of the whole cluster has nothing before the slash. */
type OverrideId = string;

/** One override as it was last told, and as it is at the book's moment. */
interface Page {
  readonly object: KubeRoutingOverride;
  readonly parsed: ParsedOverride;
  readonly selection: Selection | undefined;
  /** Absent while it is not in force: refused, or its time is over. */
  wish: Wish | undefined;
}

/** Where a change of an override may be felt. */
export interface Reach {
  readonly id: OverrideId;
  /** `namespace/name`; absent = wherever it names somebody. */
  readonly service?: string;
}

const NONE: readonly Wish[] = [];

/** All overrides by the Services that they are about, at one moment. */
export class OverrideBook {
  readonly #pages = new Map<OverrideId, Page>();
  /** In force, by Service, by namespace of those about all its Services (`''`: all of the cluster). */
  readonly #ofService = new Map<string, Map<OverrideId, Wish>>();
  readonly #ofNamespace = new Map<string, Map<OverrideId, Wish>>();
  #readingLabels = 0;
  #now = 0;

  /** @returns where it is felt that this object is there now; undefined = it says what it said before. */
  set(object: KubeRoutingOverride): Reach[] | undefined {
    const id = idOf(object.metadata);
    const parsed = parseOverride(object);
    const before = this.#pages.get(id);
    if (before && saysTheSame(before, object, parsed)) return undefined;
    const reach = before ? this.#leave(id, before) : [];
    const selection = 'override' in parsed ? selectionOf(parsed.override.spec) : undefined;
    const page: Page = { object, parsed, selection, wish: undefined };
    this.#pages.set(id, page);
    return [...reach, ...this.#enter(id, page)];
  }

  delete(metadata: ObjectMeta): Reach[] | undefined {
    const id = idOf(metadata);
    const page = this.#pages.get(id);
    if (!page) return undefined;
    this.#pages.delete(id);
    return this.#leave(id, page);
  }

  /** @returns where it is felt that it is so late now */
  setTime(now: number): Reach[] {
    const before = this.#now;
    this.#now = now;
    return [...this.#pages].flatMap(([id, page]) => {
      const override = overrideOf(page);
      if (!override || sameAt(override, before, now)) return [];
      return [...this.#leave(id, page), ...this.#enter(id, page)];
    });
  }

  /** When the next override changes by time alone, Unix ms. */
  get nextAt(): number | undefined {
    const times = [...this.#pages.values()].flatMap((page) => {
      const override = overrideOf(page);
      return (override && nextChange(override, this.#now)) ?? [];
    });
    return times.length > 0 ? Math.min(...times) : undefined;
  }

  /** Some override chooses by labels of pods. */
  get readsLabels(): boolean {
    return this.#readingLabels > 0;
  }

  /** Those in force that may name a backend of this Service, in no order. */
  wishesFor(service: string, namespace: string): readonly Wish[] {
    const lists = [this.#ofService.get(service), this.#ofNamespace.get(namespace), this.#ofNamespace.get('')];
    if (lists.every((list) => list === undefined)) return NONE;
    return lists.flatMap((list) => (list ? [...list.values()] : []));
  }

  /** Of an override without `spec.service`; undefined = it is not in force. */
  wishOf(id: OverrideId): Wish | undefined {
    return this.#pages.get(id)?.wish;
  }

  /** @param findings of all Services */
  outcomes(findings: Iterable<Finding>): OverrideOutcome[] {
    const byWish = Map.groupBy(findings, ({ wish }) => wish);
    return [...this.#pages].sort(byId).map(([, { object, parsed, wish }]) => {
      if (!('override' in parsed)) return invalidOutcome(object, parsed.problems);
      if (!wish) return expiredOutcome(parsed.override);
      return outcomeOf(parsed.override, byWish.get(wish) ?? [], wish.value);
    });
  }

  get problems(): Problem[] {
    return [...this.#pages.values()].flatMap(({ parsed }) => ('problems' in parsed ? parsed.problems : []));
  }

  #enter(id: OverrideId, page: Page): Reach[] {
    const override = overrideOf(page);
    const { selection } = page;
    if (!override || !selection || isExpired(override, this.#now)) return [{ id }];
    page.wish = { override, selection, value: rampValue(override, this.#now) ?? 0 };
    const { map, key } = this.#shelf(override);
    map.set(key, (map.get(key) ?? new Map<OverrideId, Wish>()).set(id, page.wish));
    this.#readingLabels += Number(selection.readsLabels);
    return [reachOf(id, override)];
  }

  #leave(id: OverrideId, page: Page): Reach[] {
    const { wish } = page;
    if (!wish) return [{ id }];
    page.wish = undefined;
    const { map, key } = this.#shelf(wish.override);
    map.get(key)?.delete(id);
    if (map.get(key)?.size === 0) map.delete(key);
    this.#readingLabels -= Number(wish.selection.readsLabels);
    return [reachOf(id, wish.override)];
  }

  #shelf({ namespace, spec }: Override) {
    return spec.service === undefined
      ? { map: this.#ofNamespace, key: namespace }
      : { map: this.#ofService, key: `${namespace}/${spec.service}` };
  }
}

/** Somebody wrote its status, most likely: the hub does with every acknowledgement. */
function saysTheSame(before: Page, { metadata: { uid, generation } }: KubeRoutingOverride, parsed: ParsedOverride) {
  const { metadata } = before.object;
  return metadata.uid === uid && metadata.generation === generation && isDeepEqual(before.parsed, parsed);
}

function overrideOf({ parsed }: Page): Override | undefined {
  return 'override' in parsed ? parsed.override : undefined;
}

function reachOf(id: OverrideId, { namespace, spec: { service } }: Override): Reach {
  return service === undefined ? { id } : { id, service: `${namespace}/${service}` };
}

function sameAt(override: Override, before: number, now: number): boolean {
  return (
    isExpired(override, before) === isExpired(override, now) && rampValue(override, before) === rampValue(override, now)
  );
}

function idOf({ namespace = '', name }: ObjectMeta): OverrideId {
  return `${namespace}/${name}`;
}

function byId([a]: readonly [OverrideId, unknown], [b]: readonly [OverrideId, unknown]): number {
  return a < b ? -1 : 1;
}
