import {
  carryOut,
  isHalfKnown,
  type KubeClient,
  KubeError,
  listChanges,
  REFUSAL_OF,
  WriteRefusal,
} from '@kubecity/kube';
import type { Refusal, SteerAnswer, SteerPreview, SteerRequest } from '@kubecity/protocol';
import {
  type Change,
  overtakenBy,
  planSteer,
  planUndo,
  type SteerCity,
  type SteerPlan,
  SteerRefusal,
  type UnconfirmedPlan,
  type Write,
  withRates,
} from '@kubecity/steering';
import type { Logger } from 'pino';
import type { AskAgent } from './agent-questions.ts';
import type { AuditTrail } from './audit/audit-trail.ts';
import type { Person } from './auth/person.ts';
import type { CityModel } from './city-model.ts';
import { nodeDifferences } from './node-differences.ts';
import { Sights } from './sights.ts';
import type { Steer } from './steer-door.ts';

export interface SteeringOptions {
  readonly model: CityModel;
  /** The dashboard's own: sees every override, and tells what was done. */
  readonly client: KubeClient;
  readonly ask: AskAgent;
  readonly audit: AuditTrail;
  readonly log: Logger;
  readonly now: () => number;
}

/**
 * Carries out the operators' requests, one after the other: each is judged on what the one before has written, so that
 * two drains cannot both pass the guard. Dry runs wait for nobody. The answer is always in words; the returned function
 * never rejects.
 */
export function steering(options: SteeringOptions): Steer {
  const work = new Steering(options);
  let last: Promise<unknown> = Promise.resolve();
  return (person, request) => {
    if (request.dryRun) return work.answer(person, request);
    const answer = last.then(() => work.answer(person, request));
    last = answer;
    return answer;
  };
}

class Steering {
  readonly #options: SteeringOptions;
  readonly #sights = new Sights();

  constructor(options: SteeringOptions) {
    this.#options = options;
  }

  async answer(person: Person, request: SteerRequest): Promise<SteerAnswer> {
    const answer = await this.#carryOut(person, request).catch((error: unknown) => this.#refusal(error, request));
    if (!answer.ok && !request.dryRun) this.#options.audit.refused(person.user, request, answer);
    return answer;
  }

  async #carryOut(person: Person, request: SteerRequest): Promise<SteerAnswer> {
    const { model, now } = this.#options;
    if (model.store.get('cluster', 'cluster')?.apiState !== 'live') {
      const message =
        'The dashboard has lost sight of the cluster’s API, and does not decide on old news. Try again soon.';
      throw new SteerRefusal('api-unavailable', message);
    }
    const change = request.action === 'undo' ? await this.#changeOf(request.change) : undefined;
    const city = cityOf(model, now());
    const plan = this.#plan(request, change, city, person);
    this.#sights.remember(plan.sight);
    const { override, message, seen } = plan;
    const remarks = [...this.#nobodySteers(plan), ...plan.remarks];
    if (request.dryRun) {
      return { ok: true, override, message, remarks, seen, preview: await this.#preview(plan, true) };
    }
    const [write] = plan.writes;
    if (!write) return { ok: true, override, message, remarks, seen };
    const { id, trouble } = await this.#write(write, city, person, request);
    return { ok: true, override, change: id, message, remarks: [...remarks, ...trouble], seen };
  }

  /** What no node carries out is written all the same: it acts as soon as one does. */
  #nobodySteers({ writes }: SteerPlan): string[] {
    const { model } = this.#options;
    const nodes = [...model.objects('nodes').keys()];
    const observing = nodes.filter((node) => model.roster.observes(node));
    if (observing.length === 0 || writes.every(({ write }) => write.verb === 'delete')) return [];
    const all = observing.length === nodes.length;
    return [
      all
        ? 'Every node only observes: nothing is steered until the mode of an agent is steer or replace.'
        : `On ${observing.length} of ${nodes.length} nodes nothing is steered: they only observe.`,
    ];
  }

  #plan(request: SteerRequest, change: Change | undefined, city: SteerCity, { user }: Person): SteerPlan {
    const actor = { user, how: 'dashboard' } as const;
    const recall = (digest: string) => this.#sights.recall(digest);
    if (request.action === 'steer') return planSteer(request, city, actor, recall);
    if (!change) throw new SteerRefusal('not-found', `Nothing is known of a change ${request.change}.`);
    return planUndo(change, request, city, actor, recall);
  }

  /** From the trail, else from the cluster's events: of another dashboard, or of a terminal. */
  async #changeOf(id: string): Promise<Change | undefined> {
    const entry = await this.#options.audit.entry(id);
    const change = entry ?? (await listChanges(this.#options.client)).find((one) => one.id === id);
    if (change && isHalfKnown(change)) {
      throw new SteerRefusal('not-found', `What was before change ${id} is not known. Steer anew.`);
    }
    return change;
  }

  async #write(planned: Write, city: SteerCity, { client, user }: Person, request: SteerRequest) {
    const { model, client: own, audit, log, now } = this.#options;
    const { object, write } = planned;
    const { change, untold } = await carryOut(
      { ...planned, previous: model.overrideOf(object.metadata) },
      {
        client,
        own,
        who: user,
        how: 'dashboard',
        reason: request.reason,
        undoes: request.action === 'undo' ? request.change : undefined,
        now,
        overtaken: (then) => overtakenBy(planned, city, then),
        begins: (id) => audit.begins(id),
        wrote: (change, stored) => {
          audit.wrote(change, stored);
          // the model learns of it from the answer, before the watch tells
          if (stored) model.putOverride(stored, now());
          else model.dropOverride(object, now(), user);
        },
      },
    ).catch((error: unknown) => {
      if (error instanceof WriteRefusal && error.withdrawn && write.verb === 'create') {
        audit.withdrew(error.withdrawn.metadata.uid);
      }
      throw error;
    });
    if (!untold) return { id: change.id, trouble: [] };
    log.warn({ err: untold, change: change.id }, 'a change could not be told as an event');
    const trouble = 'It could not be told as an event of the cluster: without this dashboard it cannot be undone.';
    return { id: change.id, trouble: [trouble] };
  }

  async #preview(plan: UnconfirmedPlan, asksNodes: boolean): Promise<SteerPreview> {
    const { model, ask, now } = this.#options;
    const { writes, tables, truncated } = plan;
    const nodes = asksNodes ? [...model.objects('nodes').keys()] : [];
    return {
      writes: writes.map(({ write }) => write),
      tables: withRates(tables, (id) => model.store.get('load', id)?.openedPerSecond.s10),
      truncated,
      nodes: await nodeDifferences(writes, nodes, ask, now()),
    };
  }

  async #refusal(error: unknown, request: SteerRequest): Promise<SteerAnswer> {
    if (error instanceof SteerRefusal) {
      this.#sights.remember(error.sight);
      const { code, message, plan, sight } = error;
      const preview = plan && (await this.#preview(plan, request.dryRun === true));
      return { ok: false, code, message, ...(preview && { preview }), ...(sight && { seen: sight.digest }) };
    }
    if (error instanceof WriteRefusal) return { ok: false, code: error.code, message: error.message };
    if (error instanceof KubeError) return { ok: false, ...inWords(error) };
    this.#options.log.error({ err: error, request }, 'steer failed');
    return {
      ok: false,
      code: 'api-unavailable',
      message: 'The dashboard failed; its log says why, and the map shows whether it was done.',
    };
  }
}

function cityOf(model: CityModel, now: number): SteerCity {
  return {
    // lists, since it is looked at again after the write
    services: [...model.objects('services').values()],
    endpointSlices: [...model.objects('endpointSlices').values()],
    pods: [...model.objects('pods').values()],
    namespaces: [...model.objects('namespaces').values()],
    overrides: model.overrides,
    now,
  };
}

const lead: Partial<Record<Refusal, string>> = {
  'not-found': 'It is gone meanwhile',
  conflict: 'Somebody else changed it at the same moment; look again and repeat',
  forbidden: 'The cluster does not permit it',
  unauthenticated: 'The cluster does not know you any more; sign in again',
  'invalid-request': 'The cluster refuses it',
  'api-unavailable': 'The cluster’s API does not answer; it may not have been done',
};

function inWords(error: KubeError): { code: Refusal; message: string } {
  const code = REFUSAL_OF[error.code];
  return { code, message: `${lead[code]}: ${error.message}` };
}
