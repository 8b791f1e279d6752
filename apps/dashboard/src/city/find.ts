import type { City } from './city.ts';

/**
 * What a person can select. A `road` is a bundle of edges on the map, its id is `roadId(from, to)`; `barred` is one of attempts that
 * policies refuse, its id is `barredId(from, to)`.
 */
export interface Selection {
  readonly kind: 'service' | 'backend' | 'pod' | 'node' | 'namespace' | 'edge' | 'road' | 'policy' | 'barred';
  readonly id: string;
}

export const sameSelection = (a: Selection | undefined, b: Selection | undefined): boolean =>
  a?.kind === b?.kind && a?.id === b?.id;

/** `service~shop/web`: how a selection stands in the address bar. */
export const selectionToText = (selection: Selection): string => `${selection.kind}~${selection.id}`;

export function selectionFromText(text: string | null): Selection | undefined {
  const match = /^(service|backend|pod|node|namespace|edge|road|policy|barred)~(.+)$/s.exec(text ?? '');
  return match ? { kind: match[1] as Selection['kind'], id: match[2] as string } : undefined;
}

/** True while the thing selected exists. A street lasts as long as the places at its ends are named. */
export function exists(city: City, { kind, id }: Selection): boolean {
  return kind === 'road' || kind === 'barred' || city[kind].has(id);
}

/** Where on the map a selection is: of a backend its pod, or its Service when no pod is known behind it. */
export function onMap({ backend }: Pick<City, 'backend'>, selection: Selection): Selection {
  if (selection.kind !== 'backend') return selection;
  const found = backend.get(selection.id);
  if (found?.podUid !== undefined) return { kind: 'pod', id: found.podUid };
  return { kind: 'service', id: found?.service ?? '' };
}

/** Services whose traffic a panel of the selection reads, as far as they are few. */
export function servicesOf(
  { backend, edge }: Pick<City, 'backend' | 'edge'>,
  { kind, id }: Selection,
): readonly string[] {
  if (kind === 'service') return [id];
  if (kind === 'road') return id.split('→service:').slice(1);
  const own = kind === 'backend' ? backend.get(id)?.service : kind === 'edge' ? edge.get(id)?.service : undefined;
  if (own !== undefined) return [own];
  if (kind !== 'pod') return [];
  const backs = [...backend.values()].filter(({ podUid }) => podUid === id).map(({ service }) => service);
  return [...new Set(backs)].sort();
}
