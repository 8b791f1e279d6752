import type { Fold } from './fold.ts';
import type { Scene } from './scene.ts';

/** Everything a scene shows plus everything it says it folds: the whole city, at every level and wherever one looks. */
export interface Totals {
  readonly services: number;
  readonly pods: number;
  readonly nodes: number;
  /** New connections, bytes and refusals per second, of every edge once. */
  readonly rate: number;
  readonly bytes: number;
  readonly refused: number;
  /** Pods that policies close, and attempts that they refuse. */
  readonly closed: number;
  readonly barred: number;
}

export function totalsOf(scene: Scene): Totals {
  const folds: (Fold | undefined)[] = [
    ...scene.districts.map(({ folded }) => folded),
    ...scene.buildings.map(({ folded }) => folded),
    ...scene.junctions.map(({ folded }) => folded),
    ...scene.yards.map(({ folded }) => folded),
  ];
  const folded = (key: keyof Fold) => folds.reduce((sum, fold) => sum + (fold?.[key] ?? 0), 0);
  const houses = scene.houses.filter(({ id, podUid }) => podUid !== undefined && !id.includes('@'));
  const streets = [...scene.roads, ...scene.asides];
  const sum = (key: 'rate' | 'bytes' | 'refused') => streets.reduce((all, street) => all + street[key], 0);
  return {
    services: scene.junctions.length + folded('services'),
    pods: houses.length + folded('pods'),
    nodes: scene.buildings.length + folded('nodes'),
    rate: sum('rate'),
    bytes: sum('bytes'),
    refused: sum('refused'),
    closed: houses.filter(({ closed }) => closed !== undefined).length + folded('closed'),
    barred: barredOf(scene),
  };
}

function barredOf({ barring: { streets, within, aside } }: Scene): number {
  const drawn = streets.reduce((sum, { refusals }) => sum + refusals.length, 0);
  return [...within.values()].reduce((sum, n) => sum + n, drawn + aside);
}
