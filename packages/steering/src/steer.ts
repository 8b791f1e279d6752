import type { SteerRequest } from '@kubecity/protocol';
import { isExpired, type KubeRoutingOverride, NEUTRAL_WEIGHT, parseOverride } from '@kubecity/routing';
import { type Aim, aimOf } from './aim.ts';
import { writeOf } from './change.ts';
import { type Ground, groundOf, tableWith } from './ground.ts';
import { type HeldCity, held } from './held-city.ts';
import { sameObject } from './judge.ts';
import { overrideName } from './override-name.ts';
import { type Actor, type Sight, type SteerCity, type SteerPlan, SteerRefusal } from './plan.ts';
import { isWithin, type Member, membersOf, reachOf, sameReach, servicesOf } from './reach.ts';
import { nothing, settle } from './settle.ts';
import { whatChanged } from './sight.ts';
import { aloneRemarks, refuseShareOfAll } from './whole-share.ts';
import { type Lasting, sameEffect, wishedObject } from './wish.ts';
import { covers, nameOf, specOf } from './words.ts';

export type Steer = Extract<SteerRequest, { action: 'steer' }>;

/** What was seen by a person under a digest; undefined = forgotten. */
export type Recall = (digest: string) => Sight | undefined;

/**
 * Decides what one request means for the objects of the cluster.
 * @param recall tells what changed since the person looked, where that is still known
 * @throws SteerRefusal
 */
export function planSteer(request: Steer, city: SteerCity, actor: Actor, recall?: Recall): SteerPlan {
  const whole = held(city);
  const aim = aimOf(request.target, whole);
  const ground = aimedGround(aim, whole);
  refuseStale(request.seen, ground, recall);
  const { effect } = request;
  if (effect.kind === 'release') return planRelease(aim, ground, request);
  const members = membersOf(aim.reach, ground.table, ground.city.podBehind);
  if (members.length === 0) throw new SteerRefusal('not-found', nobody(aim, ground));
  const existing = aim.object ?? sameNamed(aim, effect, ground);
  const alike = existing ?? equivalent(aim, effect, ground);
  if (isNeutral(request)) {
    const neutral = planNeutral(aim, alike, members, ground, request);
    if (neutral) return neutral;
  }
  const object = wishedObject(aim, effect, request, existing, ground, actor);
  refuseShareOfAll(aim, effect);
  if (alike && holdsAlready(alike, object, ground)) {
    return nothing(ground, `${holdsWords(aim, effect)} already (${nameOf(alike)}).`, alike);
  }
  const write = writeOf(existing ? 'replace' : 'create', object, existing);
  const remarks = [...cutShort(existing, ground), ...aloneRemarks(effect, members)];
  return settle(write, ground, { allowEmpty: request.allowEmpty, message: done(aim, object), remarks });
}

/** A ramp that is still on its way and is replaced. */
function cutShort(existing: KubeRoutingOverride | undefined, { table }: Ground): string[] {
  const outcome = existing && table.outcomes.find(({ uid }) => uid === existing.metadata.uid);
  const { ramp, weight, share } = outcome?.override?.spec ?? {};
  if (!existing || !ramp || outcome?.value === undefined || outcome.value === (weight ?? share)) return [];
  return [`The ramp of ${nameOf(existing)} to ${weight ?? `${share} %`} ends where it is, at ${outcome.value}.`];
}

/** Services whose overrides and backends a request is about. */
function aimedGround({ reach, object }: Aim, city: HeldCity): Ground {
  const services = servicesOf(reach, city.endpointSlices, city.podBehind);
  if (object && reach.service !== undefined) services.add(`${reach.namespace}/${reach.service}`);
  return groundOf(city, services);
}

/** @throws SteerRefusal conflict, when the person decided on another state than there is */
export function refuseStale(seen: string | undefined, { sight }: Ground, recall?: Recall): void {
  if (seen === undefined || seen === sight.digest) return;
  const before = recall?.(seen);
  const changed = before === undefined ? '' : whatChanged(before, sight);
  const what = changed === '' ? 'The overrides or backends of these Services changed' : changed;
  throw new SteerRefusal('conflict', `${what}, since you looked. Look again and repeat.`, { sight });
}

function nobody({ reach, who }: Aim, { table }: Ground): string {
  if (reach.service === undefined) return `${who} is behind no Service.`;
  const service = `${reach.namespace}/${reach.service}`;
  const ports = [...table.servicePorts.values()].map(({ portName }) => portName);
  if (ports.length === 0) return `There is no Service ${service} that is routed.`;
  const missing = reach.ports?.find((port) => !ports.includes(port));
  return missing === undefined
    ? `Service ${service} has no such backend.`
    : `Service ${service} has no port ${missing}.`;
}

/** @throws SteerRefusal conflict, when somebody gave the name to something else */
function sameNamed({ reach, alike }: Aim, { kind }: Lasting, { city }: Ground): KubeRoutingOverride | undefined {
  const name = overrideName(kind, reach);
  const existing = city.overrides.find(
    ({ metadata }) => metadata.name === name && (metadata.namespace ?? '') === reach.namespace,
  );
  const spec = existing && specOf(existing);
  if (!existing || (spec && [reach, ...alike].some((one) => sameReach(one, reachOf(existing, spec))))) return existing;
  const text = `${nameOf(existing)} exists and says something else: ${covers(existing)}.`;
  throw new SteerRefusal('conflict', `${text} Rename or delete it first.`);
}

/** Somebody's override of the very same backends, under another name. */
function equivalent({ reach, alike }: Aim, effect: Lasting, { city }: Ground): KubeRoutingOverride | undefined {
  return city.overrides.find((object) => {
    const spec = specOf(object);
    if (!spec || spec[effect.kind] === undefined) return false;
    return [reach, ...alike].some((one) => sameReach(one, reachOf(object, spec)));
  });
}

/** It says the same, is in force, and is on no ramp any more. */
function holdsAlready(existing: KubeRoutingOverride, wished: KubeRoutingOverride, { city, table }: Ground): boolean {
  const parsed = parseOverride(existing);
  const after = specOf(wished);
  if (!('override' in parsed) || !after || isExpired(parsed.override, city.now)) return false;
  const { spec } = parsed.override;
  const same =
    sameEffect(spec, after) &&
    spec.expiresAt === after.expiresAt &&
    spec.allowEmpty === after.allowEmpty &&
    spec.reason === after.reason;
  const outcome = table.outcomes.find(({ uid }) => uid === parsed.override.uid);
  return same && outcome?.state === 'applied' && outcome.message === undefined;
}

/** Weight 100 for good is no wish of its own where nobody else says otherwise. */
function isNeutral({ effect, expiresAt }: Steer): boolean {
  return effect.kind === 'weight' && effect.weight === NEUTRAL_WEIGHT && !effect.ramp && expiresAt === undefined;
}

function planNeutral(
  { who, object }: Aim,
  existing: KubeRoutingOverride | undefined,
  members: readonly Member[],
  ground: Ground,
  { allowEmpty }: Steer,
): SteerPlan | undefined {
  if (object) return undefined;
  const others = ground.city.overrides.filter((other) => !existing || !sameObject(other, existing));
  const without = tableWith(ground, others);
  const neutral = members.every(({ port, backend }) => {
    const after = without.servicePorts.get(port.id)?.backends.find(({ address }) => address === backend.address);
    return after?.overrideUid === undefined || after.draining;
  });
  if (!neutral) return undefined;
  if (!existing) return nothing(ground, `${who} has no weight of its own.`);
  const message = `${who} is back at weight ${NEUTRAL_WEIGHT}.`;
  return settle(writeOf('delete', existing, existing), ground, { allowEmpty, message });
}

/** Takes away what holds the target and nothing else: of several, the one in force. */
function planRelease(aim: Aim, ground: Ground, { allowEmpty }: Steer): SteerPlan {
  const release = (object: KubeRoutingOverride) =>
    settle(writeOf('delete', object, object), ground, { allowEmpty, message: released(aim, object) });
  if (aim.object) return release(aim.object);
  const members = membersOf(aim.reach, ground.table, ground.city.podBehind);
  const inForce = new Set(members.map(({ backend }) => backend.overrideUid));
  const own = ground.city.overrides.filter((object) => {
    const spec = specOf(object);
    return spec && [aim.reach, ...aim.alike].some((one) => isWithin(reachOf(object, spec), one));
  });
  const drains = (object: KubeRoutingOverride) => Number(specOf(object)?.drain !== undefined);
  const holds = ({ metadata }: KubeRoutingOverride) => Number(inForce.has(metadata.uid));
  const [first] = own.sort((a, b) => holds(b) - holds(a) || drains(b) - drains(a));
  if (first) return release(first);
  const holder = ground.city.overrides.find((object) => holds(object));
  if (!holder) return nothing(ground, `Nothing holds ${aim.who}.`);
  const text = `${nameOf(holder)} holds ${aim.who} and more than that: ${covers(holder)}.`;
  throw new SteerRefusal('conflict', `${text} Release or change that override as a whole.`, { sight: ground.sight });
}

function released({ who }: Aim, object: KubeRoutingOverride): string {
  const spec = specOf(object);
  if (!spec) return `${nameOf(object)} is deleted.`;
  if (spec.drain) return `${who} gets new connections again.`;
  return spec.share === undefined
    ? `${who} is back at weight ${NEUTRAL_WEIGHT}.`
    : `${who} is released from its share.`;
}

function holdsWords({ who }: Aim, effect: Lasting): string {
  if (effect.kind === 'drain') return `${who} is draining`;
  return effect.kind === 'weight' ? `${who} has weight ${effect.weight}` : `${who} has ${effect.share} %`;
}

/** What is done, as it will be once every node has it. */
export function done({ who }: Pick<Aim, 'who'>, object: KubeRoutingOverride): string {
  const spec = specOf(object);
  if (!spec) throw new Error(`${nameOf(object)} was not checked`);
  const { drain, weight, share, ramp } = spec;
  if (drain) return `${who} gets no new connections once every node has confirmed it; ${remainder(drain)}.`;
  const unit = weight === undefined ? ' %' : '';
  const way = ramp ? ` It goes there from ${ramp.from}${unit} within ${ramp.seconds} s.` : '';
  if (weight !== undefined) return `${who} gets weight ${weight} for new connections.${way}`;
  return `${who} gets ${share} % of the new connections.${way}`;
}

type Drain = NonNullable<NonNullable<ReturnType<typeof specOf>>['drain']>;

function remainder({ existing, udp = existing, deadlineSeconds, cutPerSecond }: Drain): string {
  const pace = `at most ${cutPerSecond} a second on each node`;
  const fate = {
    wait: 'what is open goes on',
    cutIdle: `idle connections are ended, ${pace}, the others go on`,
    cut: `what is open is ended, ${pace}`,
  };
  const apart = udp === existing ? '' : `, of UDP ${fate[udp]}`;
  const end = deadlineSeconds === undefined ? '' : `; what is left after ${deadlineSeconds} s is ended`;
  return `${fate[existing]}${apart}${end}`;
}
