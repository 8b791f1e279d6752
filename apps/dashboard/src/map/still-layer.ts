import type { Slices } from '../city/slices.ts';
import type { Point } from './geometry.ts';

/** Where one looks from: the world's origin on the screen, pixels per world unit, and the screen in CSS pixels. */
export interface Sight extends Point {
  readonly zoom: number;
  readonly width: number;
  readonly height: number;
  /** Pixels of a canvas for each CSS pixel (`sharpness.ts`). */
  readonly ratio: number;
}

/** A part of a picture, or all of it: where its corner lies on the screen and how large it is, CSS pixels. */
export interface Sheet extends Point {
  readonly context: OffscreenCanvasRenderingContext2D;
  readonly width: number;
  readonly height: number;
  readonly ratio: number;
}

/** Drawn beyond the edges of the screen, in parts of its longer side: a pan of that length needs no new picture. */
const BEYOND = 0.18;
/** A picture may be shown this much larger or smaller than it was drawn before it looks wrong. */
const STRETCH = 1.6;
const FADE = 240;
/** Longest side of a sheet, pixels of the canvas: one is drawn in a few milliseconds, a small one in one or two. */
const SHEET = { small: 280, large: 560 } as const;

/**
 * A picture of what stands still. It is drawn rarely, sheet by sheet, so that other work comes between, and shown when it is
 * whole; the browser's compositor moves and scales it while one pans and zooms. What is shown is a bitmap and no canvas that
 * could be drawn on: of these a browser without a GPU copies all pixels whenever anything on the page changes.
 */
export class StillLayer {
  readonly #host: HTMLElement;
  readonly #sheet = new OffscreenCanvas(1, 1);
  readonly #whole = new OffscreenCanvas(1, 1);
  #canvas: HTMLCanvasElement;
  #ghosts: { readonly canvas: HTMLCanvasElement; readonly drawn: Sight }[] = [];
  #drawn: Sight | undefined;

  constructor(host: HTMLElement) {
    this.#host = host;
    this.#canvas = newCanvas();
    host.append(this.#canvas);
  }

  /** Does the picture still serve from here? */
  serves(sight: Sight): boolean {
    const scale = sight.zoom / (this.#drawn?.zoom ?? Number.NaN);
    return scale <= STRETCH && scale >= 1 / STRETCH && this.covers(sight);
  }

  /** Does the picture, however large its points have become, reach over all of the screen? */
  covers(sight: Sight): boolean {
    if (!this.#drawn) return false;
    const { left, top } = placement(sight, this.#drawn);
    const { width, height, ratio } = sight;
    if (width !== this.#drawn.width || height !== this.#drawn.height || ratio !== this.#drawn.ratio) return false;
    const [beyond, scale] = [beyondOf(sight), sight.zoom / this.#drawn.zoom];
    const [right, bottom] = [left + (width + 2 * beyond) * scale, top + (height + 2 * beyond) * scale];
    return left <= 1 && top <= 1 && right >= width - 1 && bottom >= height - 1;
  }

  /** Is the picture exactly what one would draw from here? */
  isSharp(sight: Sight): boolean {
    const drawn = this.#drawn;
    return drawn?.zoom === sight.zoom && drawn.x === sight.x && drawn.y === sight.y;
  }

  /**
   * Draws, one sheet with each step.
   * @param begin is asked once, with all of the picture's ground, how its sheets are drawn
   * @param sheets `small` ones take less of a frame, and all of them together more
   * @returns how the picture is shown; `fades`: the one before goes slowly
   */
  *draw(
    sight: Sight,
    begin: (all: Sheet) => Slices<(sheet: Sheet) => void>,
    sheets: keyof typeof SHEET,
  ): Slices<(fades: boolean) => void> {
    const { ratio } = sight;
    const beyond = beyondOf(sight);
    const size = { width: sight.width + 2 * beyond, height: sight.height + 2 * beyond };
    const [width, height] = [Math.round(size.width * ratio), Math.round(size.height * ratio)];
    const { context: whole } = sized(this.#whole, width, height);
    const paint = yield* begin({ context: whole, x: -beyond, y: -beyond, ...size, ratio });
    whole.resetTransform();
    yield;
    const [w, h] = [part(width, SHEET[sheets]), part(height, SHEET[sheets])];
    const { canvas, context } = sized(this.#sheet, w, h);
    for (let y = 0; y < height; y += h) {
      for (let x = 0; x < width; x += w) {
        context.reset();
        const corner = { x: x / ratio - beyond, y: y / ratio - beyond };
        paint({ context, ...corner, width: w / ratio, height: h / ratio, ratio });
        const bitmap = canvas.transferToImageBitmap();
        whole.drawImage(bitmap, x, y);
        bitmap.close();
        yield;
      }
    }
    return (fades) => {
      if (fades && this.#drawn) this.#leaveGhost(this.#drawn);
      this.#show(sight, width, height);
    };
  }

  #show(sight: Sight, width: number, height: number): void {
    this.#canvas.style.width = `${width / sight.ratio}px`;
    this.#canvas.style.height = `${height / sight.ratio}px`;
    this.#canvas.getContext('bitmaprenderer')?.transferFromImageBitmap(this.#whole.transferToImageBitmap());
    this.#drawn = sight;
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

/** A whole number of canvas pixels, so that sheets meet without a seam. */
const part = (side: number, most: number): number => Math.ceil(side / Math.ceil(side / most));

/** An empty canvas of this size. */
function sized(canvas: OffscreenCanvas, width: number, height: number) {
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext('2d');
  if (!context) throw new Error('this browser gives no canvas to draw on');
  return { canvas, context };
}

const beyondOf = ({ width, height }: Sight): number => Math.round(BEYOND * Math.max(width, height));

/** Where a picture's corner lies on the screen as seen from here. */
function placement(sight: Sight, drawn: Sight): { readonly left: number; readonly top: number } {
  const scale = sight.zoom / drawn.zoom;
  const beyond = beyondOf(drawn);
  return { left: sight.x - (beyond + drawn.x) * scale, top: sight.y - (beyond + drawn.y) * scale };
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
