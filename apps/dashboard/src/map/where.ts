import type { Selection } from '../city/find.ts';
import { placesOfRoad, type Survey, servicePlace } from '../city/survey.ts';
import { around, centre, type Point, type Rect } from './geometry.ts';
import { type NodesPlan, roomRect } from './plan-nodes.ts';
import type { ServicesPlan } from './plan-services.ts';

/** Where things stand on one lens, drawn or folded. */
export interface Where {
  /** The ground of a place of the map, by its id; undefined when it has none on this lens. */
  readonly place: (id: string) => Rect | undefined;
  /** The ground that a flight to it should show. */
  readonly selection: (selection: Selection) => Rect | undefined;
}

const nearby = ({ x, y }: Point, reach: number): Rect => ({
  x: x - reach,
  y: y - reach,
  width: 2 * reach,
  height: 2 * reach,
});

/** Of the services lens. A pod lies with its Service or hamlet; where a house stands in it only the scene knows. */
export function whereOnServices(survey: Survey, plan: ServicesPlan): Where {
  const place = (id: string): Rect | undefined => {
    const spot = plan.spots[id];
    if (spot) return nearby(spot, spot.radius);
    if (id.startsWith('namespace:')) {
      const cells = plan.cells[id.slice('namespace:'.length)];
      return cells && around(cells);
    }
    if (!id.startsWith('pod:')) return undefined;
    const uid = id.slice('pod:'.length).replace(/@.*$/, '');
    const home = survey.homes.get(uid);
    const hamlet = [...survey.hamlets.values()].find(({ pods }) => pods.some((pod) => pod.uid === uid));
    return place(home === undefined ? (hamlet?.id ?? '') : servicePlace(home));
  };
  return { place, selection: (selection) => groundOf(survey, place, selection, 150) };
}

/** Of the nodes lens. */
export function whereOnNodes(survey: Survey, plan: NodesPlan): Where {
  const place = (id: string): Rect | undefined => {
    const bare = id.slice(id.indexOf(':') + 1);
    if (id.startsWith('service:')) return plan.junctions[id] && nearby(plan.junctions[id], 20);
    if (id.startsWith('node:')) return plan.buildings[bare];
    if (id.startsWith('zone:')) return plan.zones[bare];
    const pod = id.startsWith('pod:') ? survey.city.pod.get(bare) : undefined;
    const building = plan.buildings[pod?.node ?? ''];
    const room = plan.rooms[bare];
    return building && room !== undefined ? roomRect(building, room) : building;
  };
  return { place, selection: (selection) => groundOf(survey, place, selection, 230) };
}

function groundOf(
  survey: Survey,
  place: (id: string) => Rect | undefined,
  { kind, id }: Selection,
  reach: number,
): Rect | undefined {
  if (kind === 'road' || kind === 'edge') {
    const ends = survey.ends.get(id);
    const places = kind === 'road' ? Object.values(placesOfRoad(id)) : [ends?.origin, ends?.service, ends?.target];
    const grounds = places.flatMap((one) => (typeof one === 'string' && place(one)) || []);
    return grounds.length > 0 ? around(grounds, 120) : undefined;
  }
  const ground = place(`${kind}:${id}`);
  if (!ground) return undefined;
  return kind === 'service' || kind === 'pod'
    ? nearby(centre(ground), Math.max(reach, ground.width / 2 + 90))
    : around([ground], 60);
}
