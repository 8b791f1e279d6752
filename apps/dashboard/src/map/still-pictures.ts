import { blend, CHANGE, differs, ease } from './blend.ts';
import type { Brushes } from './brushes.ts';
import { drawGround } from './draw-ground.ts';
import { placeWords, writeWords } from './draw-labels.ts';
import { drawPlaces } from './draw-places.ts';
import type { Point } from './geometry.ts';
import type { Scene } from './scene.ts';
import type { Show } from './show.ts';
import type { Sheet, Sight, StillLayer } from './still-layer.ts';

/** Drawing takes this much of a frame, milliseconds; the rest of a large picture waits for the next one. */
const BUDGET = 6;
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
  #work: Generator<undefined, void> | undefined;
  #stale = false;
  #fades = false;

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

  redraw(): void {
    this.#stale = true;
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
    if (!this.#ground.serves(sight) || !this.#places.serves(sight)) this.#stale = true;
    this.#ground.follow(sight);
    this.#places.follow(sight);
  }

  /** Goes on with what is to be drawn. True when there is more to do in the next frame. */
  draw(show: Show, sight: Sight): boolean {
    const change = this.#change;
    if (change) {
      const t = (performance.now() - change.began) / CHANGE;
      if (t >= 1) this.#change = undefined;
      this.#begin(show, t < 1 ? blend(change.from, show.scene, ease(t)) : show.scene, sight);
      this.#goOn(sight, Number.POSITIVE_INFINITY);
      return t < 1;
    }
    if (!this.#work && this.#stale) this.#begin(show, show.scene, sight);
    if (!this.#work) return false;
    // Until there is a first picture, nothing else waits for the screen.
    this.#goOn(sight, this.#drawn ? BUDGET : Number.POSITIVE_INFINITY);
    return this.#work !== undefined || this.#stale;
  }

  #begin(show: Show, scene: Scene, sight: Sight): void {
    this.#stale = false;
    this.#work = this.#draw(show, scene, sight, this.#fades);
    this.#fades = false;
  }

  #goOn(sight: Sight, budget: number): void {
    const until = performance.now() + budget;
    do {
      if (!this.#work?.next().done) continue;
      this.#work = undefined;
      this.follow(sight);
    } while (this.#work && performance.now() < until);
  }

  *#draw(show: Show, scene: Scene, sight: Sight, fades: boolean): Generator<undefined, void> {
    const brushOn = (sheet: Sheet) => this.#brushes.onSheet(show, sight, sheet);
    yield* this.#ground.draw(sight, () => (sheet) => drawGround(brushOn(sheet), scene), fades);
    this.#ground.follow(sight);
    yield* this.#places.draw(
      sight,
      (all) => {
        const words = placeWords(brushOn(all), scene, onScreen(sight));
        return (sheet) => {
          const brush = brushOn(sheet);
          drawPlaces(brush, scene);
          this.#brushes.toPixels(sheet);
          writeWords(brush, words, sheet);
        };
      },
      fades,
    );
    this.#drawn = scene;
  }
}

const onScreen =
  ({ x, y, zoom }: Sight) =>
  (point: Point): Point => ({ x: point.x * zoom + x, y: point.y * zoom + y });
