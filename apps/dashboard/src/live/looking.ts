import type { Look } from '@kubecity/protocol';
import { create } from 'zustand';
import type { Scene } from '../map/scene.ts';

/** What of the city is looked at closely: its traffic is told every second, the rest of it within ten. */
export interface Looking {
  /** By the map; `namespace/name`. */
  readonly services: 'all' | readonly string[];
  /** By the panel, besides. */
  readonly panel: readonly string[];
}

export const useLooking = create<Looking>(() => ({ services: 'all', panel: [] }));

/**
 * The Services that are drawn with their houses, or everything where rooms of nodes are; none from so far that all of it is
 * drawn as blocks. What these show are sums of means over ten seconds, and every edge is told within ten.
 */
export function closelyDrawn({ lens, level, junctions }: Scene): 'all' | readonly string[] {
  if (lens === 'nodes') return level === 'place' ? 'all' : [];
  return junctions.flatMap(({ service, folded }) => (folded ? [] : [service])).sort();
}

/** As many as the hub takes one by one. */
const MOST = 1000;

/**
 * What the hub is told. Whoever looks at one Service `only` gets nothing else; a page that nobody sees looks at nothing,
 * and keeps up slowly.
 */
export function lookOf(only: string | undefined, { services, panel }: Looking, hidden: boolean): Look {
  if (only !== undefined) return { services: [only] };
  if (hidden) return { services: [], others: 'slow' };
  if (services === 'all') return { services: 'all' };
  const close = [...new Set([...services, ...panel])];
  return close.length > MOST ? { services: 'all' } : { services: close, others: 'slow' };
}

/** Between two looks, milliseconds: a hand that moves the map changes its mind all the time. */
export const LOOK_PAUSE = 500;

/** Tells looks to one connection: only new ones, the newest of many, and not too often. */
export class LookTeller {
  readonly #tell: (look: Look) => void;
  #told: string | undefined;
  #wanted: Look | undefined;
  #pause: ReturnType<typeof setTimeout> | undefined;

  constructor(tell: (look: Look) => void) {
    this.#tell = tell;
  }

  /** A new connection: the hub shows it all until it is told. */
  begin(look: Look): void {
    this.close();
    this.#told = JSON.stringify({ services: 'all' } satisfies Look);
    this.want(look);
  }

  want(look: Look): void {
    this.#wanted = look;
    if (this.#pause === undefined) this.#tellWanted();
  }

  /** Nothing is told any more until the next `begin`. */
  close(): void {
    clearTimeout(this.#pause);
    this.#pause = undefined;
    this.#wanted = undefined;
  }

  readonly #tellWanted = (): void => {
    this.#pause = undefined;
    const look = this.#wanted;
    if (!look || JSON.stringify(look) === this.#told) return;
    this.#told = JSON.stringify(look);
    this.#tell(look);
    this.#pause = setTimeout(this.#tellWanted, LOOK_PAUSE);
  };
}
