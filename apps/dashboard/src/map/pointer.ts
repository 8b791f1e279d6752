import type { Point } from './geometry.ts';
import type { Hit } from './hit.ts';

export interface PointerEvents {
  /** What lies there, CSS pixels of the map. */
  readonly under: (at: Point) => Hit | undefined;
  readonly hover: (hit: Hit | undefined, at: Point) => void;
  readonly choose: (hit: Hit | undefined) => void;
  /** Does a click on it do something? */
  readonly isClickable: (hit: Hit) => boolean;
}

/** Mouse, pen and finger on the map, as far as they point: moving and zooming is the camera's. */
export class Pointer {
  readonly #host: HTMLElement;
  readonly #events: PointerEvents;

  constructor(host: HTMLElement, events: PointerEvents) {
    this.#host = host;
    this.#events = events;
    host.addEventListener('pointermove', this.#move);
    host.addEventListener('pointerleave', this.#leave);
    host.addEventListener('click', this.#click);
  }

  close(): void {
    this.#host.removeEventListener('pointermove', this.#move);
    this.#host.removeEventListener('pointerleave', this.#leave);
    this.#host.removeEventListener('click', this.#click);
  }

  #at(event: MouseEvent): Point {
    const box = this.#host.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  readonly #move = (event: PointerEvent): void => {
    const at = this.#at(event);
    // A map that is being dragged has nothing under the pointer.
    const hit = event.buttons === 0 ? this.#events.under(at) : undefined;
    this.#host.style.cursor = hit && this.#events.isClickable(hit) ? 'pointer' : 'grab';
    this.#events.hover(hit, at);
  };

  readonly #leave = (): void => this.#events.hover(undefined, { x: 0, y: 0 });

  // d3-zoom keeps clicks that end a drag from arriving here.
  readonly #click = (event: MouseEvent): void => {
    const at = this.#at(event);
    // Beside the panel that opens the map slides away from under the pointer: what is told of it would cover its neighbours.
    this.#events.hover(undefined, at);
    this.#events.choose(this.#events.under(at));
  };
}
