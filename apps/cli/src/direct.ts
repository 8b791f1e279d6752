import {
  carryOut,
  isHalfKnown,
  type KubeClient,
  KubeError,
  listChanges,
  type OverrideChange,
  REFUSAL_OF,
  WriteRefusal,
} from '@kubecity/kube';
import type { SteerAnswer, SteerPreview, SteerRequest } from '@kubecity/protocol';
import { overtakenBy, planSteer, planUndo, SteerRefusal, type UnconfirmedPlan, type Write } from '@kubecity/steering';
import { type ReadCity, readCity } from './cluster-city.ts';
import type { Steerer } from './steerer.ts';
import { namespaceOf } from './target.ts';

export interface DirectOptions {
  readonly client: KubeClient;
  /** Where the change that an undo names is looked for first. */
  readonly namespace: string;
  /** Unix ms. */
  readonly now: () => number;
}

/** Steers through the cluster's API alone, by the same rules and the same write as a dashboard. */
export function directSteerer(options: DirectOptions): Steerer {
  return {
    steer: async (request) => {
      try {
        return await answer(request, options);
      } catch (error) {
        return refusalOf(error);
      }
    },
  };
}

async function answer(request: SteerRequest, options: DirectOptions): Promise<SteerAnswer> {
  const { client, namespace, now } = options;
  const { user } = await client.whoAmI();
  const change = request.action === 'undo' ? await changeOf(request.change, client, namespace) : undefined;
  const scope = request.action === 'steer' ? namespaceOf(request.target) : change?.namespace;
  const city = await readCity(client, scope, { now: now(), labels: asksLabels(request, change) });
  const actor = { user, how: 'cli' } as const;
  const plan =
    request.action === 'steer' ? planSteer(request, city, actor) : planUndo(change ?? never(), request, city, actor);
  const { override, message, seen } = plan;
  const remarks = [...plan.remarks, ...city.unseen];
  if (request.dryRun) return { ok: true, override, message, remarks, seen, preview: previewOf(plan) };
  const [planned] = plan.writes;
  if (!planned) return { ok: true, override, message, remarks, seen };
  const { id, trouble } = await write(planned, city, user, request, options);
  return { ok: true, override, change: id, message, remarks: [...remarks, ...trouble], seen };
}

/** @throws SteerRefusal not-found */
async function changeOf(id: string, client: KubeClient, namespace: string): Promise<OverrideChange> {
  const change = (await knownChanges(client, namespace)).find((one) => one.id === id);
  if (!change) {
    const why = 'The API forgets events after an hour; a dashboard remembers longer (--dashboard).';
    throw new SteerRefusal('not-found', `Nothing is known of a change ${id} in namespace ${namespace}. ${why}`);
  }
  if (isHalfKnown(change)) {
    throw new SteerRefusal('not-found', `What was before change ${id} is not known. Steer anew.`);
  }
  return change;
}

/** Of a namespace and of the cluster's own objects, the newest first. Who may see all namespaces is shown all. */
export async function knownChanges(client: KubeClient, namespace: string): Promise<OverrideChange[]> {
  try {
    return await listChanges(client);
  } catch (error) {
    if (!(error instanceof KubeError && error.code === 'forbidden')) throw error;
    return listChanges(client, namespace);
  }
}

function asksLabels(request: SteerRequest, change: OverrideChange | undefined): boolean {
  if (request.action === 'undo')
    return [change?.before, change?.after].some((spec) => JSON.stringify(spec)?.includes('"selector"'));
  const { target } = request;
  return 'backends' in target && target.backends?.matchLabels !== undefined;
}

async function write(
  planned: Write,
  city: ReadCity,
  who: string,
  request: SteerRequest,
  { client, now }: DirectOptions,
) {
  const { namespace = '', name } = planned.object.metadata;
  const previous = city.overrides.find(
    ({ metadata }) => metadata.name === name && (metadata.namespace ?? '') === namespace,
  );
  const { change, untold } = await carryOut(
    { ...planned, previous },
    {
      client,
      who,
      how: 'cli',
      reason: request.reason,
      undoes: request.action === 'undo' ? request.change : undefined,
      now,
      overtaken: (then) => overtakenBy(planned, city, then),
    },
  );
  if (!untold) return { id: change.id, trouble: [] };
  return {
    id: change.id,
    trouble: [`It could not be told as an event (${untold.message}): only a dashboard can undo it.`],
  };
}

const previewOf = ({ writes, tables, truncated }: UnconfirmedPlan): SteerPreview => ({
  writes: writes.map(({ write }) => write),
  tables,
  truncated,
  nodes: [],
});

function refusalOf(error: unknown): SteerAnswer {
  if (error instanceof SteerRefusal) {
    const { code, message, plan, sight } = error;
    return {
      ok: false,
      code,
      message,
      ...(plan && { preview: previewOf(plan) }),
      ...(sight && { seen: sight.digest }),
    };
  }
  if (error instanceof WriteRefusal) return { ok: false, code: error.code, message: error.message };
  if (error instanceof KubeError) return { ok: false, code: REFUSAL_OF[error.code], message: error.message };
  throw error;
}

function never(): never {
  throw new Error('an undo was planned without its change');
}
