import type { SteerRequest } from '@kubecity/protocol';
import {
  BY_ANNOTATION,
  isDeepEqual,
  type KubeRoutingOverride,
  kindOf,
  type OverrideSpec,
  overrideSpec,
  parseOverride,
} from '@kubecity/routing';
import { type Change, writeOf } from './change.ts';
import { type Ground, groundOf } from './ground.ts';
import { type HeldCity, held } from './held-city.ts';
import { type Actor, type SteerCity, type SteerPlan, SteerRefusal } from './plan.ts';
import { reachOf, servicesOf } from './reach.ts';
import { nothing, settle } from './settle.ts';
import { done, type Recall, refuseStale } from './steer.ts';
import { checked } from './wish.ts';
import { nameOf, specOf, whoOf } from './words.ts';

export type Undo = Omit<Extract<SteerRequest, { action: 'undo' }>, 'change'>;

/** Parts of a spec that are put back together or not at all, so that what comes out can always be said. */
const PARTS = {
  effect: ['weight', 'share', 'drain', 'ramp', 'startAt'],
  backends: ['service', 'ports', 'backends'],
  expiresAt: ['expiresAt'],
  allowEmpty: ['allowEmpty'],
  reason: ['reason'],
} as const satisfies Record<string, readonly (keyof OverrideSpec)[]>;
type Part = keyof typeof PARTS;
type RawSpec = Readonly<Record<string, unknown>>;

/**
 * Back to the state before a change. What others did since to other parts of the object stays.
 * @throws SteerRefusal conflict, with what else was changed since and by whom
 */
export function planUndo(change: Change, request: Undo, city: SteerCity, actor: Actor, recall?: Recall): SteerPlan {
  if (request.expiresAt !== undefined) {
    throw new SteerRefusal('invalid-request', 'An undo brings back the state before; it has no expiresAt of its own.');
  }
  const whole = held(city);
  const current = whole.overrides.find(
    ({ metadata }) => metadata.name === change.name && (metadata.namespace ?? '') === (change.namespace ?? ''),
  );
  const ground = undoGround(change, current, whole);
  refuseStale(request.seen, ground, recall);
  if (change.before === undefined) return undoCreate(change, current, ground, request);
  if (change.after === undefined) return undoDelete(change, current, ground, request, actor);
  return undoReplace(change, current, ground, request, actor);
}

function undoGround(change: Change, current: KubeRoutingOverride | undefined, city: HeldCity): Ground {
  const services = new Set<string>();
  for (const spec of [change.before, change.after, current?.spec]) {
    const parsed = spec === undefined ? undefined : specOf({ metadata: metadataOf(change), spec });
    if (!parsed) continue;
    const reach = reachOf({ metadata: metadataOf(change) }, parsed);
    for (const service of servicesOf(reach, city.endpointSlices, city.podBehind)) services.add(service);
  }
  return groundOf(city, services);
}

const metadataOf = ({ namespace, name }: Change) => (namespace === undefined ? { name } : { namespace, name });
const titleOf = (change: Change) => nameOf({ metadata: metadataOf(change) });

function undoCreate(change: Change, current: KubeRoutingOverride | undefined, ground: Ground, { allowEmpty }: Undo) {
  if (!current) return nothing(ground, `${titleOf(change)} is gone already.`);
  const touched = differingParts(rawOf(change.after), rawOf(current.spec));
  if ((change.uid !== undefined && current.metadata.uid !== change.uid) || touched.length > 0) {
    throw changedSince(change, current, touched);
  }
  return settle(writeOf('delete', current, current), ground, {
    allowEmpty,
    message: `${titleOf(change)} is taken back.`,
  });
}

function undoDelete(
  change: Change,
  current: KubeRoutingOverride | undefined,
  ground: Ground,
  request: Undo,
  actor: Actor,
): SteerPlan {
  const before = rawOf(change.before);
  if (current) {
    const touched = differingParts(before, rawOf(current.spec));
    if (touched.length === 0) return nothing(ground, `${titleOf(change)} is there again already.`, current);
    throw changedSince(change, current, touched);
  }
  return settleBack(change, { ...metadataOf(change) }, before, ground, request, actor, undefined);
}

function undoReplace(
  change: Change,
  current: KubeRoutingOverride | undefined,
  ground: Ground,
  request: Undo,
  actor: Actor,
): SteerPlan {
  if (!current) {
    const text = `${titleOf(change)} was deleted since. Take back its deletion first.`;
    throw new SteerRefusal('conflict', text, { sight: ground.sight });
  }
  const [before, after, now] = [rawOf(change.before), rawOf(change.after), rawOf(current.spec)];
  const touched = differingParts(before, after);
  const moved = differingParts(after, now);
  const both = touched.filter((part) => moved.includes(part) && !samePart(part, before, now));
  if (both.length > 0) throw changedSince(change, current, both);
  const merged: Record<string, unknown> = { ...now };
  for (const field of touched.flatMap((part) => PARTS[part])) {
    if (before[field] === undefined) delete merged[field];
    else merged[field] = before[field];
  }
  if (differingParts(merged, now).length === 0)
    return nothing(ground, `${titleOf(change)} is as before already.`, current);
  return settleBack(change, current.metadata, merged, ground, request, actor, current);
}

function settleBack(
  change: Change,
  metadata: KubeRoutingOverride['metadata'],
  raw: RawSpec,
  ground: Ground,
  { allowEmpty }: Undo,
  actor: Actor,
  current: KubeRoutingOverride | undefined,
): SteerPlan {
  const object = checked({
    apiVersion: 'kubecity.dev/v1alpha1',
    kind: kindOf(metadata),
    metadata: { ...metadata, annotations: { ...metadata.annotations, [BY_ANNOTATION]: actor.user } },
    spec: { ...raw, ...(allowEmpty && { allowEmpty }) },
  } as KubeRoutingOverride);
  const { now } = ground.city;
  const parsed = parseOverride(object);
  if (!('override' in parsed)) throw new Error(`${titleOf(change)} was not checked`);
  const { startedAt, spec } = parsed.override;
  if (spec.expiresAt !== undefined && spec.expiresAt <= now) {
    throw new SteerRefusal('conflict', `${titleOf(change)} would be over: its time ended meanwhile.`, {
      sight: ground.sight,
    });
  }
  const deadline = spec.drain?.deadlineSeconds;
  const late = deadline !== undefined && startedAt + deadline * 1000 <= now;
  const remarks = late ? ['Its deadline has passed: what is open on it is ended as soon as the nodes have it.'] : [];
  const message = `${titleOf(change)} is as it was. ${done({ who: whoOf(reachOf(object, spec)) }, object)}`;
  return settle(writeOf(current ? 'replace' : 'create', object, current), ground, { allowEmpty, message, remarks });
}

function changedSince(change: Change, current: KubeRoutingOverride, parts: readonly Part[]): SteerRefusal {
  const by = current.metadata.annotations?.[BY_ANNOTATION];
  const what = parts.length === 0 ? 'made anew' : `changed (${parts.join(', ')})`;
  const text = `${titleOf(change)} was ${what} since${by === undefined ? '' : `, last by ${by}`}.`;
  return new SteerRefusal('conflict', `${text} Take back that change first, or steer anew.`);
}

const rawOf = (spec: unknown): RawSpec => (typeof spec === 'object' && spec !== null ? (spec as RawSpec) : {});

function differingParts(a: RawSpec, b: RawSpec): Part[] {
  return (Object.keys(PARTS) as Part[]).filter((part) => !samePart(part, a, b));
}

/** By what they mean: defaults filled in, times as times. When it began counts where both say it. */
function samePart(part: Part, a: RawSpec, b: RawSpec): boolean {
  const [left, right] = [meant(a), meant(b)];
  const fields: readonly string[] = PARTS[part];
  return fields.every((field) => {
    if (field === 'startAt' && (left[field] === undefined || right[field] === undefined)) return true;
    return isDeepEqual(left[field], right[field]);
  });
}

/** One that no override could say is compared as it is written. */
function meant(spec: RawSpec): RawSpec {
  const parsed = overrideSpec.safeParse(spec);
  return parsed.success ? parsed.data : spec;
}
