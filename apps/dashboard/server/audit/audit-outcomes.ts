import type { AuditEntry, CityRecord } from '@kubecity/protocol';
import type { Logger } from 'pino';
import type { AuditKeeper } from './audit-trail.ts';

type OverrideRecord = CityRecord<'override'>;

interface Known {
  readonly generation: number;
  readonly state: OverrideRecord['state'];
  readonly liftedIn: readonly string[];
  readonly drained: boolean;
  readonly cutting: boolean;
  /** Every node has confirmed this generation, at some time. */
  readonly confirmed: boolean;
  /** Unix ms at which this generation was first seen. */
  readonly since: number;
}

export interface AuditOutcomesOptions {
  readonly keeper: Pick<AuditKeeper, 'note'>;
  readonly log: Pick<Logger, 'info'>;
  /** Nodes of which it is not known that their kernels are rid of an override; undefined while there is no node at all. */
  readonly notRidOf: (uid: string) => readonly string[] | undefined;
}

/** Changes that wait for the word of all nodes, the newest. */
const MOST_BEGUN = 1000;
/** So long a deletion is followed. */
const FOLLOW_MILLISECONDS = 600_000;

/**
 * What came of changes without anybody's hand: confirmed by all nodes, lifted for the floor, over, drained, connections
 * being ended. Told once each time it comes about; what was so already when this hub began is old news.
 */
export class AuditOutcomes {
  readonly #options: AuditOutcomesOptions;
  readonly #known = new Map<string, Known>();
  /** When changes were made, by their ids; Unix ms. */
  readonly #begun = new Map<string, number>();
  /** Deletions that not every node has confirmed yet: uid → change and Unix ms. */
  readonly #released = new Map<string, { readonly id: string; readonly at: number }>();

  constructor(options: AuditOutcomesOptions) {
    this.#options = options;
  }

  /** An entry of the trail, as it is made: what comes of it is told once all nodes have it, or are rid of it. */
  noted({ id, at, what, uid, after }: AuditEntry): void {
    if (uid === undefined || what === 'refused') return;
    if (after === undefined) this.#released.set(uid, { id, at });
    else this.#begun.set(id, at);
    const [oldest] = this.#begun.keys();
    if (this.#begun.size > MOST_BEGUN && oldest !== undefined) this.#begun.delete(oldest);
  }

  /**
   * @param settled whether the agents are back after this hub's start: before, nothing is news
   * @param now Unix ms
   */
  look(records: Iterable<readonly [string, OverrideRecord]>, now: number, settled: boolean): void {
    const present = new Set<string>();
    for (const [uid, record] of records) {
      present.add(uid);
      const before = this.#known.get(uid);
      const sameGeneration = before?.generation === record.generation;
      const after: Known = {
        generation: record.generation,
        state: record.state,
        liftedIn: record.liftedIn ?? [],
        drained: record.drain?.phase === 'drained',
        cutting: (record.drain?.cut ?? 0) > 0,
        // once is enough: a node that joins later is no news of this change
        confirmed: (sameGeneration && before.confirmed) || isEverywhere(record),
        since: sameGeneration ? before.since : now,
      };
      if (settled) this.#tell(record, sameGeneration ? before : undefined, after, now);
      this.#known.set(uid, settled || !before ? after : { ...after, since: before.since });
    }
    for (const uid of this.#known.keys()) if (!present.has(uid)) this.#known.delete(uid);
    if (settled) this.#followReleased(now);
  }

  #followReleased(now: number): void {
    for (const [uid, { id, at }] of this.#released) {
      const left = this.#options.notRidOf(uid);
      if (left?.length === 0) {
        const text = `every node is rid of it after ${seconds(now - at)}`;
        this.#options.keeper.note({ outcome: { id, at: now, text } });
      }
      if (left?.length === 0 || now - at > FOLLOW_MILLISECONDS) this.#released.delete(uid);
    }
  }

  #tell(record: OverrideRecord, before: Known | undefined, after: Known, now: number): void {
    const newly = (what: 'drained' | 'cutting' | 'confirmed') => after[what] && !before?.[what];
    if (newly('confirmed') && after.state === 'applied' && record.change !== undefined) {
      const since = this.#begun.get(record.change) ?? after.since;
      const text = `confirmed by ${record.nodes.desired} of ${record.nodes.desired} nodes after ${seconds(now - since)}`;
      this.#begun.delete(record.change);
      this.#options.keeper.note({ outcome: { id: record.change, at: now, text } });
    }
    const lifted = after.liftedIn.filter((service) => !before?.liftedIn.includes(service));
    if (lifted.length > 0) this.#note(record, 'lifted', now, `for ${lifted.join(', ')}: ${record.message}`);
    if (after.state === 'expired' && before?.state !== 'expired') this.#note(record, 'expired', now, record.message);
    if (newly('cutting')) this.#note(record, 'cut', now, 'open connections are being ended');
    if (newly('drained')) this.#note(record, 'drained', now, drainedWords(record));
  }

  #note(record: OverrideRecord, what: AuditEntry['what'], at: number, outcome: string | undefined): void {
    const { uid, generation, cluster, namespace, name, service } = record;
    this.#options.log.info({ override: cluster ? name : `${namespace}/${name}`, what, outcome }, 'news of an override');
    const time = new Date(at).toISOString().replaceAll(/[-:.]/g, '');
    this.#options.keeper.note({
      entry: {
        id: `${time}-${uid.slice(0, 8)}-${what}`,
        at,
        who: 'kubecity',
        how: 'agent',
        what,
        kind: cluster ? 'ClusterRoutingOverride' : 'RoutingOverride',
        ...(!cluster && { namespace }),
        name,
        uid,
        generation,
        service: service?.slice(service.indexOf('/') + 1),
        of: record.change,
        outcome,
      },
    });
  }
}

const isEverywhere = ({ nodes }: OverrideRecord) => nodes.desired > 0 && nodes.waitingFor.length === 0;

function drainedWords({ drain, nodes }: OverrideRecord): string {
  const ended = drain?.cut ? `; ${drain.cut} connections were ended` : '';
  return `no connection is open, by the word of ${nodes.desired} nodes${ended}`;
}

const seconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(1)} s`;
