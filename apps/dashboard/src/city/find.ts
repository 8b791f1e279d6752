import type { City } from './city.ts';

/** What a person can select. A `road` is a bundle of edges on the map, its id is `roadId(from, to)`. */
export interface Selection {
  readonly kind: 'service' | 'backend' | 'pod' | 'node' | 'namespace' | 'edge' | 'road';
  readonly id: string;
}

export const sameSelection = (a: Selection | undefined, b: Selection | undefined): boolean =>
  a?.kind === b?.kind && a?.id === b?.id;

/** `service~shop/web`: how a selection stands in the address bar. */
export const selectionToText = (selection: Selection): string => `${selection.kind}~${selection.id}`;

export function selectionFromText(text: string | null): Selection | undefined {
  const match = /^(service|backend|pod|node|namespace|edge|road)~(.+)$/s.exec(text ?? '');
  return match ? { kind: match[1] as Selection['kind'], id: match[2] as string } : undefined;
}

/** One line of the find box. */
export interface Place {
  readonly selection: Selection;
  readonly label: string;
  readonly detail: string;
  /** Everything it is found by: names and addresses. */
  readonly words: readonly string[];
}

/** Every place that has a name or an address, in reading order. */
export function placesOf(city: City): readonly Place[] {
  const places: Place[] = [];
  for (const [id, service] of city.service) {
    const ports = service.ports.map((port) => `${port.port}/${port.protocol}`).join(' ');
    const words = [id, service.name, ...(service.clusterIP ? [service.clusterIP] : [])];
    const detail = [service.namespace, service.clusterIP, ports].filter(Boolean).join(' · ');
    places.push({ selection: { kind: 'service', id }, label: service.name, detail, words });
  }
  for (const [id, pod] of city.pod) {
    const words = [pod.name, `${pod.namespace}/${pod.name}`, ...(pod.ip ? [pod.ip] : [])];
    const detail = [pod.namespace, pod.node, pod.ip].filter(Boolean).join(' · ');
    places.push({ selection: { kind: 'pod', id }, label: pod.name, detail, words });
  }
  for (const [id, node] of city.node) {
    const detail = [node.zone, ...node.addresses].filter(Boolean).join(' · ');
    places.push({ selection: { kind: 'node', id }, label: node.name, detail, words: [node.name, ...node.addresses] });
  }
  for (const [id, namespace] of city.namespace) {
    places.push({ selection: { kind: 'namespace', id }, label: namespace.name, detail: 'namespace', words: [id] });
  }
  return places.sort((a, b) => a.label.localeCompare(b.label, 'en', { numeric: true }));
}

/** True while the thing selected exists. A road lasts as long as the places at its ends are named. */
export function exists(city: City, { kind, id }: Selection): boolean {
  return kind === 'road' || city[kind].has(id);
}
