import type { Point } from './geometry.ts';
import { sharpnessOf } from './sharpness.ts';

/** Where one looks from: the world's origin on the screen, pixels per world unit, and the size of the screen in CSS pixels. */
export interface Sight extends Point {
  readonly zoom: number;
  readonly width: number;
  readonly height: number;
}

/** Drawn beyond the edges of the screen, in parts of its longer side: a pan of that length needs no new picture. */
const BEYOND = 0.18;
/** A picture may be shown this much larger or smaller than it was drawn before it looks wrong. */
const STRETCH = 1.6;
const FADE = 240;

/**
 * A picture of what stands still. It is drawn rarely, and moved and scaled by the browser's compositor while one pans and
 * zooms; a picture that is replaced by one of another level fades.
 */
export class StillLayer {
  readonly #host: HTMLElement;
  #canvas: HTMLCanvasElement;
  #ghosts: { readonly canvas: HTMLCanvasElement; readonly drawn: Sight }[] = [];
  #drawn: Sight | undefined;
  #fades = false;

  constructor(host: HTMLElement) {
    this.#host = host;
    this.#canvas = newCanvas();
    host.append(this.#canvas);
  }

  /** Does the picture still serve from here? */
  serves(sight: Sight): boolean {
    if (!this.#drawn) return false;
    const scale = sight.zoom / this.#drawn.zoom;
    if (scale > STRETCH || scale < 1 / STRETCH) return false;
    const { left, top } = placement(sight, this.#drawn);
    const { width, height } = sight;
    if (width !== this.#drawn.width || height !== this.#drawn.height) return false;
    const { x, y } = beyondOf(sight);
    const [right, bottom] = [left + (width + 2 * x) * scale, top + (height + 2 * y) * scale];
    return left <= 1 && top <= 1 && right >= width - 1 && bottom >= height - 1;
  }

  /** Is the picture exactly what one would draw from here? */
  isSharp(sight: Sight): boolean {
    const drawn = this.#drawn;
    return drawn?.zoom === sight.zoom && drawn.x === sight.x && drawn.y === sight.y;
  }

  /** The next picture fades in over this one. */
  fade(): void {
    this.#fades = this.#drawn !== undefined;
  }

  /** `paint` gets the context, its pixels per CSS pixel, and the ground drawn beyond the screen's edge in CSS pixels. */
  draw(sight: Sight, paint: (context: CanvasRenderingContext2D, ratio: number, beyond: Point) => void): void {
    const { width, height } = sight;
    if (this.#fades && this.#drawn) this.#leaveGhost(this.#drawn);
    const ratio = sharpnessOf(this.#canvas);
    const beyond = beyondOf(sight);
    const canvas = this.#canvas;
    const [w, h] = [Math.round((width + 2 * beyond.x) * ratio), Math.round((height + 2 * beyond.y) * ratio)];
    if (canvas.width !== w || canvas.height !== h) {
      canvas.width = w;
      canvas.height = h;
      canvas.style.width = `${w / ratio}px`;
      canvas.style.height = `${h / ratio}px`;
    }
    const context = canvas.getContext('2d');
    if (!context) return;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, w, h);
    paint(context, ratio, beyond);
    this.#drawn = sight;
    this.follow(sight);
  }

  /** Moves the picture to where it belongs as seen from here. */
  follow(sight: Sight): void {
    if (this.#drawn) put(this.#canvas, sight, this.#drawn);
    for (const { canvas, drawn } of this.#ghosts) put(canvas, sight, drawn);
  }

  close(): void {
    this.#canvas.remove();
    for (const { canvas } of this.#ghosts) canvas.remove();
  }

  #leaveGhost(drawn: Sight): void {
    const ghost = { canvas: this.#canvas, drawn };
    this.#fades = false;
    this.#canvas = newCanvas();
    this.#host.insertBefore(this.#canvas, ghost.canvas);
    this.#ghosts.push(ghost);
    ghost.canvas.style.transition = `opacity ${FADE}ms ease-out`;
    requestAnimationFrame(() => {
      ghost.canvas.style.opacity = '0';
    });
    setTimeout(() => {
      ghost.canvas.remove();
      this.#ghosts = this.#ghosts.filter((other) => other !== ghost);
    }, FADE + 40);
  }
}

function beyondOf({ width, height }: Sight): Point {
  const beyond = Math.round(BEYOND * Math.max(width, height));
  return { x: beyond, y: beyond };
}

/** Where a picture's corner lies on the screen as seen from here. */
function placement(sight: Sight, drawn: Sight): { readonly left: number; readonly top: number } {
  const scale = sight.zoom / drawn.zoom;
  const { x, y } = beyondOf(drawn);
  return { left: sight.x - (x + drawn.x) * scale, top: sight.y - (y + drawn.y) * scale };
}

function put(canvas: HTMLCanvasElement, sight: Sight, drawn: Sight): void {
  const { left, top } = placement(sight, drawn);
  canvas.style.transform = `translate(${left}px, ${top}px) scale(${sight.zoom / drawn.zoom})`;
}

function newCanvas(): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  canvas.className = 'pointer-events-none absolute top-0 left-0 origin-top-left will-change-transform';
  canvas.setAttribute('aria-hidden', 'true');
  return canvas;
}
