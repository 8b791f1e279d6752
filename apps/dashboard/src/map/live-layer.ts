import { type Rect, sameRect } from './geometry.ts';
import type { Sight } from './still-layer.ts';

/** A picture that is drawn anew on every frame: no larger than what moves, as the browser copies all of its pixels each time. */
export class LiveLayer {
  readonly #canvas: HTMLCanvasElement;
  #frame: Rect = { x: 0, y: 0, width: 0, height: 0 };
  #empty = true;

  constructor(host: HTMLElement) {
    this.#canvas = document.createElement('canvas');
    this.#canvas.className = 'pointer-events-none absolute top-0 left-0';
    this.#canvas.hidden = true;
    this.#canvas.setAttribute('aria-hidden', 'true');
    host.append(this.#canvas);
  }

  /** Nothing is to be seen on it; costs nothing when that is so already. */
  clear(): void {
    if (this.#empty) return;
    this.#empty = true;
    this.#canvas.hidden = true;
  }

  /**
   * `paint` draws in world units.
   * @param frame part of the screen that is drawn on, whole CSS pixels
   */
  draw(sight: Sight, frame: Rect, paint: (context: CanvasRenderingContext2D) => void): void {
    const canvas = this.#canvas;
    const { ratio, zoom } = sight;
    const [width, height] = [Math.round(frame.width * ratio), Math.round(frame.height * ratio)];
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
    }
    const context = canvas.getContext('2d');
    if (!context) return;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, width, height);
    context.setTransform(ratio * zoom, 0, 0, ratio * zoom, ratio * (sight.x - frame.x), ratio * (sight.y - frame.y));
    paint(context);
    if (!sameRect(frame, this.#frame)) this.#put(frame);
    if (this.#empty) canvas.hidden = false;
    this.#empty = false;
  }

  #put(frame: Rect): void {
    const { style } = this.#canvas;
    style.translate = `${frame.x}px ${frame.y}px`;
    style.width = `${frame.width}px`;
    style.height = `${frame.height}px`;
    this.#frame = frame;
  }

  close(): void {
    this.#canvas.remove();
  }
}
