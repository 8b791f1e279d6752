import { SLICE, type Slices } from '../city/slices.ts';
import { blend, CHANGE, differs, ease } from './blend.ts';
import type { Brushes } from './brushes.ts';
import { drawGround } from './draw-ground.ts';
import { boxOfWord, placeWords, writeWords } from './draw-labels.ts';
import { drawPlaces } from './draw-places.ts';
import { extentOf, onScreen } from './extent.ts';
import { around, type Point } from './geometry.ts';
import type { Scene } from './scene.ts';
import type { FiguresShown, Show } from './show.ts';
import type { Painting, Sheet, Sight, StillLayer } from './still-layer.ts';

/**
 * A ground in which only figures are new (how broad streets are, how bright lights) waits until drawing the last one is but
 * this part of the time, so that a large one does not fill it; at most so many milliseconds. Words never wait.
 */
const GROUND = { part: 1 / 40, most: 2500 };
/** Moving every piece by itself is for scenes of this many at most; larger ones change at once. */
const MOST_MOVING = 500;
/** What drawing takes of a frame, milliseconds: of the first picture, of one of elsewhere, of one whose figures are old. */
const TURNS = { first: 50, all: 16, figures: SLICE } as const;

interface Work {
  readonly what: 'ground' | 'places' | 'all';
  readonly sight: Sight;
  readonly steps: Slices<void>;
}

/**
 * Ground and places: two pictures that stand still, with room for the traffic between them. They are drawn when something
 * changed or the camera went elsewhere, a little in each frame, and shown when they are whole; until then, and while a hand
 * moves the map, those before them stay.
 */
export class StillPictures {
  readonly #ground: StillLayer;
  readonly #places: StillLayer;
  readonly #brushes: Brushes;
  #drawn: Scene | undefined;
  #written: FiguresShown | undefined;
  #change: { readonly from: Scene; readonly began: number } | undefined;
  #work: Work | undefined;
  /** What of the places is new, and whether the ground has old figures. */
  #stale: 'figures' | 'all' | undefined;
  #groundIsOld = false;
  #fades = false;
  /** When the last slice of a ground was drawn, and how long that one has taken so far; milliseconds. */
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

  /** Of the words that are on the screen. */
  get written(): FiguresShown | undefined {
    return this.#written;
  }

  redraw(what: 'figures' | 'all'): void {
    if (this.#stale !== 'all') this.#stale = what;
  }

  /** What stands elsewhere moves there; a scene of another level comes in over the one before. */
  take({ scene, still }: Show, before: Scene | undefined): void {
    const from = this.#drawn;
    // What is being drawn is of where nobody is any more. Other news waits: it may come faster than pictures are drawn.
    if (before && (before.level !== scene.level || before.lens !== scene.lens)) this.#leaveWork();
    const few = scene.houses.length + scene.junctions.length <= MOST_MOVING;
    const moves = from && from.level === scene.level && !still && few && differs(from, scene);
    this.#change = moves ? { from, began: performance.now() } : undefined;
    this.#fades ||= before !== undefined && before.lens === scene.lens && before.level !== scene.level && !still;
  }

  isSharp(sight: Sight): boolean {
    return this.#ground.isSharp(sight) && this.#places.isSharp(sight);
  }

  follow(sight: Sight): void {
    if (!this.#ground.serves(sight) || !this.#places.serves(sight)) this.#stale = 'all';
    this.#ground.follow(sight);
    this.#places.follow(sight);
  }

  /**
   * Goes on with what is to be drawn.
   * @param hand milliseconds until nobody moves the map; 0 when nobody does
   * @returns milliseconds until there is more to do, 0 for the next frame; undefined when all is drawn
   */
  draw(show: Show, sight: Sight, hand: number): number | undefined {
    if (hand > 0 && this.#drawn) return this.#drawUnder(hand, show, sight);
    if (this.#change) return this.#drawChange(this.#change, show, sight);
    const now = performance.now();
    // The hand went elsewhere meanwhile.
    if (this.#work && this.#drawn && !isSame(this.#work.sight, sight)) this.#leaveWork();
    const what = this.#due(now);
    if (!this.#work && what) this.#begin(what, show, show.scene, sight);
    if (this.#work)
      this.#goOn(this.#work, sight, TURNS[this.#drawn ? (this.#work.what === 'all' ? 'all' : 'figures') : 'first']);
    return this.#work || this.#stale ? 0 : this.#groundIsOld ? this.#groundWaits(now) : undefined;
  }

  /** While a hand moves the map, nothing is drawn unless it has come to where there is no picture: then one small sheet. */
  #drawUnder(hand: number, show: Show, sight: Sight): number | undefined {
    if (this.#change) this.#endChange();
    const covered = this.#ground.covers(sight) && this.#places.covers(sight);
    if (covered) return this.#work || this.#stale || this.#groundIsOld ? hand : undefined;
    if (!this.#work) this.#begin('all', show, show.scene, sight, 'small');
    if (this.#work) this.#goOn(this.#work, sight, 0);
    return 0;
  }

  #drawChange(change: { readonly from: Scene; readonly began: number }, show: Show, sight: Sight): number {
    const t = (performance.now() - change.began) / CHANGE;
    if (t >= 1) this.#endChange();
    this.#begin('all', show, t < 1 ? blend(change.from, show.scene, ease(t)) : show.scene, sight);
    if (this.#work) this.#goOn(this.#work, sight, Number.POSITIVE_INFINITY);
    return 0;
  }

  #endChange(): void {
    this.#change = undefined;
    this.#stale = 'all';
  }

  #leaveWork(): void {
    this.#work = undefined;
    this.#stale = 'all';
  }

  /** What is to be drawn next, if anything. */
  #due(now: number): Work['what'] | undefined {
    if (this.#stale) return this.#stale === 'all' ? 'all' : 'places';
    return this.#groundIsOld && this.#groundWaits(now) === 0 ? 'ground' : undefined;
  }

  #groundWaits(now: number): number {
    return Math.max(0, this.#last + Math.min(GROUND.most, this.#cost / GROUND.part) - now);
  }

  #begin(what: Work['what'], show: Show, scene: Scene, sight: Sight, sheets: 'small' | 'large' = 'large'): void {
    this.#groundIsOld = what === 'places';
    this.#stale = undefined;
    if (what !== 'places') this.#cost = 0;
    const steps = this.#draw(what, show, scene, sight, sheets);
    this.#work = { what, sight, steps };
  }

  /** One step at least. */
  #goOn({ what, steps }: Work, sight: Sight, milliseconds: number): void {
    const began = performance.now();
    let done: boolean | undefined;
    do done = steps.next().done;
    while (!done && performance.now() < began + milliseconds);
    if (done) {
      this.#work = undefined;
      this.follow(sight);
    }
    if (what === 'places') return;
    this.#last = performance.now();
    this.#cost += this.#last - began;
  }

  *#draw(what: Work['what'], show: Show, scene: Scene, sight: Sight, sheets: 'small' | 'large'): Slices<void> {
    const brushes = this.#brushes;
    const brushOn = (sheet: Sheet) => brushes.onSheet(show, sight, sheet);
    const extent = onScreen(sight, extentOf(scene));
    function* ground(): Slices<Painting> {
      yield;
      return { extent, paint: (sheet) => drawGround(brushOn(sheet), scene) };
    }
    function* places(all: Sheet): Slices<Painting> {
      const words = yield* placeWords(brushOn(all), scene, projectTo(sight));
      const paint = (sheet: Sheet) => {
        const brush = brushOn(sheet);
        drawPlaces(brush, scene);
        brushes.toPixels(sheet);
        writeWords(brush, words, sheet);
      };
      return { extent: around([extent, ...words.map(boxOfWord)]), paint };
    }
    const showGround = what === 'places' ? undefined : yield* this.#ground.draw(sight, ground, sheets);
    const showPlaces = what === 'ground' ? undefined : yield* this.#places.draw(sight, places, sheets);
    showGround?.(this.#fades);
    showPlaces?.(this.#fades);
    if (what === 'all') this.#fades = false;
    this.#drawn = scene;
    if (showPlaces) this.#written = show.figures;
  }
}

const projectTo =
  ({ x, y, zoom }: Sight) =>
  (point: Point): Point => ({ x: point.x * zoom + x, y: point.y * zoom + y });

const isSame = (a: Sight, b: Sight): boolean => a.zoom === b.zoom && a.x === b.x && a.y === b.y;
