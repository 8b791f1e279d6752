import type { Slices } from '../city/slices.ts';
import { common } from './extent.ts';
import type { Point, Rect } from './geometry.ts';

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

/** What is to be drawn. */
export interface Painting {
  /** Where something of it is, CSS pixels of the screen; beside that it is empty. */
  readonly extent: Rect;
  readonly paint: (sheet: Sheet) => void;
}

/** A picture that was drawn: from where, which part of the screen and around it, and all that there was to draw. */
interface Drawn {
  readonly sight: Sight;
  readonly frame: Rect;
  readonly extent: Rect;
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
  #ghosts: { readonly canvas: HTMLCanvasElement; readonly drawn: Drawn }[] = [];
  #drawn: Drawn | undefined;

  constructor(host: HTMLElement) {
    this.#host = host;
    this.#canvas = newCanvas();
    host.append(this.#canvas);
  }

  /** Does the picture still serve from here? */
  serves(sight: Sight): boolean {
    const scale = sight.zoom / (this.#drawn?.sight.zoom ?? Number.NaN);
    return scale <= STRETCH && scale >= 1 / STRETCH && this.covers(sight);
  }

  /** Does the picture, however large its points have become, reach over all of the screen where there is something to see? */
  covers(sight: Sight): boolean {
    if (!this.#drawn) return false;
    const { sight: before, frame, extent } = this.#drawn;
    const { width, height, ratio } = sight;
    if (width !== before.width || height !== before.height || ratio !== before.ratio) return false;
    const wanted = common({ x: 0, y: 0, width, height }, seenFrom(sight, before, extent));
    if (!wanted) return true;
    const has = seenFrom(sight, before, frame);
    const [right, bottom] = [has.x + has.width, has.y + has.height];
    return (
      has.x <= wanted.x + 1 &&
      has.y <= wanted.y + 1 &&
      right >= wanted.x + wanted.width - 1 &&
      bottom >= wanted.y + wanted.height - 1
    );
  }

  /** Is the picture exactly what one would draw from here? */
  isSharp(sight: Sight): boolean {
    const drawn = this.#drawn?.sight;
    return drawn?.zoom === sight.zoom && drawn.x === sight.x && drawn.y === sight.y;
  }

  /**
   * Draws, one sheet with each step.
   * @param begin is asked once, with all of the ground that a picture may have, what is to be drawn
   * @param sheets `small` ones take less of a frame, and all of them together more
   * @returns how the picture is shown; `fades`: the one before goes slowly
   */
  *draw(
    sight: Sight,
    begin: (all: Sheet) => Slices<Painting>,
    sheets: keyof typeof SHEET,
  ): Slices<(fades: boolean) => void> {
    const { ratio } = sight;
    const beyond = beyondOf(sight);
    const room = { x: -beyond, y: -beyond, width: sight.width + 2 * beyond, height: sight.height + 2 * beyond };
    const { extent, paint } = yield* begin({ context: sized(this.#sheet, 1, 1).context, ...room, ratio });
    const frame = toPixels(common(room, extent) ?? { x: 0, y: 0, width: 1, height: 1 }, ratio);
    const [width, height] = [frame.width * ratio, frame.height * ratio].map(Math.round) as [number, number];
    const { context: whole } = sized(this.#whole, width, height);
    const [w, h] = [part(width, SHEET[sheets]), part(height, SHEET[sheets])];
    const { canvas, context } = sized(this.#sheet, w, h);
    for (let y = 0; y < height; y += h) {
      for (let x = 0; x < width; x += w) {
        context.reset();
        const corner = { x: x / ratio + frame.x, y: y / ratio + frame.y };
        paint({ context, ...corner, width: w / ratio, height: h / ratio, ratio });
        const bitmap = canvas.transferToImageBitmap();
        whole.drawImage(bitmap, x, y);
        bitmap.close();
        yield;
      }
    }
    return (fades) => {
      if (fades && this.#drawn) this.#leaveGhost(this.#drawn);
      this.#show({ sight, frame, extent });
    };
  }

  #show(drawn: Drawn): void {
    this.#canvas.style.width = `${drawn.frame.width}px`;
    this.#canvas.style.height = `${drawn.frame.height}px`;
    this.#canvas.getContext('bitmaprenderer')?.transferFromImageBitmap(this.#whole.transferToImageBitmap());
    this.#drawn = drawn;
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

  #leaveGhost(drawn: Drawn): void {
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

/** Whole pixels of the canvas that this rectangle lies in. */
function toPixels({ x, y, width, height }: Rect, ratio: number): Rect {
  const [left, top] = [Math.floor(x * ratio), Math.floor(y * ratio)];
  const [right, bottom] = [Math.ceil((x + width) * ratio), Math.ceil((y + height) * ratio)];
  return { x: left / ratio, y: top / ratio, width: (right - left) / ratio, height: (bottom - top) / ratio };
}

/** Where something that was on the screen there lies as seen from here. */
function seenFrom(sight: Sight, there: Sight, { x, y, width, height }: Rect): Rect {
  const scale = sight.zoom / there.zoom;
  return {
    x: sight.x + (x - there.x) * scale,
    y: sight.y + (y - there.y) * scale,
    width: width * scale,
    height: height * scale,
  };
}

function put(canvas: HTMLCanvasElement, sight: Sight, { sight: before, frame }: Drawn): void {
  const { x, y } = seenFrom(sight, before, frame);
  canvas.style.transform = `translate(${x}px, ${y}px) scale(${sight.zoom / before.zoom})`;
}

function newCanvas(): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  canvas.className = 'pointer-events-none absolute top-0 left-0 origin-top-left will-change-transform';
  canvas.setAttribute('aria-hidden', 'true');
  return canvas;
}
