import type { Selection } from '../city/find.ts';
import { podsOfPolicy } from '../city/gates.ts';
import { lanesOfRoad, NO_ZONE } from '../city/lanes.ts';
import { type NamedRefusal, refusalsOf, refusalsOfPolicy, refusalsOn } from '../city/refusals.ts';
import { podPlace, type Survey, servicePlace } from '../city/survey.ts';
import { nodeOfBackend, podOfBackend, podUidOf } from '../city/traffic.ts';
import type { Scene } from './scene.ts';
import type { TrailLeg } from './trail.ts';

/** Which places and roads a selection touches; `undefined` when nothing is selected and all is equal. */
export interface Emphasis {
  readonly chosen: ReadonlySet<string>;
  readonly touched: ReadonlySet<string>;
}

/** A way that was explained goes before what is selected: all else steps back. */
export function emphasize(
  scene: Scene,
  survey: Survey,
  selection: Selection | undefined,
  trail: readonly TrailLeg[] = [],
): Emphasis | undefined {
  if (trail.length > 0) {
    const touched = new Set(trail.flatMap(({ from, to }) => [from, to]));
    addStanding(scene, survey, touched);
    return { chosen: new Set(), touched };
  }
  if (!selection) return undefined;
  const chosen = new Set(chosenIds(survey, selection));
  const drawn = selection.kind === 'road' && scene.roads.some(({ id }) => id === selection.id);
  const edges = new Set(drawn ? [] : edgesOf(survey, selection));
  addStanding(scene, survey, chosen);
  const touched = new Set(chosen);
  for (const road of scene.roads) {
    if (!chosen.has(road.id) && !road.edges.some((edge) => edges.has(edge))) continue;
    for (const id of [road.id, road.from, road.to]) touched.add(id);
    if (selection.kind === 'edge') chosen.add(road.id);
  }
  for (const id of edges) {
    const edge = survey.city.edge.get(id);
    const uid = edge && podOfBackend(survey.city, edge);
    if (uid !== undefined) touched.add(podPlace(uid));
    if (selection.kind === 'edge' && edge?.client.kind === 'pod') touched.add(edge.client.id);
  }
  for (const house of scene.houses) {
    if (chosen.has(house.at ?? '') || (house.podUid !== undefined && chosen.has(podPlace(house.podUid)))) {
      touched.add(house.id);
      if (house.at !== undefined && selection.kind === 'pod') touched.add(house.at);
    }
  }
  const attempts = new Set(attemptsOf(survey, selection).map(([id]) => id));
  for (const { id, from, to, refusals } of scene.barring.streets) {
    if (!refusals.some(([attempt]) => attempts.has(attempt))) continue;
    for (const part of [id, from, to]) touched.add(part);
    if (selection.kind === 'barred') chosen.add(id);
  }
  if (selection.kind === 'node') {
    for (const pod of survey.city.pod.values()) if (pod.node === selection.id) touched.add(podPlace(pod.uid));
  }
  return { chosen, touched };
}

/** What policies refuse of the thing selected, or to it. */
function attemptsOf(survey: Survey, { kind, id }: Selection): readonly NamedRefusal[] {
  if (kind === 'barred') return refusalsOn(survey, id);
  if (kind === 'policy') return refusalsOfPolicy(survey.city, id);
  return kind === 'edge' || kind === 'road' || kind === 'backend' ? [] : refusalsOf(survey, `${kind}:${id}`);
}

/** A place that is folded is told by what stands for it: its district, junction or building. */
function addStanding(scene: Scene, survey: Survey, ids: Set<string>): void {
  const closed = new Set(scene.districts.flatMap(({ id, closed }) => (closed ? [id] : [])));
  const folded = new Set(
    [...scene.junctions, ...scene.buildings].flatMap(({ id, folded: parts }) => (parts ? [id] : [])),
  );
  for (const id of [...ids]) {
    for (const parent of parentsOf(scene, survey, id)) if (closed.has(parent) || folded.has(parent)) ids.add(parent);
  }
}

function parentsOf(scene: Scene, survey: Survey, id: string): readonly string[] {
  const bare = id.slice(id.indexOf(':') + 1);
  const { city, homes } = survey;
  if (scene.lens === 'nodes') {
    const node = id.startsWith('pod:') ? city.pod.get(bare)?.node : id.startsWith('node:') ? bare : undefined;
    return node === undefined ? [] : [`node:${node}`, `zone:${city.node.get(node)?.zone ?? NO_ZONE}`];
  }
  const pod = id.startsWith('pod:') ? city.pod.get(bare) : undefined;
  const home = homes.get(bare);
  if (pod) return [...(home === undefined ? [] : [servicePlace(home)]), `namespace:${pod.namespace}`];
  return /^(service|hamlet):/.test(id) ? [`namespace:${bare.slice(0, bare.indexOf('/'))}`] : [];
}

function chosenIds(survey: Survey, { kind, id }: Selection): string[] {
  if (kind === 'policy') return podsOfPolicy(survey.city, id).map(({ uid }) => podPlace(uid));
  if (kind !== 'namespace') return [kind === 'road' || kind === 'barred' ? id : `${kind}:${id}`];
  const own = (entry: { namespace: string }) => entry.namespace === id;
  return [
    `namespace:${id}`,
    ...[...survey.city.service].filter(([, service]) => own(service)).map(([key]) => `service:${key}`),
    ...[...survey.city.pod.values()].filter(own).map((pod) => podPlace(pod.uid)),
  ];
}

function edgesOf(survey: Survey, { kind, id }: Selection): string[] {
  const { city, ends } = survey;
  if (kind === 'edge') return [id];
  if (kind === 'road') {
    const laneOf = lanesOfRoad(city, id);
    return [...ends].flatMap(([key, own]) => (laneOf(own) ? [key] : []));
  }
  return [...city.edge].flatMap(([key, edge]) => {
    const into = podOfBackend(city, edge);
    const touches =
      (kind === 'service' && (edge.service === id || ends.get(key)?.origin === `service:${id}`)) ||
      (kind === 'pod' && (into === id || (edge.client.kind === 'pod' && podUidOf(edge) === id))) ||
      (kind === 'node' && (nodeOfBackend(city, edge) === id || ends.get(key)?.clientPlace === `node:${id}`)) ||
      (kind === 'namespace' && edge.service.startsWith(`${id}/`));
    return touches ? [key] : [];
  });
}
