import { floorOf, type KubeRoutingOverride, type RoutingTable } from '@kubecity/routing';
import { apiTime } from './api-time.ts';
import { type Ground, namedBy, tableWith } from './ground.ts';
import type { Write } from './plan.ts';
import { isAbout, reachOf } from './reach.ts';
import { differs } from './share-tables.ts';
import { covers, effectWords, nameOf, some, specOf } from './words.ts';

/** What the agents will make of a write, by their own rules. */
export interface Judgement {
  /** Once the floor may be broken by it; the end of its ramp. */
  readonly after: RoutingTable;
  /** Services (`namespace/name`) whose floor forbids it without `allowEmpty`. */
  readonly floored: readonly string[];
  readonly remarks: readonly string[];
  /** Of these remarks, those about others that have to give way for the floor. */
  readonly lifts: readonly string[];
  /** Nobody that it names is held by it: this override holds all of them, or the first of those that do. */
  readonly overruledBy?: KubeRoutingOverride;
  /** It would not be carried out at all; in words. */
  readonly idle?: string;
}

/** @param write a valid object */
export function judge(write: Write, ground: Ground): Judgement {
  const { object } = write;
  const others = ground.city.overrides.filter((other) => !sameObject(other, object));
  if (write.write.verb === 'delete') {
    const after = tableWith(ground, others);
    return { after, floored: brokenFloors(ground.table, after), ...besides(object, ground, after) };
  }
  const wished = asStored(object, ground.city.now);
  const spec = object.spec as { ramp?: unknown; allowEmpty?: boolean };
  const ended = { ...wished, spec: { ...spec, ramp: undefined } };
  const freed = { ...wished, spec: { ...spec, ramp: undefined, allowEmpty: true } };
  const after = tableWith(ground, [...others, freed]);
  const floored = spec.allowEmpty ? [] : flooredServices(wished.metadata.uid, ground, [...others, ended], after);
  if (!spec.allowEmpty && spec.ramp && floored.length === 0) {
    // a ramp that begins at nothing
    const free = tableWith(ground, [...others, { ...wished, spec: { ...spec, allowEmpty: true } }]);
    floored.push(...flooredServices(wished.metadata.uid, ground, [...others, wished], free));
  }
  return { after, floored, ...besides(wished, ground, after), ...fate(wished, ground, after) };
}

export function sameObject(a: KubeRoutingOverride, b: KubeRoutingOverride): boolean {
  return a.metadata.name === b.metadata.name && (a.metadata.namespace ?? '') === (b.metadata.namespace ?? '');
}

/** As the API will have it, for a judgement before it does. */
export function asStored(object: KubeRoutingOverride, now: number): KubeRoutingOverride {
  const { uid = 'wished', creationTimestamp = apiTime(now) } = object.metadata;
  return { ...object, metadata: { ...object.metadata, uid, creationTimestamp } };
}

/** Where the floor lifts somebody who would act if it were permitted. */
function flooredServices(
  uid: string | undefined,
  ground: Ground,
  overrides: readonly KubeRoutingOverride[],
  free: RoutingTable,
): string[] {
  const bound = tableWith(ground, overrides);
  const services = new Set<string>();
  for (const [id, port] of free.servicePorts) {
    const held = bound.servicePorts.get(id);
    if (port.backends.some((backend, i) => differs(backend, held?.backends[i]))) {
      services.add(`${port.namespace}/${port.name}`);
    }
  }
  for (const service of brokenFloors(ground.table, free)) services.add(service);
  // within one second the names decide who is younger, so it may be another that would have to give way
  for (const { lifted } of changesOfOthers(uid, ground, bound).values()) for (const one of lifted) services.add(one);
  return [...services];
}

/** Services with a port below its floor that has fewer than before. */
export function brokenFloors(before: RoutingTable, after: RoutingTable): string[] {
  const services = new Set<string>();
  for (const [id, port] of after.servicePorts) {
    const old = before.servicePorts.get(id);
    const { active, floor } = floorOf(port);
    if (active < floor && (!old || active < floorOf(old).active)) services.add(`${port.namespace}/${port.name}`);
  }
  return [...services];
}

/** Whether it acts at all, and who acts in its place. */
function fate(
  wished: KubeRoutingOverride,
  ground: Ground,
  after: RoutingTable,
): Pick<Judgement, 'overruledBy' | 'idle'> {
  const { uid } = wished.metadata;
  const mine = after.outcomes.find((outcome) => outcome.uid === uid);
  if (mine?.state === 'applied') return {};
  if (mine?.state !== 'overruled') return { idle: mine?.message ?? 'it names no backend' };
  const [holder] = holdersOf(wished, ground, after).keys();
  return holder ? { overruledBy: holder } : { idle: mine.message ?? 'another override holds all that it names' };
}

/** Overrides that hold what this one names, with how many backends. */
function holdersOf(wished: KubeRoutingOverride, ground: Ground, after: RoutingTable) {
  const spec = specOf(wished);
  const holders = new Map<KubeRoutingOverride, Set<string>>();
  if (!spec) return holders;
  const byUid = new Map(ground.city.overrides.map((object) => [object.metadata.uid, object]));
  for (const { port, backend } of namedBy(wished, { ...ground, table: after })) {
    if (!isAbout(reachOf(wished, spec), port) || backend.overrideUid === wished.metadata.uid) continue;
    const holder = byUid.get(backend.overrideUid);
    if (!holder) continue;
    const members = holders.get(holder) ?? new Set();
    holders.set(holder, members.add(backend.podName ?? backend.address));
  }
  return holders;
}

/** What becomes of others, and what else an operator should know. */
function besides(
  object: KubeRoutingOverride,
  ground: Ground,
  after: RoutingTable,
): Pick<Judgement, 'remarks' | 'lifts'> {
  const uid = object.metadata.uid ?? 'wished';
  const remarks: string[] = [];
  const lifts: string[] = [];
  const acts = after.outcomes.some((outcome) => outcome.uid === uid && outcome.state === 'applied');
  if (acts) {
    for (const [holder, members] of holdersOf(object, ground, after)) {
      remarks.push(`${nameOf(holder)} keeps ${some([...members])} (${effectWords(specOf(holder))}).`);
    }
  }
  for (const [other, { won, lost, lifted }] of changesOfOthers(uid, ground, after)) {
    const title = `${nameOf(other)} (${effectWords(specOf(other))}, ${covers(other)})`;
    if (lifted.size > 0) {
      lifts.push(`${title} is lifted by this for ${some([...lifted])}: it may not break the floor there.`);
    }
    if (lost.size > 0) remarks.push(`${title} no longer decides about ${some([...lost])}.`);
    if (won.size > 0) remarks.push(`${title} decides about ${some([...won])} then.`);
  }
  return { remarks: [...lifts, ...remarks, ...affinityRemarks(object, ground)], lifts };
}

interface OtherChange {
  readonly won: Set<string>;
  readonly lost: Set<string>;
  readonly lifted: Set<string>;
}

function changesOfOthers(uid: string | undefined, { city, table }: Ground, after: RoutingTable) {
  const byUid = new Map(city.overrides.map((object) => [object.metadata.uid, object]));
  const changes = new Map<KubeRoutingOverride, OtherChange>();
  const note = (whose: string | undefined, what: keyof OtherChange, text: string) => {
    const other = whose === undefined || whose === uid ? undefined : byUid.get(whose);
    if (!other) return;
    const change = changes.get(other) ?? { won: new Set(), lost: new Set(), lifted: new Set() };
    changes.set(other, change);
    change[what].add(text);
  };
  for (const [id, port] of after.servicePorts) {
    const old = table.servicePorts.get(id);
    for (const [i, backend] of port.backends.entries()) {
      const was = old?.backends[i]?.overrideUid;
      if (was === backend.overrideUid) continue;
      const who = backend.podName ?? backend.address;
      note(backend.overrideUid, 'won', who);
      if (backend.overrideUid === uid) note(was, 'lost', who);
      else note(was, 'lifted', `${port.namespace}/${port.name}`);
    }
  }
  return changes;
}

function affinityRemarks(object: KubeRoutingOverride, ground: Ground): string[] {
  const spec = specOf(object);
  if (!spec) return [];
  const members = namedBy(object, ground);
  const sticky = members.filter(({ port }) => port.affinitySeconds !== undefined);
  const services = [...new Set(sticky.map(({ port }) => `${port.namespace}/${port.name}`))];
  if (services.length === 0) return [];
  if (!spec.drain) {
    return [
      `Session affinity is on for ${some(services)}: clients that are held stay where they are; this counts for new ones.`,
    ];
  }
  return spec.drain.sticky === 'keep'
    ? [`Session affinity is on for ${some(services)}: clients that are held may come back until their time ends.`]
    : [`Session affinity is on for ${some(services)}: clients that were held go elsewhere with their next connection.`];
}
