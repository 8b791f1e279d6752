import type { Edge } from '../city/edges.ts';
import type { Selection } from '../city/find.ts';
import { closedOf, isBarred } from '../city/gates.ts';
import type { Stand } from '../city/services.ts';
import { PIECE, type Slices } from '../city/slices.ts';
import {
  type EdgeEnds,
  GONE_GATE,
  NODES_GATE,
  OUTSIDE_GATE,
  podPlace,
  type Survey,
  servicePlace,
} from '../city/survey.ts';
import { isAlive, NO_TRAFFIC, stale } from '../city/traffic.ts';
import { barringOf } from './barred.ts';
import { districtsOf } from './districts-services.ts';
import { foldOfHouses, signAt, stateOf } from './fold.ts';
import { gatesAt } from './gates.ts';
import { around, type Rect } from './geometry.ts';
import { groundAround, isNear } from './levels.ts';
import { busiestOf, measuredOf } from './measured.ts';
import type { ServicesPlan } from './plan-services.ts';
import type { Link, Plot } from './plots.ts';
import { HOUSE, houseDistance, plotRadius, splitRing } from './ring.ts';
import { activity, type House, type Junction, type Metric, ringRadius, type Scene, told } from './scene.ts';
import { hamletRadius, hamletsOf } from './scene-hamlets.ts';
import { idOf, type Street, StreetBook } from './street-book.ts';
import { ALL_OF_IT, type Wanted } from './wanted.ts';
import { waysOf } from './ways.ts';

/** Plots of the services lens, and what links them: the input of `planServices`. */
export function plotsOf(survey: Survey): readonly Plot[] {
  const plots: Plot[] = [];
  for (const [id, service] of survey.city.service) {
    const houses = survey.stands.get(id)?.length ?? 0;
    plots.push({ id: servicePlace(id), namespace: service.namespace, radius: plotRadius(houses) });
  }
  for (const hamlet of survey.hamlets.values()) {
    plots.push({ id: hamlet.id, namespace: hamlet.namespace, radius: hamletRadius(hamlet.pods.length) });
  }
  return plots;
}

/** Who calls whom, each pair once and in a fixed order: the layout depends on it. */
export function* linksOf(survey: Survey): Slices<readonly Link[]> {
  const callers = new Map<string, Set<string>>();
  let looked = 0;
  for (const { origin, service } of survey.ends.values()) {
    looked += 1;
    if (looked % PIECE === 0) yield;
    if (service === undefined || origin === service) continue;
    const own = callers.get(service);
    if (own) own.add(origin);
    else callers.set(service, new Set([origin]));
  }
  yield;
  return [...callers.keys()].sort().flatMap((to) => [...(callers.get(to) ?? [])].sort().map((from) => ({ from, to })));
}

/** Roads drawn at once, and broad ones among them; the others are told where they leave. */
const MOST_ROADS = { city: 260, district: 1000, place: 1000 } as const;
const BROAD_ROADS = { city: 36, district: 90, place: 260 } as const;

/** The services lens as it stands now. `plan` has a place for every plot of the same survey. */
export function* sceneOfServices(survey: Survey, plan: ServicesPlan, wanted: Wanted = ALL_OF_IT): Slices<Scene> {
  const { focus, metric } = wanted;
  const near = (cells: readonly Rect[] | undefined) => cells?.some((cell) => isNear(focus, 'district', cell)) ?? false;
  const open = new Set(Object.keys(plan.cells).filter((namespace) => near(plan.cells[namespace])));
  const built = yield* junctionsOf(survey, plan, wanted, open);
  const hamlets = yield* hamletsOf(survey, plan, wanted, open);
  const land = around(Object.values(plan.cells).flat());
  const gates = yield* gatesAt(survey, ({ origin }) => origin, GATES, land);
  const standing = standingOf(open);
  const districts = yield* districtsOf(survey, plan, wanted, open);
  const book = yield* bookOf(survey, standing);
  const { roads, asides } = yield* book.pave({
    metric,
    level: focus.level,
    most: MOST_ROADS[focus.level],
    broad: BROAD_ROADS[focus.level],
    keep: keeper(survey, wanted.selected, standing),
    isFar: ({ from, to }) => focus.level !== 'city' && isFolded(from) && isFolded(to),
    path: waysOf(plan, land, gates),
    scale: (busiest) => (busiest > 0 ? Math.min(metric === 'bytes' ? 1 : 4, 15 / Math.sqrt(busiest)) : 0),
    busiest: focus.level === 'place' ? busiestOf(survey.sums.byService, metric) : undefined,
  });
  const scene = {
    lens: 'services' as const,
    level: focus.level,
    metric,
    bounds: boundsOf(plan),
    districts,
    water: [],
    buildings: [],
    junctions: built.junctions,
    yards: hamlets.yards,
    houses: [...built.houses, ...hamlets.houses],
    gates,
    roads,
    asides,
  };
  return { ...scene, barring: yield* barringOf(survey, scene) };
}

const isFolded = (place: string): boolean => place.startsWith('namespace:') || place.startsWith('gate:');

/** Where the city lies, with room for its gates. */
export function boundsOf(plan: ServicesPlan): Rect {
  const land = around(Object.values(plan.cells).flat());
  return around([land, { x: land.x - Math.max(126, 0.05 * land.width), y: land.y + 210, width: 100, height: 100 }], 24);
}

/** The junctions of open districts, with their houses where those are near. */
function* junctionsOf(survey: Survey, plan: ServicesPlan, { focus, metric }: Wanted, open: ReadonlySet<string>) {
  const { city, sums } = survey;
  if (open.size === 0) return { junctions: [], houses: [] };
  yield* sums.sliced('byService');
  yield* sums.sliced('byBackend');
  const busiest = busiestOf(sums.byService, metric);
  const busiestPod = busiestOf(sums.byBackend, metric);
  const junctions: Junction[] = [];
  const houses: House[] = [];
  for (const [id, service] of city.service) {
    const place = servicePlace(id);
    const spot = plan.spots[place];
    if (!spot || !open.has(service.namespace)) continue;
    const traffic = sums.byService.get(id) ?? NO_TRAFFIC;
    const stands = survey.stands.get(id) ?? [];
    const light = (stand: Stand) => activity(tellingOf(survey, stand, metric), busiestPod);
    const { segments, middles } = splitRing(stands, light);
    const { x, y } = spot;
    const whole = isNear(focus, 'place', groundAround(spot, spot.radius));
    junctions.push({
      id: place,
      service: id,
      label: service.name,
      x,
      y,
      radius: ringRadius(told(metric, measuredOf(traffic)), busiest),
      ...measuredOf(traffic),
      segments,
      folded: whole ? undefined : foldOfHouses(survey, id),
      problem: service.problems.length > 0,
      stale: stale(traffic),
      barred: isBarred(city.pod, stands),
    });
    if (junctions.length % 8 === 0) yield;
    if (!whole) continue;
    for (const [i, stand] of stands.entries()) {
      if (stand.podUid !== undefined && !city.pod.has(stand.podUid)) continue;
      const angle = middles[i] as number;
      const distance = houseDistance(i, stands.length);
      const at = { x: x + Math.sin(angle) * distance, y: y - Math.cos(angle) * distance };
      houses.push(houseAt(survey, stand, id, light(stand), at));
    }
  }
  return { junctions, houses };
}

function tellingOf(survey: Survey, stand: Stand, metric: Metric): number {
  let sum = 0;
  for (const { id } of stand.backends) sum += told(metric, measuredOf(survey.sums.byBackend.get(id) ?? NO_TRAFFIC));
  return sum;
}

function houseAt(survey: Survey, stand: Stand, service: string, light: number, at: { x: number; y: number }): House {
  const home = stand.podUid === undefined || survey.homes.get(stand.podUid) === service;
  const id = stand.podUid === undefined ? `address:${service}|${stand.key}` : podPlace(stand.podUid);
  return {
    id: home ? id : `${id}@${service}`,
    podUid: stand.podUid,
    label: stand.name,
    x: at.x,
    y: at.y,
    size: HOUSE,
    activity: light,
    sign: signAt(survey, stand),
    wishedShare: stand.wishedShare,
    stale: stateOf(survey, stand.node) !== 'live',
    at: servicePlace(service),
    closed: closedOf(survey.city.pod.get(stand.podUid ?? '')),
  };
}

const GATES = [
  { id: OUTSIDE_GATE, label: 'outside', down: 250, part: 0.3 },
  { id: NODES_GATE, label: 'node clients', down: 430, part: 0.5 },
  { id: GONE_GATE, label: 'clients now gone', down: 610, part: 0.7 },
] as const;

/** What stands on the map for a Service or hamlet: itself in an open district, else the district. */
function standingOf(open: ReadonlySet<string>): (place: string) => string {
  const known = new Map<string, string>();
  const find = (place: string) => {
    if (place.startsWith('gate:')) return place;
    const namespace = place.slice(place.indexOf(':') + 1, place.indexOf('/'));
    return open.has(namespace) ? place : `namespace:${namespace}`;
  };
  return (place) => {
    let found = known.get(place);
    if (found === undefined) {
      found = find(place);
      known.set(place, found);
    }
    return found;
  };
}

function* bookOf(survey: Survey, standing: (place: string) => string): Slices<StreetBook> {
  const book = new StreetBook();
  let looked = 0;
  for (const [id, edge] of survey.city.edge) {
    looked += 1;
    if (looked % PIECE === 0) yield;
    const ends = survey.ends.get(id);
    if (!ends) continue;
    const from = standing(ends.origin);
    if (ends.service !== undefined) book.along(id, edge, from, standing(ends.service), false);
    else if (hasFootpath(ends, edge)) book.along(id, edge, from, standing(ends.target as string), true);
    else book.aside(from, 'pathless', edge);
  }
  return book;
}

/** Of the nodes' own direct connections (probes of every pod) no path is drawn: it would lead from one gate to every house. */
const hasFootpath = ({ target }: EdgeEnds, edge: Edge): boolean =>
  target !== undefined && edge.client.kind !== 'node' && isAlive(edge);

/** Streets of what is selected are always drawn. */
function keeper(survey: Survey, selected: Selection | undefined, standing: (place: string) => string) {
  if (selected?.kind === 'road') return (street: Street) => idOf(street) === selected.id;
  const own = selected && placeOf(survey, selected);
  const place = own && standing(own);
  return ({ from, to }: Street) => place !== undefined && (from === place || to === place);
}

function placeOf(survey: Survey, { kind, id }: Selection): string | undefined {
  if (kind === 'service') return servicePlace(id);
  if (kind === 'edge') return survey.ends.get(id)?.service;
  const home = kind === 'pod' ? survey.homes.get(id) : undefined;
  return home && servicePlace(home);
}
