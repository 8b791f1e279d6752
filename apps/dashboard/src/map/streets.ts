import type { Edge } from '../city/edges.ts';
import type { Selection } from '../city/find.ts';
import { type EdgeEnds, pathId, podPlace, roadId, type Survey } from '../city/survey.ts';
import { isAlive, podOfBackend, podUidOf } from '../city/traffic.ts';
import { centre, type Point, type Rect } from './geometry.ts';
import { bowed, cubic, type Path } from './path.ts';
import type { NodesPlan } from './plan-nodes.ts';
import { type Gate, type House, PATH_WIDTH, type Road, roadWidth } from './scene.ts';

/** Where streets and footpaths of the nodes lens can begin and end. */
export interface StreetPlaces {
  readonly plan: NodesPlan;
  readonly gates: readonly Gate[];
  readonly houses: ReadonlyMap<string, House>;
}

interface Street {
  readonly from: string;
  readonly to: string;
  readonly direct: boolean;
  rate: number;
  backRate: number;
  refused: number;
  stale: boolean;
  readonly edges: string[];
}

/**
 * Both ways between a place and a junction run on one street: out from its clients, back to its backends. Direct
 * connections take a footpath from building to building; within one there is nothing to draw.
 */
export function streetsOf(survey: Survey, places: StreetPlaces, selected: Selection | undefined): Road[] {
  const streets = new Map<string, Street>();
  for (const [id, edge] of survey.city.edge) {
    const ends = survey.ends.get(id);
    if (!ends) continue;
    const { client, target } = doorsOf(survey, id, ends, selected);
    if (ends.service === undefined) {
      if (target === undefined || client === target || !isAlive(edge)) continue;
      const path = streetAt(streets, client, target, true);
      path.rate += edge.openedPerSecond;
      note(path, id, edge, edge.refusedPerSecond);
      continue;
    }
    const out = streetAt(streets, client, ends.service);
    out.rate += edge.openedPerSecond;
    note(out, id, edge, 0);
    if (target === undefined) continue;
    const back = streetAt(streets, target, ends.service);
    back.backRate += edge.openedPerSecond;
    note(back, id, edge, edge.refusedPerSecond);
  }
  const busiest = Math.max(0, ...[...streets.values()].map((street) => street.rate + street.backRate));
  const scale = busiest > 0 ? Math.min(4, 10 / Math.sqrt(busiest)) : 0;
  return [...streets]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([id, street]): Road[] => {
      const path = street.direct ? footpath(places, street) : wayTo(places, street.from, street.to);
      const width = street.direct ? PATH_WIDTH : roadWidth(street.rate + street.backRate, scale);
      return path ? [{ id, ...street, path, width }] : [];
    });
}

/** Where an edge leaves and arrives: at the buildings, or at the rooms when it touches what is selected. */
function doorsOf(
  { city }: Survey,
  id: string,
  ends: EdgeEnds,
  selected: Selection | undefined,
): { readonly client: string; readonly target?: string } {
  const edge = city.edge.get(id) as Edge;
  const into = podOfBackend(city, edge);
  const from = edge.client.kind === 'pod' ? podUidOf(edge) : undefined;
  const alone =
    (selected?.kind === 'edge' && id === selected.id) ||
    (selected?.kind === 'service' && edge.service === selected.id) ||
    (selected?.kind === 'pod' && (selected.id === into || selected.id === from));
  const room = (uid: string | undefined) => (alone && city.pod.get(uid ?? '')?.node ? podPlace(uid ?? '') : undefined);
  return { client: room(from) ?? ends.clientPlace, target: room(into) ?? ends.backendPlace };
}

function streetAt(streets: Map<string, Street>, from: string, to: string, direct = false): Street {
  const key = direct ? pathId(from, to) : roadId(from, to);
  const known = streets.get(key);
  if (known) return known;
  const street = { from, to, direct, rate: 0, backRate: 0, refused: 0, stale: true, edges: [] };
  streets.set(key, street);
  return street;
}

function note(street: Street, id: string, edge: Edge, refused: number): void {
  street.refused += refused;
  street.stale &&= edge.stale;
  if (street.edges.at(-1) !== id) street.edges.push(id);
}

/** From door to door, bowed a little: there and back are two paths. */
function footpath(
  places: StreetPlaces,
  { from, to }: { readonly from: string; readonly to: string },
): Path | undefined {
  const [start, end] = [groundOf(places, from), groundOf(places, to)];
  if (!start || !end) return undefined;
  return bowed(edgeOfGround(start, centre(end)), edgeOfGround(end, centre(start)), 0.09);
}

/** The ground a place stands on; rooms and gates are as good as points. */
function groundOf({ plan, gates, houses }: StreetPlaces, id: string): Rect | undefined {
  const point = gates.find((gate) => gate.id === id) ?? houses.get(id);
  return point ? { x: point.x, y: point.y, width: 0, height: 0 } : plan.buildings[id.replace(/^node:/, '')];
}

const edgeOfGround = (ground: Rect, towards: Point): Point => (ground.width === 0 ? ground : doorOf(ground, towards));

/** Leaves a building through the side that faces the junction; a room through the same door as its building. */
function wayTo(places: StreetPlaces, from: string, to: string): Path | undefined {
  const junction = places.plan.junctions[to];
  if (!junction) return undefined;
  const gate = places.gates.find(({ id }) => id === from);
  if (gate) return sideways(gate, junction);
  const house = places.houses.get(from);
  if (house) return straightAway(house, junction);
  const building = places.plan.buildings[from.replace(/^node:/, '')];
  return building ? straightAway(doorOf(building, junction), junction) : undefined;
}

/** Doors spread along a wall in the direction of what they lead to, so that streets do not leave as one. */
function doorOf(building: Rect, { x, y }: Point): Point {
  const middle = centre(building);
  const dx = x - middle.x;
  const dy = y - middle.y;
  if (Math.abs(dy) > building.height / 2 + 10 || Math.abs(dx) < building.width / 2 + 10) {
    const lean = Math.atan2(dx, Math.abs(dy)) / (Math.PI / 2);
    return {
      x: middle.x + lean * (building.width / 2 - 22),
      y: middle.y + Math.sign(dy || 1) * (building.height / 2 - 6),
    };
  }
  const lean = Math.atan2(dy, Math.abs(dx)) / (Math.PI / 2);
  return { x: middle.x + Math.sign(dx) * (building.width / 2 - 6), y: middle.y + lean * (building.height / 2 - 22) };
}

function straightAway(door: Point, junction: Point): Path {
  const dx = junction.x - door.x;
  const dy = junction.y - door.y;
  return cubic(
    door,
    { x: door.x + dx * 0.08, y: door.y + dy * 0.55 },
    { x: junction.x - dx * 0.55, y: junction.y - dy * 0.08 },
    junction,
  );
}

function sideways(gate: Point, junction: Point): Path {
  const dx = junction.x - gate.x;
  return cubic(gate, { x: gate.x + dx * 0.5, y: gate.y }, { x: gate.x + dx * 0.6, y: junction.y }, junction);
}
