import type { SteerEffect, SteerRequest } from '@kubecity/protocol';
import {
  BY_ANNOTATION,
  isDeepEqual,
  isExpired,
  type KubeRoutingOverride,
  kindOf,
  MAX_WEIGHT,
  type OverrideSpec,
  parseOverride,
} from '@kubecity/routing';
import type { Aim } from './aim.ts';
import { apiTime, unixTime } from './api-time.ts';
import type { Ground } from './ground.ts';
import { overrideName } from './override-name.ts';
import { type Actor, SteerRefusal } from './plan.ts';
import { type Member, membersOf } from './reach.ts';
import { specOf } from './words.ts';

/** What shall hold, once an object says it. */
export type Lasting = Exclude<SteerEffect, { kind: 'release' }>;
type Circumstances = Pick<SteerRequest, 'reason' | 'expiresAt' | 'allowEmpty'>;

/**
 * The object that says what is wished. Begun anew (`startAt`) where its effect is another than that of the object it
 * replaces, or that one's time was over.
 * @throws SteerRefusal invalid-request
 */
export function wishedObject(
  { reach, object: named }: Aim,
  effect: Lasting,
  circumstances: Circumstances,
  existing: KubeRoutingOverride | undefined,
  ground: Ground,
  actor: Actor,
): KubeRoutingOverride {
  const { now } = ground.city;
  const { service, ports, backends, namespace } = reach;
  const { reason, expiresAt, allowEmpty } = named ? kept(circumstances, named) : circumstances;
  if (expiresAt !== undefined && unixTime(expiresAt) <= now) {
    throw new SteerRefusal('invalid-request', `It would be over before it begins: expiresAt ${expiresAt} is past.`);
  }
  const wished = {
    ...(service !== undefined && { service }),
    ...(ports?.length && { ports }),
    ...(backends && { backends }),
    ...effectFields(effect, membersOf(reach, ground.table, ground.city.podBehind)),
    ...(expiresAt !== undefined && { expiresAt }),
    ...(allowEmpty && { allowEmpty }),
    ...(reason && { reason }),
  };
  const name = existing?.metadata.name ?? overrideName(effect.kind, reach);
  const metadata = namespace === '' ? { name } : { namespace, name };
  return checked({
    apiVersion: 'kubecity.dev/v1alpha1',
    kind: kindOf(metadata),
    metadata: {
      ...existing?.metadata,
      ...metadata,
      annotations: { ...existing?.metadata.annotations, [BY_ANNOTATION]: actor.user },
    },
    spec: { ...wished, ...(existing && startOf(existing, wished, now)) },
  } as KubeRoutingOverride);
}

/** Whoever changes an object that is there changes what is said of it only where something is said. */
function kept(given: Circumstances, { spec }: KubeRoutingOverride): Circumstances {
  const { reason, expiresAt } = (spec ?? {}) as Circumstances;
  return { reason: given.reason ?? reason, expiresAt: given.expiresAt ?? expiresAt, allowEmpty: given.allowEmpty };
}

function startOf(existing: KubeRoutingOverride, wished: object, now: number): { startAt?: string } {
  const { startAt } = (existing.spec ?? {}) as { startAt?: string };
  const parsed = parseOverride(existing);
  const spec = specOf({ metadata: existing.metadata, spec: wished });
  const goesOn =
    'override' in parsed && spec && !isExpired(parsed.override, now) && sameEffect(parsed.override.spec, spec);
  if (goesOn) return startAt === undefined ? {} : { startAt };
  return { startAt: apiTime(now) };
}

export function sameEffect(a: OverrideSpec, b: OverrideSpec): boolean {
  const effect = ({ weight, share, drain, ramp }: OverrideSpec) => ({ weight, share, drain, ramp });
  return isDeepEqual(effect(a), effect(b));
}

/** The object, if the API would take its spec. @throws SteerRefusal */
export function checked(object: KubeRoutingOverride): KubeRoutingOverride {
  const parsed = parseOverride(object);
  if ('override' in parsed) return object;
  const faults = parsed.problems.map(({ field, message }) => `${field}: ${message}`).join('; ');
  throw new SteerRefusal('invalid-request', `No override can say this: ${faults}.`);
}

function effectFields(effect: Lasting, members: readonly Member[]): object {
  if (effect.kind === 'drain') {
    const { kind: _, existing = 'wait', ...given } = effect;
    return { drain: { existing, ...given } };
  }
  const to = effect.kind === 'weight' ? effect.weight : effect.share;
  const value = effect.kind === 'weight' ? { weight: to } : { share: to };
  if (!effect.ramp) return value;
  const { seconds, from = effect.kind === 'weight' ? weightNow(members) : shareNow(members) } = effect.ramp;
  return from === to ? value : { ...value, ramp: { from, seconds } };
}

/** The mean, as a whole number. */
export function weightNow(members: readonly Member[]): number {
  if (members.length === 0) return 0;
  const sum = members.reduce((sum, { backend }) => sum + backend.weight, 0);
  return Math.min(MAX_WEIGHT, Math.round(sum / members.length));
}

/** Percent of the new connections that all together get, the mean of the service ports, as a whole number. */
export function shareNow(members: readonly Member[]): number {
  const byPort = Map.groupBy(members, ({ port }) => port);
  const shares = [...byPort].flatMap(([port, group]) => {
    const total = weightOf(port.backends);
    return total === 0 ? [] : (100 * weightOf(group.map(({ backend }) => backend))) / total;
  });
  return shares.length === 0 ? 0 : Math.round(shares.reduce((sum, share) => sum + share, 0) / shares.length);
}

function weightOf(backends: readonly Member['backend'][]): number {
  return backends.reduce((sum, { usable, weight }) => sum + (usable ? weight : 0), 0);
}
