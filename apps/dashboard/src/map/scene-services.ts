import type { Edge } from '../city/edges.ts';
import type { Stand } from '../city/services.ts';
import {
  bundle,
  type EdgeEnds,
  type Flow,
  GONE_GATE,
  NODES_GATE,
  OUTSIDE_GATE,
  pathId,
  podPlace,
  roadId,
  type Survey,
  servicePlace,
} from '../city/survey.ts';
import { isAlive, NO_TRAFFIC, stale } from '../city/traffic.ts';
import { around, type Point, type Rect } from './geometry.ts';
import { bowed, distanceToPath, type Path } from './path.ts';
import type { Link, Plot, ServicesPlan } from './plan-services.ts';
import { HOUSE, houseDistance, plotRadius, splitRing } from './ring.ts';
import {
  activity,
  type Gate,
  type House,
  type Junction,
  PATH_WIDTH,
  type Road,
  ringRadius,
  roadWidth,
  type Scene,
} from './scene.ts';
import { agentState, hamletRadius, hamletsOf } from './scene-hamlets.ts';

/** Plots and links of the services lens: the input of `planServices`. */
export function plotsOf(survey: Survey): { readonly plots: readonly Plot[]; readonly links: readonly Link[] } {
  const plots: Plot[] = [];
  for (const [id, service] of survey.city.service) {
    const houses = survey.stands.get(id)?.length ?? 0;
    plots.push({ id: servicePlace(id), namespace: service.namespace, radius: plotRadius(houses) });
  }
  for (const hamlet of survey.hamlets.values()) {
    plots.push({ id: hamlet.id, namespace: hamlet.namespace, radius: hamletRadius(hamlet.pods.length) });
  }
  return { plots, links: bundle(survey, roadOf).map(({ from, to }) => ({ from, to })) };
}

const roadOf = ({ origin, service }: EdgeEnds): string | undefined =>
  service === undefined || origin === service ? undefined : roadId(origin, service);

/** Of the nodes' own direct connections (probes of every pod) no path is drawn: it would lead from one gate to every house. */
function footpathOf({ origin, target }: EdgeEnds, edge: Edge): string | undefined {
  if (target === undefined || origin === target || edge.client.kind === 'node' || !isAlive(edge)) return undefined;
  return pathId(origin, target);
}

/** The services lens as it stands now. `plan` has a place for every plot of the same survey. */
export function sceneOfServices(survey: Survey, plan: ServicesPlan): Scene {
  const { city, sums } = survey;
  const busiest = Math.max(0, ...[...sums.byService.values()].map((traffic) => traffic.openedPerSecond));
  const busiestPod = Math.max(0, ...[...sums.byBackend.values()].map((traffic) => traffic.openedPerSecond));
  const junctions: Junction[] = [];
  const houses: House[] = [];
  for (const [id, service] of city.service) {
    const spot = plan.spots[servicePlace(id)];
    if (!spot) continue;
    const traffic = sums.byService.get(id) ?? NO_TRAFFIC;
    const stands = survey.stands.get(id) ?? [];
    const light = (stand: Stand) => activity(rateOf(survey, stand), busiestPod);
    const { segments, middles } = splitRing(stands, light);
    const { x, y } = spot;
    const rate = traffic.openedPerSecond;
    const problem = service.problems.length > 0;
    const radius = ringRadius(rate, busiest);
    const place = servicePlace(id);
    junctions.push({
      id: place,
      service: id,
      label: service.name,
      x,
      y,
      radius,
      rate,
      segments,
      problem,
      stale: stale(traffic),
    });
    for (const [i, stand] of stands.entries()) {
      const angle = middles[i] as number;
      const distance = houseDistance(i, stands.length);
      houses.push(
        houseAt(survey, stand, id, light(stand), {
          x: x + Math.sin(angle) * distance,
          y: y - Math.cos(angle) * distance,
        }),
      );
    }
  }
  const hamlets = hamletsOf(survey, plan);
  houses.push(...hamlets.houses);
  const districts = Object.entries(plan.cells).flatMap(([label, cells]) =>
    cells.map((rect) => ({ id: `namespace:${label}`, label, rect, shape: 'parcel' as const })),
  );
  const land = around(Object.values(plan.cells).flat());
  const flows = bundle(survey, (ends, edge) => roadOf(ends) ?? footpathOf(ends, edge));
  const gates = gatesOf(flows, land);
  return {
    lens: 'services',
    bounds: around([land, ...gates.map(({ x, y }) => ({ x: x - 50, y: y - 40, width: 100, height: 100 }))], 24),
    districts,
    water: [],
    buildings: [],
    junctions,
    yards: hamlets.yards,
    houses,
    gates,
    roads: roadsOf(flows, plan, land, gates, busiest),
  };
}

const rateOf = (survey: Survey, stand: Stand): number =>
  stand.backends.reduce((sum, { id }) => sum + (survey.sums.byBackend.get(id)?.openedPerSecond ?? 0), 0);

function houseAt(survey: Survey, stand: Stand, service: string, light: number, at: Point): House {
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
    sign: agentState(survey, stand.node) === 'absent' ? 'unknown' : stand.sign,
    weight: stand.weight,
    stale: agentState(survey, stand.node) !== 'live',
    at: servicePlace(service),
  };
}

function gatesOf(flows: readonly Flow[], land: Rect): Gate[] {
  const rate = (id: string) =>
    flows.filter((flow) => flow.from === id).reduce((sum, flow) => sum + flow.traffic.openedPerSecond, 0);
  const named = [
    { id: OUTSIDE_GATE, label: 'outside', down: 250 },
    { id: NODES_GATE, label: 'node clients', down: 430 },
    { id: GONE_GATE, label: 'clients now gone', down: 610 },
  ];
  return named
    .filter(({ id }) => flows.some((flow) => flow.from === id))
    .map(({ id, label, down }) => ({ id, label, rate: rate(id), x: land.x - 76, y: land.y + down }));
}

function roadsOf(
  flows: readonly Flow[],
  plan: ServicesPlan,
  land: Rect,
  gates: readonly Gate[],
  busiest: number,
): Road[] {
  const places = new Map<string, Point & { radius: number }>(Object.entries(plan.spots));
  for (const gate of gates) places.set(gate.id, { x: gate.x, y: gate.y, radius: 20 });
  const scale = busiest > 0 ? Math.min(4, 15 / Math.sqrt(busiest)) : 0;
  return flows.flatMap(({ id, from, to, traffic, edges }) => {
    const direct = id === pathId(from, to);
    const [start, end] = [places.get(from), places.get(to)];
    if (!start || !end) return [];
    return [
      {
        id,
        from,
        to,
        path: wayAround(
          land,
          start,
          end,
          [...places].filter(([id]) => id !== from && id !== to).map(([, place]) => place),
        ),
        width: direct ? PATH_WIDTH : roadWidth(traffic.openedPerSecond, scale),
        direct,
        rate: traffic.openedPerSecond,
        backRate: 0,
        refused: traffic.refusedPerSecond,
        stale: stale(traffic),
        edges,
      },
    ];
  });
}

const BOWS = [0.1, 0.2, -0.12, 0.3, -0.24, 0.42, -0.38] as const;

/**
 * The gentlest curve that runs through the fewest other places and stays on the land. Its lean to the left keeps A→B and
 * B→A apart.
 */
function wayAround(land: Rect, start: Point, end: Point, others: readonly (Point & { radius: number })[]): Path {
  let best: Path | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const bow of BOWS) {
    const path = bowed(start, end, bow);
    let cost = Math.abs(bow) * 40 + straying(path, land);
    for (const other of others) {
      const inside = other.radius * 0.85 - distanceToPath(path, other);
      if (inside > 0) cost += 6 + inside;
    }
    if (cost < least) [best, least] = [path, cost];
    if (cost < 5) break;
  }
  return best as Path;
}

/** How far a way leaves the land above or below; to the gates it must. */
function straying({ xy }: Path, land: Rect): number {
  let most = 0;
  for (let i = 1; i < xy.length; i += 2) {
    const y = xy[i] as number;
    most = Math.max(most, land.y - y, y - land.y - land.height);
  }
  return most;
}
