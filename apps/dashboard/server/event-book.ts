import type { CityRecord } from '@kubecity/protocol';
import type { ObjectMeta } from '@kubecity/routing';
import type { RecordStore } from './record-store.ts';

/** core/v1 Event, as far as it is told. */
export interface KubeEvent {
  readonly metadata: ObjectMeta;
  readonly involvedObject?: {
    readonly kind?: string;
    readonly namespace?: string;
    readonly name?: string;
    readonly uid?: string;
  };
  readonly type?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly count?: number;
  readonly firstTimestamp?: string | null;
  readonly lastTimestamp?: string | null;
  readonly eventTime?: string | null;
  readonly series?: { readonly count?: number; readonly lastObservedTime?: string };
  readonly source?: { readonly component?: string };
  readonly reportingComponent?: string;
}

type EventRecord = CityRecord<'event'>;

export const EVENT_HOUR = 3_600_000;
/** Newest kept: what a crashing city writes must not fill the hub, nor one crashing pod hide all else. */
export const MOST_EVENTS = 1000;
export const MOST_PER_OBJECT = 20;
/** So many more are let in before the oldest are looked for. */
const SLACK = 200;
const MOST_NOTE = 1024;

/** The cluster's events of the last hour. Its memory is bounded whatever comes in. */
export class EventBook {
  readonly #store: RecordStore;
  readonly #known = new Map<string, EventRecord>();
  #changed = false;

  constructor(store: RecordStore) {
    this.#store = store;
  }

  /** Events about other kinds, and those older than an hour, are left out. */
  take(event: KubeEvent, now: number): void {
    const record = eventRecord(event);
    const id = event.metadata.uid;
    if (!record || id === undefined || record.at < now - EVENT_HOUR) return;
    this.#known.set(id, record);
    this.#changed = true;
    if (this.#known.size >= MOST_EVENTS + SLACK) this.#cut(now);
  }

  /** Forgets what is over and brings the records up to date. */
  refresh(now: number): void {
    for (const { at } of this.#known.values()) this.#changed ||= at < now - EVENT_HOUR;
    if (!this.#changed) return;
    this.#cut(now);
    this.#store.replaceAll('event', this.#known);
    this.#changed = false;
  }

  /** Keeps the newest of each object, and of those the newest. */
  #cut(now: number): void {
    const newestFirst = [...this.#known].sort(([, a], [, b]) => b.at - a.at);
    const perObject = new Map<string, number>();
    let kept = 0;
    for (const [id, { at, about }] of newestFirst) {
      const object = `${about.kind}/${about.namespace}/${about.name}`;
      const before = perObject.get(object) ?? 0;
      const stays = at >= now - EVENT_HOUR && before < MOST_PER_OBJECT && kept < MOST_EVENTS;
      if (!stays) {
        this.#known.delete(id);
        continue;
      }
      perObject.set(object, before + 1);
      kept += 1;
    }
  }
}

const KINDS: ReadonlySet<string> = new Set(['Service', 'Pod', 'Node', 'RoutingOverride']);

/** Undefined for events about what the city does not show, and for those without a time. */
export function eventRecord(event: KubeEvent): EventRecord | undefined {
  const { kind = '', namespace, name, uid } = event.involvedObject ?? {};
  const times = [
    event.series?.lastObservedTime,
    event.lastTimestamp,
    event.eventTime,
    event.metadata.creationTimestamp,
  ];
  const at = firstTime(times);
  if (!KINDS.has(kind) || name === undefined || at === undefined) return undefined;
  return {
    at,
    firstAt: firstTime([event.firstTimestamp, event.eventTime]) ?? at,
    warning: event.type === 'Warning',
    reason: event.reason ?? '',
    note: (event.message ?? '').trim().slice(0, MOST_NOTE),
    count: Math.max(1, event.series?.count ?? event.count ?? 1),
    about: {
      kind: kind as EventRecord['about']['kind'],
      namespace: kind === 'Node' ? undefined : namespace,
      name,
      // a kubelet gives its node's name for the uid
      uid: kind === 'Node' ? undefined : uid,
    },
    source: event.reportingComponent || event.source?.component || undefined,
  };
}

function firstTime(texts: readonly (string | null | undefined)[]): number | undefined {
  for (const text of texts) {
    const at = Date.parse(text ?? '');
    if (!Number.isNaN(at)) return at;
  }
  return undefined;
}
