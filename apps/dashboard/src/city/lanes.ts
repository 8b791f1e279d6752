import type { City } from './city.ts';
import type { EdgeEnds } from './edge-ends.ts';
import { nodePlace, pathId, placesOfRoad, podPlace, roadId } from './survey.ts';

/** `out` is along the road, towards the Service; `back` against it, from the Service to a backend's place. */
export type Lane = 'out' | 'back';

/** Nodes without a zone share one district. */
export const NO_ZONE = 'no zone';

/** Tells of any edge, by its ends, on which lane of this road it runs; `undefined` when it does not. */
export function lanesOfRoad(city: Pick<City, 'node'>, road: string): (ends: EdgeEnds) => Lane | undefined {
  const { from, to, direct } = placesOfRoad(road);
  const [isFrom, isTo] = [holds(city, from), holds(city, to)];
  const parcel = to.startsWith('namespace:');
  return (ends) => {
    // The two lenses have gates of the same name: one end is never taken from the one and the other from the other.
    const client = !parcel && (isFrom(ends.clientPlace) || isFrom(podOf(ends.clientPod)));
    if (direct !== (ends.service === undefined)) return undefined;
    if (direct && isFrom(ends.origin) && isTo(ends.target)) return 'out';
    if (isTo(ends.service)) {
      if (isFrom(ends.origin) || client) return 'out';
      return isFrom(ends.backendPlace) || isFrom(podOf(ends.backendPod)) ? 'back' : undefined;
    }
    return client && (isTo(ends.backendPlace) || isTo(podOf(ends.backendPod))) ? 'out' : undefined;
  };
}

const podOf = (uid: string | undefined) => uid && podPlace(uid);

/** Is a place this one, or in it? A namespace holds its Services and hamlets, a zone its nodes. */
function holds({ node }: Pick<City, 'node'>, id: string): (place: string | undefined) => boolean {
  const bare = id.slice(id.indexOf(':') + 1);
  if (id.startsWith('namespace:')) {
    return (place = '') => place.startsWith(`service:${bare}/`) || place.startsWith(`hamlet:${bare}/`);
  }
  if (!id.startsWith('zone:')) return (place) => place === id;
  const own = [...node.values()].filter(({ zone = NO_ZONE }) => zone === bare);
  const places = new Set(own.map(({ name }) => nodePlace(name)));
  return (place = '') => places.has(place);
}

const isDistrict = (place: string): boolean => /^(namespace|zone):/.test(place);

/** A road between districts, or past folded junctions: it stands for many. */
export function isBundle(road: string): boolean {
  const { from, to, direct } = placesOfRoad(road);
  return isDistrict(from) || isDistrict(to) || (!direct && to.startsWith('node:'));
}

/** The lens that draws a road; `undefined` when both do. */
export function lensOfRoad(road: string): 'services' | 'nodes' | undefined {
  const { from, to } = placesOfRoad(road);
  if (/^(namespace|hamlet):/.test(from) || /^(namespace|hamlet):/.test(to)) return 'services';
  return /^(zone|node|pod):/.test(from) || /^(zone|node|pod):/.test(to) ? 'nodes' : undefined;
}

/** Of a road between districts: the street from place to place on which an edge runs when it is seen from near. */
export function streetWithin(road: string, ends: EdgeEnds, lane: Lane): string {
  const { to } = placesOfRoad(road);
  if (lensOfRoad(road) === 'services') {
    return ends.service === undefined ? pathId(ends.origin, ends.target ?? '') : roadId(ends.origin, ends.service);
  }
  if (ends.service === undefined) return pathId(ends.clientPlace, ends.backendPlace ?? '');
  if (to.startsWith('service:')) return roadId(lane === 'out' ? ends.clientPlace : (ends.backendPlace ?? ''), to);
  return roadId(ends.clientPlace, ends.backendPlace ?? '');
}

/** The road between namespaces, or from a gate to one, to which an edge belongs; `undefined` of what stays within one. */
export function roadOfNamespaces({ origin, service, target }: EdgeEnds): string | undefined {
  const end = service ?? target;
  if (end === undefined) return undefined;
  const [from, to] = [parcelOf(origin), parcelOf(end)];
  if (from === to) return undefined;
  return service === undefined ? pathId(from, to) : roadId(from, to);
}

/** The namespace's parcel where a Service or hamlet stands; gates stand for themselves. */
const parcelOf = (place: string): string => place.replace(/^(?:service|hamlet):([^/]*)\/.*$/s, 'namespace:$1');
