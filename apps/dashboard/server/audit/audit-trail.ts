import type { FieldManager, OverrideChange } from '@kubecity/kube';
import type { AuditEntry, SteerAnswer, SteerRequest, SteerTarget } from '@kubecity/protocol';
import { BY_ANNOTATION, CHANGE_ANNOTATION, isDeepEqual, type KubeRoutingOverride, kindOf } from '@kubecity/routing';
import { specWithStart } from '@kubecity/steering';
import type { Logger } from 'pino';
import type { AuditOutcome } from '../history/history.ts';
import { managerOf } from '../override-records.ts';

/** Where lines are kept, and found again. */
export interface AuditKeeper {
  note(line: { readonly entry?: AuditEntry; readonly outcome?: AuditOutcome }): void;
  entry(id: string): Promise<AuditEntry | undefined>;
}

export interface AuditTrailOptions {
  readonly keeper: AuditKeeper;
  readonly log: Logger;
  readonly now: () => number;
  /** Something was noted of which it is to be told what comes of it. */
  readonly noted: (entry: AuditEntry) => void;
}

/** A deletion does not say who did it; an event that does follows within so long. */
const EVENT_MILLISECONDS = 3000;
/** Changes whose words came before the watch told of them, the newest. */
const MOST_HEARD = 1000;

/**
 * What is noted of each change of an override: by this hub as it writes, by others (a terminal, another hub, kubectl) as
 * the watch tells it. What came of it later is noted by `AuditOutcomes`.
 */
export class AuditTrail {
  readonly #options: AuditTrailOptions;
  /** Ids of this hub's own changes, and uids of what it deleted: it notes them itself. */
  readonly #own = new Set<string>();
  /** Deletions by others that were told as events, by uid. */
  readonly #heard = new Map<string, OverrideChange>();
  /** Deletions that wait for their event, by uid. */
  readonly #waiting = new Map<string, AuditEntry>();

  constructor(options: AuditTrailOptions) {
    this.#options = options;
  }

  entry(id: string): Promise<AuditEntry | undefined> {
    const waiting = [...this.#waiting.values()].find((entry) => entry.id === id);
    return waiting ? Promise.resolve(waiting) : this.#options.keeper.entry(id);
  }

  /** To be called before a write: its watch may be faster than the answer. */
  begins(changeId: string): void {
    this.#remember(changeId);
  }

  /** What was written for a moment was taken back: nothing was changed. */
  withdrew(uid = ''): void {
    if (!this.#waiting.delete(uid)) this.#remember(uid);
  }

  /** @param stored absent: it was deleted */
  wrote(change: OverrideChange, stored: KubeRoutingOverride | undefined): void {
    if (!stored) this.withdrew(change.uid);
    this.#note({
      ...change,
      generation: stored?.metadata.generation,
      service: serviceOf(change.after ?? change.before),
    });
  }

  refused(who: string, request: SteerRequest, { code, message }: Extract<SteerAnswer, { ok: false }>): void {
    const at = this.#options.now();
    const target = request.action === 'steer' ? targetOf(request.target) : { name: `undo of ${request.change}` };
    this.#note({
      id: `${timeOf(at)}-refused-${Math.random().toString(36).slice(2, 8)}`,
      at,
      who,
      how: 'dashboard',
      what: 'refused',
      kind: target.namespace === undefined ? 'ClusterRoutingOverride' : 'RoutingOverride',
      ...target,
      reason: request.reason,
      after: request.action === 'steer' ? { target: request.target, effect: request.effect } : undefined,
      of: request.action === 'undo' ? request.change : undefined,
      outcome: `${code}: ${message}`,
    });
  }

  /** From the watch; `at` in Unix ms, of what was there before this hub its creation. */
  follow(before: KubeRoutingOverride | undefined, after: KubeRoutingOverride | undefined, at: number): void {
    if (after) this.#followWrite(before, after, at);
    else if (before) this.#followDeletion(before, at);
  }

  #followWrite(before: KubeRoutingOverride | undefined, after: KubeRoutingOverride, at: number): void {
    const { metadata, spec } = after;
    const { generation = 1, annotations = {} } = metadata;
    const id = annotations[CHANGE_ANNOTATION];
    if (before && isDeepEqual(before.spec, spec)) return;
    // who edits by hand leaves the words of the last change as they are
    const told = id !== undefined && id !== before?.metadata.annotations?.[CHANGE_ANNOTATION];
    if (told && this.#own.has(id)) return;
    this.#note({
      ...identityOf(after),
      ...(told
        ? { id, at, who: annotations[BY_ANNOTATION] ?? UNKNOWN, how: id.endsWith('-dashboard') ? 'dashboard' : 'cli' }
        : { ...byHand(after, at), who: managerOf(after) ?? UNKNOWN, how: 'kubectl' }),
      what: generation > 1 ? 'replace' : 'create',
      before: before && specWithStart(before),
      after: spec,
    });
  }

  #followDeletion(before: KubeRoutingOverride, at: number): void {
    const { uid = '' } = before.metadata;
    if (this.#own.has(uid)) return;
    const heard = this.#heard.get(uid);
    const id = `${timeOf(at)}-${uid.slice(0, 8)}-deleted`;
    const entry: AuditEntry = {
      ...{ id, at, who: UNKNOWN, how: 'kubectl', what: 'delete' },
      ...identityOf(before),
      before: specWithStart(before),
    };
    if (heard) this.#note(explained(entry, heard));
    else this.#waiting.set(uid, entry);
  }

  /** An event told a change: of a deletion it is the only one who says by whom. */
  heard(change: OverrideChange): void {
    if (change.after !== undefined || change.uid === undefined) return;
    const entry = this.#waiting.get(change.uid);
    if (entry) {
      this.#waiting.delete(change.uid);
      this.#note(explained(entry, change));
      return;
    }
    this.#heard.set(change.uid, change);
    const [oldest] = this.#heard.keys();
    if (this.#heard.size > MOST_HEARD && oldest !== undefined) this.#heard.delete(oldest);
  }

  /** To be called now and then: deletions of which nobody told. */
  settle(now: number): void {
    for (const [uid, entry] of this.#waiting) {
      if (now - entry.at < EVENT_MILLISECONDS) continue;
      this.#waiting.delete(uid);
      this.#note(entry);
    }
  }

  #note(entry: AuditEntry): void {
    const { before: _, after: __, ...words } = entry;
    this.#options.log.info({ audit: words }, 'an override was changed');
    this.#options.keeper.note({ entry });
    this.#options.noted(entry);
  }

  #remember(key: string): void {
    this.#own.add(key);
    const [oldest] = this.#own;
    if (this.#own.size > MOST_HEARD && oldest !== undefined) this.#own.delete(oldest);
  }
}

/** Nobody says. */
const UNKNOWN = 'unknown';

/** `20261122T120000000Z` */
const timeOf = (at: number) => new Date(at).toISOString().replaceAll(/[-:.]/g, '');

function identityOf({ metadata, spec }: KubeRoutingOverride) {
  const { namespace, name, uid, generation } = metadata;
  const { reason } = (spec ?? {}) as { reason?: unknown };
  return {
    kind: kindOf(metadata),
    ...(namespace !== undefined && { namespace }),
    name,
    uid,
    generation,
    service: serviceOf(spec),
    reason: typeof reason === 'string' ? reason : undefined,
  };
}

/** The same whenever it is told: a hub that begins anew lists what is there again. */
function byHand(object: KubeRoutingOverride, at: number): { id: string; at: number } {
  const { uid = '', generation = 1 } = object.metadata;
  const { managedFields = [] } = object.metadata as { readonly managedFields?: readonly FieldManager[] };
  const times = managedFields.flatMap(({ subresource, time }) => (subresource ? [] : (time ?? [])));
  const written = Date.parse(times.sort().at(-1) ?? '');
  const when = Number.isNaN(written) ? at : written;
  const named = Number.isNaN(written) ? Date.parse(object.metadata.creationTimestamp ?? '') || at : written;
  return { id: `${timeOf(named)}-${uid.slice(0, 8)}-${generation}`, at: when };
}

function explained(entry: AuditEntry, { id, who, how, what, of, reason }: OverrideChange): AuditEntry {
  return { ...entry, id, who, how, what, of, reason: reason ?? entry.reason };
}

function serviceOf(spec: unknown): string | undefined {
  const service = (spec as { service?: unknown } | undefined)?.service;
  return typeof service === 'string' ? service : undefined;
}

function targetOf(target: SteerTarget): { namespace?: string; name: string; service?: string } {
  switch (target.kind) {
    case 'backend': {
      const service = target.id.slice(0, Math.max(0, target.id.indexOf(':')));
      const slash = service.indexOf('/');
      if (slash < 0) return { name: target.id.slice(0, 253) };
      return { namespace: service.slice(0, slash), name: target.id.slice(0, 253), service: service.slice(slash + 1) };
    }
    case 'service':
      return { namespace: target.namespace, name: target.name, service: target.name };
    case 'pod':
    case 'override':
      return { namespace: target.namespace, name: target.name };
    case 'node':
    case 'zone':
      return { name: `${target.kind} ${target.name}` };
    case 'labels':
    case 'chosen':
      return { namespace: target.namespace, name: target.kind };
  }
}
