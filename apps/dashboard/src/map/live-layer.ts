import type { Sight } from './still-layer.ts';

/** A picture that is drawn anew on every frame: as large as the screen and no larger. */
export class LiveLayer {
  readonly #canvas: HTMLCanvasElement;
  #empty = true;

  constructor(host: HTMLElement) {
    this.#canvas = document.createElement('canvas');
    this.#canvas.className = 'pointer-events-none absolute inset-0 size-full';
    this.#canvas.setAttribute('aria-hidden', 'true');
    host.append(this.#canvas);
  }

  /** Nothing is to be seen on it; costs nothing when that is so already. */
  clear(): void {
    if (this.#empty) return;
    this.#empty = true;
    this.#canvas.getContext('2d')?.reset();
  }

  /** `paint` draws in world units. */
  draw(sight: Sight, paint: (context: CanvasRenderingContext2D) => void): void {
    const canvas = this.#canvas;
    const { ratio } = sight;
    const [width, height] = [Math.round(sight.width * ratio), Math.round(sight.height * ratio)];
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
    }
    const context = canvas.getContext('2d');
    if (!context) return;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, width, height);
    context.setTransform(ratio * sight.zoom, 0, 0, ratio * sight.zoom, ratio * sight.x, ratio * sight.y);
    this.#empty = false;
    paint(context);
  }

  close(): void {
    this.#canvas.remove();
  }
}
