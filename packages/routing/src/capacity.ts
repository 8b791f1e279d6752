import { usableOf } from './endpoints.ts';
import type { ServicePort } from './table.ts';

/** Of one service port, over the whole cluster: neither hints nor locality count. */
export interface Capacity {
  /** Backends that may take new connections. */
  readonly active: number;
  /** How few they may become by overrides without `allowEmpty`. */
  readonly floor: number;
  /** Backends that could take new connections if no override acted. */
  readonly of: number;
}

export function floorOf({ floor, backends }: ServicePort): Capacity {
  const usable = backends.filter(usableOf(backends.map((endpoint) => ({ endpoint }))));
  return { active: usable.filter(({ weight }) => weight > 0).length, floor, of: usable.length };
}
