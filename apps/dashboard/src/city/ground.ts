import type { CityRecord } from '@kubecity/protocol';
import type { City } from './city.ts';
import { kept } from './kept.ts';
import { type Backend, byName, homesOfPods, type Stand, standsOf, workloadOf } from './services.ts';

/** What does not depend on the traffic: kept from frame to frame where pods and backends stay as they are. */
export interface Ground {
  /** Of every Service, in a stable order. */
  readonly backends: ReadonlyMap<string, readonly Backend[]>;
  readonly stands: ReadonlyMap<string, readonly Stand[]>;
  readonly homes: ReadonlyMap<string, string>;
  /** Pods that back no Service, by hamlet id: those of one workload live together. */
  readonly hamlets: ReadonlyMap<string, Hamlet>;
}

export interface Hamlet {
  readonly id: string;
  readonly namespace: string;
  readonly workload: string;
  readonly pods: readonly CityRecord<'pod'>[];
}

/** What the ground is made of. */
export type Soil = Pick<City, 'pod' | 'backend'>;

/** What differs between two soils. */
export interface Dug {
  /** Uids of pods that changed, or that stand elsewhere because a backend did. */
  readonly pods: ReadonlySet<string>;
  readonly backends: ReadonlySet<string>;
}

export function dugBetween(before: Soil, now: Soil): Dug {
  const backends = changedIds(before.backend, now.backend);
  const pods = changedIds(before.pod, now.pod);
  for (const id of backends) {
    for (const { backend } of [before, now]) {
      const uid = backend.get(id)?.podUid;
      if (uid !== undefined) pods.add(uid);
    }
  }
  return { pods, backends };
}

function changedIds<T>(before: ReadonlyMap<string, T>, now: ReadonlyMap<string, T>): Set<string> {
  const changed = new Set<string>();
  if (before === now) return changed;
  for (const [id, record] of now) if (before.get(id) !== record) changed.add(id);
  for (const id of before.keys()) if (!now.has(id)) changed.add(id);
  return changed;
}

/** @param before a ground, the soil it was made of, and what was dug since: what that does not touch is taken from it */
export function groundOf(
  now: Soil,
  before?: { readonly ground: Ground; readonly soil: Soil; readonly dug: Dug },
): Ground {
  if (before && before.dug.pods.size + before.dug.backends.size === 0) return before.ground;
  const backends = backendsByService(now, before);
  const stands = new Map<string, readonly Stand[]>();
  for (const [service, group] of backends) {
    const same = before?.ground.backends.get(service) === group;
    stands.set(service, (same && before?.ground.stands.get(service)) || standsOf(group));
  }
  const homes = homesOfPods(now);
  const ground = { backends, stands, homes, hamlets: hamletsOf(now, homes, before) };
  const old = before?.ground;
  return {
    backends: kept(ground.backends, old?.backends),
    stands: kept(ground.stands, old?.stands),
    homes: kept(ground.homes, old?.homes),
    hamlets: kept(ground.hamlets, old?.hamlets),
  };
}

type Before = Parameters<typeof groundOf>[1];

function backendsByService(now: Soil, before: Before): ReadonlyMap<string, readonly Backend[]> {
  const touched = new Set<string>();
  for (const id of before?.dug.backends ?? []) {
    for (const { backend } of [before?.soil, now] as Soil[]) touched.add(backend.get(id)?.service ?? '');
  }
  const groups = new Map<string, readonly Backend[]>();
  const fresh = new Map<string, Backend[]>();
  for (const [id, backend] of now.backend) {
    const { service } = backend;
    const known = before && !touched.has(service) ? before.ground.backends.get(service) : undefined;
    if (known) {
      groups.set(service, known);
      continue;
    }
    const group = fresh.get(service);
    if (group) group.push({ ...backend, id });
    else {
      const begun = [{ ...backend, id }];
      fresh.set(service, begun);
      groups.set(service, begun);
    }
  }
  for (const group of fresh.values()) group.sort(byName);
  return groups;
}

export const hamletId = (pod: CityRecord<'pod'>): string => `hamlet:${pod.namespace}/${workloadOf(pod)}`;

function hamletsOf(now: Soil, homes: ReadonlyMap<string, string>, before: Before): ReadonlyMap<string, Hamlet> {
  const touched = new Set<string>();
  for (const uid of before?.dug.pods ?? []) {
    for (const { pod } of [before?.soil, now] as Soil[]) {
      const record = pod.get(uid);
      if (record) touched.add(hamletId(record));
    }
  }
  const hamlets = new Map<string, Hamlet>();
  const fresh = new Map<string, CityRecord<'pod'>[]>();
  for (const [uid, pod] of now.pod) {
    if (homes.has(uid)) continue;
    const id = hamletId(pod);
    const known = before && !touched.has(id) ? before.ground.hamlets.get(id) : undefined;
    if (known) {
      hamlets.set(id, known);
      continue;
    }
    const group = fresh.get(id);
    if (group) group.push(pod);
    else {
      const pods = [pod];
      fresh.set(id, pods);
      hamlets.set(id, { id, namespace: pod.namespace, workload: workloadOf(pod), pods });
    }
  }
  for (const pods of fresh.values()) pods.sort((a, b) => a.name.localeCompare(b.name) || a.uid.localeCompare(b.uid));
  return hamlets;
}
