import { type KubeClient, KubeError, type KubeErrorCode, resources } from '@kubecity/kube';
import type { Refusal, SteerAnswer, SteerRequest } from '@kubecity/protocol';
import type { KubeRoutingOverride } from '@kubecity/routing';
import type { Logger } from 'pino';
import type { Person } from './auth/person.ts';
import type { CityModel } from './city-model.ts';
import type { Steer } from './steer-door.ts';
import { planSteer, type SteerPlan, SteerRefusal } from './steer-plan.ts';

export interface SteeringOptions {
  readonly model: CityModel;
  readonly log: Logger;
  readonly now: () => number;
}

const { group, plural } = resources.routingOverrides;
const VERBS = { create: 'create', replace: 'update', delete: 'delete' } as const;

/**
 * Carries out the operators' requests, one after the other: each is judged on what the one before has written, so that
 * two drains cannot both pass the guard. The answer is always in words; the returned function never rejects.
 */
export function steering({ model, log, now }: SteeringOptions): Steer {
  let last: Promise<unknown> = Promise.resolve();

  async function steer({ client }: Person, request: SteerRequest): Promise<SteerAnswer> {
    try {
      return await carryOut(client, request);
    } catch (error) {
      if (error instanceof SteerRefusal) return { ok: false, code: error.code, message: error.message };
      if (error instanceof KubeError) return { ok: false, ...inWords(error) };
      log.error({ err: error, request }, 'steer failed');
      return {
        ok: false,
        code: 'api-unavailable',
        message: 'The dashboard failed; its log says why. Nothing was done.',
      };
    }
  }

  async function carryOut(client: KubeClient, request: SteerRequest): Promise<SteerAnswer> {
    if (model.store.get('cluster', 'cluster')?.apiState !== 'live') {
      const message =
        'The dashboard has lost sight of the cluster’s API, and does not decide on old news. Try again soon.';
      throw new SteerRefusal('api-unavailable', message);
    }
    const plan = planSteer(
      request,
      {
        services: model.objects('services').values(),
        endpointSlices: model.objects('endpointSlices').values(),
        pods: model.objects('pods').values(),
        overrides: model.objects('routingOverrides').values(),
      },
      now(),
    );
    if (plan.do === 'nothing') return { ok: true, override: plan.override, message: plan.message };
    await requireRight(client, plan);
    await write(client, plan);
    return { ok: true, override: plan.object.metadata.name, message: plan.message };
  }

  async function requireRight(
    client: KubeClient,
    { do: action, object }: Exclude<SteerPlan, { do: 'nothing' }>,
  ): Promise<void> {
    const { namespace, name } = object.metadata;
    const verb = VERBS[action];
    const { allowed, reason } = await client.selfAccess({ verb, group, resource: plural, namespace, name });
    if (allowed) return;
    const why = reason ? ` (${reason})` : '';
    throw new SteerRefusal('forbidden', `You may not ${verb} RoutingOverrides in namespace ${namespace}${why}.`);
  }

  /** The model learns of it from the answer, before the watch tells. */
  async function write(
    client: KubeClient,
    { do: action, object }: Exclude<SteerPlan, { do: 'nothing' }>,
  ): Promise<void> {
    const { namespace, name, uid } = object.metadata;
    if (action === 'delete') {
      await client.delete(resources.routingOverrides, { namespace, name }, { uid });
      model.deleteObject('routingOverrides', object, now());
      return;
    }
    const stored =
      action === 'create'
        ? await client.create<KubeRoutingOverride>(resources.routingOverrides, object)
        : await client.replace<KubeRoutingOverride>(resources.routingOverrides, object);
    model.setObject('routingOverrides', stored, now());
  }

  return (person, request) => {
    const answer = last.then(() => steer(person, request));
    last = answer;
    return answer;
  };
}

const refusalOf: Record<KubeErrorCode, Refusal> = {
  'not-found': 'not-found',
  conflict: 'conflict',
  'already-exists': 'conflict',
  gone: 'conflict',
  forbidden: 'forbidden',
  unauthorized: 'forbidden',
  invalid: 'invalid-request',
  unreachable: 'api-unavailable',
  unknown: 'api-unavailable',
};

const lead: Partial<Record<Refusal, string>> = {
  'not-found': 'It is gone meanwhile',
  conflict: 'Somebody else changed it at the same moment; look again and repeat',
  forbidden: 'The cluster does not permit it',
  'invalid-request': 'The cluster refuses it',
  'api-unavailable': 'The cluster’s API does not answer; it may not have been done',
};

function inWords(error: KubeError): { code: Refusal; message: string } {
  const code = refusalOf[error.code];
  return { code, message: `${lead[code]}: ${error.message}` };
}
