import type { CityRecord } from '@kubecity/protocol';
import type { City } from './city.ts';
import { GONE_GATE, NODES_GATE, nodePlace, OUTSIDE_GATE, podPlace, servicePlace } from './edge-ends.ts';
import { hamletId } from './ground.ts';
import { NO_ZONE } from './lanes.ts';
import { remembered } from './remembered.ts';
import type { Survey } from './survey.ts';

export type Refusal = CityRecord<'refusal'>;
export type NamedRefusal = readonly [id: string, refusal: Refusal];

/** Every place of the map in which the two ends of a refused attempt stand, the smallest first; of both lenses. */
export interface RefusalEnds {
  readonly from: readonly string[];
  readonly to: readonly string[];
}

/** Of all attempts that are known. */
export const endsOfRefusals = ({ city, homes }: Pick<Survey, 'city' | 'homes'>): ReadonlyMap<string, RefusalEnds> =>
  endsOf(city.refusal, city.pod, city.node, homes);

const endsOf = remembered(
  (refusals: City['refusal'], pods: City['pod'], nodes: City['node'], homes: Survey['homes']) => {
    const places = new Places(pods, nodes, homes);
    const ends = new Map<string, RefusalEnds>();
    for (const [id, refusal] of refusals)
      ends.set(id, { from: places.ofClient(refusal), to: places.ofTarget(refusal) });
    return ends as ReadonlyMap<string, RefusalEnds>;
  },
);

class Places {
  readonly #pods: City['pod'];
  readonly #nodes: City['node'];
  readonly #homes: Survey['homes'];

  constructor(pods: City['pod'], nodes: City['node'], homes: Survey['homes']) {
    this.#pods = pods;
    this.#nodes = nodes;
    this.#homes = homes;
  }

  ofClient({ client }: Refusal): string[] {
    if (client.kind === 'outside') return [client.id, OUTSIDE_GATE];
    if (client.kind === 'node') return [...this.#ofNode(client.node ?? client.label), NODES_GATE];
    const uid = client.id.slice('pod:'.length);
    return this.#pods.has(uid) ? this.#ofPod(uid) : [client.id, GONE_GATE, ...this.#ofNode(client.node)];
  }

  /** Of an address that nobody has: the node that keeps its range closed; of one far away: the way out. */
  ofTarget({ podUid, service, address, direction, node }: Refusal): string[] {
    if (podUid !== undefined && this.#pods.has(podUid)) return this.#ofPod(podUid, service);
    const own = [`address:${address}`];
    if (service !== undefined) return [...own, servicePlace(service), namespacePlace(service)];
    return direction === 'egress' ? [...own, OUTSIDE_GATE] : [...own, ...this.#ofNode(node)];
  }

  /** A pod may stand at several Services: `at` is the one that was meant. */
  #ofPod(uid: string, at?: string): string[] {
    const pod = this.#pods.get(uid);
    if (!pod) return [];
    const home = this.#homes.get(uid);
    const service = at ?? home;
    const house = podPlace(uid);
    return [
      service === home ? house : `${house}@${service}`,
      ...(service === home ? [] : [house]),
      service === undefined ? hamletId(pod) : servicePlace(service),
      `namespace:${pod.namespace}`,
      ...this.#ofNode(pod.node),
    ];
  }

  #ofNode(node: string | undefined): string[] {
    return node === undefined ? [] : [nodePlace(node), `zone:${this.#nodes.get(node)?.zone ?? NO_ZONE}`];
  }
}

const namespacePlace = (service: string): string => `namespace:${service.slice(0, service.indexOf('/'))}`;

/** A street on which attempts are refused; its ends are places of any kind. */
export const barredId = (from: string, to: string): string => `${from}⊣${to}`;

export function placesOfBarred(id: string): { readonly from: string; readonly to: string } {
  const [from = '', to = ''] = id.split('⊣');
  return { from, to };
}

/** The attempts of a street, the freshest first. */
export function refusalsOn(survey: Pick<Survey, 'city' | 'homes'>, street: string): readonly NamedRefusal[] {
  const { from, to } = placesOfBarred(street);
  return freshest(survey.city, (id) => {
    const ends = endsOfRefusals(survey).get(id);
    return ends ? ends.from.includes(from) && ends.to.includes(to) : false;
  });
}

/** Attempts that a thing makes or that are made to it. */
export function refusalsOf(survey: Pick<Survey, 'city' | 'homes'>, place: string): readonly NamedRefusal[] {
  return freshest(survey.city, (id) => {
    const ends = endsOfRefusals(survey).get(id);
    return ends !== undefined && (ends.from.includes(place) || ends.to.includes(place));
  });
}

export const refusalsOfPolicy = (city: City, policy: string): readonly NamedRefusal[] =>
  freshest(city, (_, { policies }) => policies.includes(policy));

const freshest = ({ refusal }: City, is: (id: string, refusal: Refusal) => boolean): readonly NamedRefusal[] =>
  [...refusal].filter(([id, one]) => is(id, one)).sort(([, a], [, b]) => b.lastAt - a.lastAt);

/** The street of one attempt as it is seen from nearest. */
export function streetOfRefusal(survey: Pick<Survey, 'city' | 'homes'>, id: string): string {
  const { from, to } = endsOfRefusals(survey).get(id) ?? { from: [], to: [] };
  return barredId(from[0] ?? '', to[0] ?? '');
}

/** `payments/only-checkout`, of several the first and how many more; who refuses when no pod has the address. */
export function policiesWords(policies: readonly string[], namespace?: string): string {
  const [first, ...more] = policies;
  if (first === undefined) return 'no known pod';
  const own = namespace !== undefined && first.startsWith(`${namespace}/`) ? first.slice(namespace.length + 1) : first;
  return more.length === 0 ? own : `${own} +${more.length}`;
}
