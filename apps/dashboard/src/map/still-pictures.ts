import { SLICE, type Slices } from '../city/slices.ts';
import { blend, CHANGE, differs, ease } from './blend.ts';
import type { Brushes } from './brushes.ts';
import { drawGround } from './draw-ground.ts';
import { placeWords, writeWords } from './draw-labels.ts';
import { drawPlaces } from './draw-places.ts';
import type { Point } from './geometry.ts';
import type { Scene } from './scene.ts';
import type { Show } from './show.ts';
import type { Sheet, Sight, StillLayer } from './still-layer.ts';

/**
 * A picture in which only figures are new waits until drawing the last one is but this part of the time, so that a large one
 * does not fill it; at most so many milliseconds.
 */
const FIGURES = { part: 1 / 40, most: 2500 };
/** Moving every piece by itself is for scenes of this many at most; larger ones change at once. */
const MOST_MOVING = 500;

/**
 * Ground and places: two pictures that stand still, with room for the traffic between them. They are drawn when something
 * changed or the camera went elsewhere, a little in each frame; until a picture is whole, the one before it stays.
 */
export class StillPictures {
  readonly #ground: StillLayer;
  readonly #places: StillLayer;
  readonly #brushes: Brushes;
  #drawn: Scene | undefined;
  #change: { readonly from: Scene; readonly began: number } | undefined;
  #work: Slices<void> | undefined;
  #stale: 'figures' | 'all' | undefined;
  #fades = false;
  /** When the last slice was drawn, and how long the picture has taken so far; milliseconds. */
  #last = 0;
  #cost = 0;

  constructor(ground: StillLayer, places: StillLayer, brushes: Brushes) {
    this.#ground = ground;
    this.#places = places;
    this.#brushes = brushes;
  }

  close(): void {
    this.#work = undefined;
    this.#ground.close();
    this.#places.close();
  }

  /** Something is drawn, and all of it. */
  get isWhole(): boolean {
    return this.#drawn !== undefined && this.#work === undefined;
  }

  /** @param what has changed: more than figures is drawn at once */
  redraw(what: 'figures' | 'all'): void {
    if (this.#stale !== 'all') this.#stale = what;
  }

  /** What stands elsewhere moves there; a scene of another level comes in over the one before. */
  take({ scene, still }: Show, before: Scene | undefined): void {
    const from = this.#drawn;
    const few = scene.houses.length + scene.junctions.length <= MOST_MOVING;
    const moves = from && from.level === scene.level && !still && few && differs(from, scene);
    this.#change = moves ? { from, began: performance.now() } : undefined;
    this.#fades ||= before !== undefined && before.lens === scene.lens && before.level !== scene.level && !still;
  }

  isSharp(sight: Sight): boolean {
    return this.#ground.isSharp(sight);
  }

  follow(sight: Sight): void {
    if (!this.#ground.serves(sight) || !this.#places.serves(sight)) this.#stale = 'all';
    this.#ground.follow(sight);
    this.#places.follow(sight);
  }

  /**
   * Goes on with what is to be drawn.
   * @returns milliseconds until there is more to do, 0 for the next frame; undefined when all is drawn
   */
  draw(show: Show, sight: Sight): number | undefined {
    const change = this.#change;
    if (change) {
      const t = (performance.now() - change.began) / CHANGE;
      if (t >= 1) this.#change = undefined;
      this.#begin(show, t < 1 ? blend(change.from, show.scene, ease(t)) : show.scene, sight);
      this.#goOn(sight, Number.POSITIVE_INFINITY);
      return t < 1 ? 0 : undefined;
    }
    const now = performance.now();
    if (!this.#work && this.#wait(now) === 0) this.#begin(show, show.scene, sight);
    // Until there is a first picture, nothing else waits for the screen.
    if (this.#work) this.#goOn(sight, this.#drawn ? SLICE : Number.POSITIVE_INFINITY);
    return this.#work ? 0 : this.#wait(now);
  }

  /** Until the next picture is begun, milliseconds; undefined when none is needed. */
  #wait(now: number): number | undefined {
    if (this.#stale !== 'figures') return this.#stale && 0;
    return Math.max(0, this.#last + Math.min(FIGURES.most, this.#cost / FIGURES.part) - now);
  }

  #begin(show: Show, scene: Scene, sight: Sight): void {
    this.#stale = undefined;
    this.#cost = 0;
    this.#last = performance.now();
    this.#work = this.#draw(show, scene, sight, this.#fades);
    this.#fades = false;
  }

  #goOn(sight: Sight, budget: number): void {
    const began = performance.now();
    const until = began + budget;
    do {
      if (!this.#work?.next().done) continue;
      this.#work = undefined;
      this.follow(sight);
    } while (this.#work && performance.now() < until);
    this.#last = performance.now();
    this.#cost += this.#last - began;
  }

  *#draw(show: Show, scene: Scene, sight: Sight, fades: boolean): Slices<void> {
    const brushes = this.#brushes;
    const brushOn = (sheet: Sheet) => brushes.onSheet(show, sight, sheet);
    function* ground(): Slices<(sheet: Sheet) => void> {
      yield;
      return (sheet) => drawGround(brushOn(sheet), scene);
    }
    function* places(all: Sheet): Slices<(sheet: Sheet) => void> {
      const words = yield* placeWords(brushOn(all), scene, onScreen(sight));
      return (sheet) => {
        const brush = brushOn(sheet);
        drawPlaces(brush, scene);
        brushes.toPixels(sheet);
        writeWords(brush, words, sheet);
      };
    }
    yield* this.#ground.draw(sight, ground, fades);
    this.#ground.follow(sight);
    yield* this.#places.draw(sight, places, fades);
    this.#drawn = scene;
  }
}

const onScreen =
  ({ x, y, zoom }: Sight) =>
  (point: Point): Point => ({ x: point.x * zoom + x, y: point.y * zoom + y });
