import { type Selection, sameSelection } from '../city/find.ts';
import { Brushes } from './brushes.ts';
import { Camera } from './camera.ts';
import { FrameLoop } from './frame-loop.ts';
import { type Point, type Rect, sameRect } from './geometry.ts';
import { Hand } from './hand.ts';
import { type Hit, hitTester, isClosed, selectionOf, wayInto } from './hit.ts';
import { inspectScene } from './inspect.ts';
import { LiveLayer } from './live-layer.ts';
import { LivePictures } from './live-pictures.ts';
import { Pointer } from './pointer.ts';
import type { Scene } from './scene.ts';
import { sharpnessOf } from './sharpness.ts';
import type { Show, StageEvents, StageView } from './show.ts';
import { type Sight, StillLayer } from './still-layer.ts';
import { StillPictures } from './still-pictures.ts';
import { forgetWidths } from './word-widths.ts';

/** Marks in the browser's performance entries when the whole city stood on the screen for the first time. */
const WHOLE_MAP = 'kubecity:whole-map';
let wholeMap: PerformanceMark | undefined;

/**
 * The map on the screen: four pictures over each other. Ground and places stand still and are drawn only when something
 * changed or the camera came to rest; the dots between them some twenty or thirty times a second, while there are any and the
 * page is seen; marks for the pointer and the keyboard lie on top.
 */
export class Stage {
  readonly #host: HTMLElement;
  readonly #events: StageEvents;
  readonly #still: StillPictures;
  readonly #live: LivePictures;
  readonly #camera: Camera;
  readonly #pointer: Pointer;
  readonly #brushes = new Brushes();
  readonly #resize: ResizeObserver;
  #size = { width: 0, height: 0, ratio: 1 };
  #show: Show | undefined;
  #test: ReturnType<typeof hitTester> | undefined;
  readonly #watchers = new Set<(seen: Rect) => void>();
  #moves = true;
  readonly #hand = new Hand(() => this.#rested());
  readonly #frames = new FrameLoop((time) => this.#frame(time));
  framesDrawn = 0;

  constructor(host: HTMLElement, events: StageEvents) {
    this.#host = host;
    this.#events = events;
    const [ground, dots, places, marks] = [
      new StillLayer(host),
      new LiveLayer(host),
      new StillLayer(host),
      new LiveLayer(host),
    ];
    this.#still = new StillPictures(ground, places, this.#brushes);
    this.#live = new LivePictures(dots, marks, this.#brushes);
    this.#camera = new Camera(host, (glides) => this.#moved(glides));
    this.#resize = new ResizeObserver(() => this.#fitCanvases());
    this.#resize.observe(host);
    this.#measure();
    this.#pointer = new Pointer(host, {
      under: (at) => this.#under(at),
      hover: (hit, at) => this.#hover(hit, at),
      choose: (hit) => this.choose(hit),
      isClickable: ({ kind, id }) => kind !== 'gate' && (kind !== 'district' || isClosed(this.#show?.scene, id)),
    });
    document.addEventListener('visibilitychange', this.#seen);
    // Text drawn before the fonts are there would keep the fallback until the next change.
    document.fonts.ready.then(() => {
      forgetWidths();
      this.#redraw();
    });
  }

  close(): void {
    this.#frames.close();
    this.#hand.close();
    this.#resize.disconnect();
    this.#camera.close();
    this.#pointer.close();
    document.removeEventListener('visibilitychange', this.#seen);
    this.#still.close();
    this.#live.close();
  }

  show(show: Show): void {
    const before = this.#show;
    const first = before === undefined || before.scene.lens !== show.scene.lens;
    this.#show = show;
    this.#measure();
    this.#camera.hold(show.scene.bounds);
    if (before?.scene !== show.scene) {
      this.#test = undefined;
      this.#live.take(show.scene, this.#camera.zoom, first || before?.scene.level !== show.scene.level);
      this.#still.take(show, before?.scene);
    }
    if (first) this.#camera.touched = false;
    const grown = before && !first && !sameRect(before.scene.bounds, show.scene.bounds);
    if (first || (grown && !this.#camera.touched)) this.#camera.fit(show.scene.bounds, true);
    this.#redraw(before && onlyFiguresDiffer(before, show) ? 'figures' : 'all');
  }

  fit(): void {
    this.#camera.touched = false;
    if (this.#show) this.#camera.fit(this.#show.scene.bounds, this.#show.still);
  }

  zoomBy(factor: number): void {
    this.#camera.by(factor, this.#show?.still ?? false);
  }

  /** In CSS pixels. */
  panBy(x: number, y: number): void {
    this.#camera.pan(x, y, this.#show?.still ?? false);
  }

  /** Brings this point of the world to the middle of the screen. */
  centreOn(point: Point): void {
    this.#camera.centreOn(point);
  }

  /** Flies to where the thing stands, drawn or folded; stays when it is not on this lens. */
  flyTo(selection: Selection): void {
    const ground = this.#show?.where.selection(selection);
    if (ground) this.flyOver(ground);
  }

  flyOver(ground: Rect): void {
    this.#camera.touched = true;
    this.#camera.fit(ground, this.#show?.still ?? false, 1.7);
  }

  /** What the screen will show of a city that lies within `bounds` when it is seen for the first time. */
  firstSight(bounds: Rect): { readonly seen: Rect; readonly zoom: number } {
    const zoom = this.#camera.zoomFor(bounds);
    return { seen: bounds, zoom };
  }

  get sight(): Sight {
    const { x, y } = this.#camera.offset;
    return { x, y, zoom: this.#camera.zoom, ...this.#size };
  }

  /** Milliseconds until nobody moves the map, as far as one can tell; 0 when nobody does. */
  get hand(): number {
    return this.#hand.leaves;
  }

  /** The ground on the screen. */
  get seen(): Rect {
    const { zoom } = this.#camera;
    const { width, height } = this.#size;
    return { ...this.#camera.toWorld({ x: 0, y: 0 }), width: width / zoom, height: height / zoom };
  }

  /** Calls back with the ground on the screen, now and whenever it changes. Returns how to stop. */
  onMove(tell: (seen: Rect) => void): () => void {
    this.#watchers.add(tell);
    if (this.#show) tell(this.seen);
    return () => this.#watchers.delete(tell);
  }

  toScreen = (point: Point): Point => this.#camera.toScreen(point);

  /** Rings what the keyboard is on. */
  focus(id: string | undefined): void {
    this.#live.focused = id;
    this.#live.remark();
    this.#frames.wake();
  }

  /** What is seen now, for drawing it elsewhere (`svg/picture.ts`); nothing before the first scene. */
  view(): StageView | undefined {
    const show = this.#show;
    if (!show) return undefined;
    return {
      ...this.#brushes.of(show, this.#camera.zoom),
      clip: this.seen,
      scene: show.scene,
      offset: this.#camera.offset,
      ...this.#size,
    };
  }

  /** Screen coordinates (CSS pixels of the page) of everything on the map; see `window.kubecity`. */
  inspect() {
    const box = this.#host.getBoundingClientRect();
    const at = (point: Point) => {
      const { x, y } = this.#camera.toScreen(point);
      return { x: x + box.left, y: y + box.top };
    };
    return {
      ...inspectScene(this.#show?.scene, at),
      figures: this.#show?.figures,
      written: this.#still.written,
      zoom: this.#camera.zoom,
      particles: this.#live.dots,
    };
  }

  /** Asking the browser for these in every frame would be dear. */
  #measure(): void {
    const { clientWidth: width, clientHeight: height } = this.#host;
    this.#size = { width, height, ratio: sharpnessOf(this.#host) };
    this.#camera.size = this.#size;
  }

  #fitCanvases(): void {
    this.#measure();
    if (this.#show && !this.#camera.touched) this.#camera.fit(this.#show.scene.bounds, true);
    this.#moved(false);
    this.#redraw();
  }

  /** The camera moved: pictures are moved along, and drawn anew when it rests. */
  #moved(glides: boolean): void {
    this.#moves = true;
    if (glides) this.#hand.moved();
    else this.#rested();
    this.#frames.wake();
  }

  #rested(): void {
    this.#live.take(this.#show?.scene, this.#camera.zoom, false);
    if (!this.#still.isSharp(this.sight)) this.#redraw();
  }

  #redraw(what: 'figures' | 'all' = 'all'): void {
    this.#still.redraw(what);
    this.#live.redraw();
    this.#frames.wake();
  }

  readonly #seen = (): void => {
    this.#live.rest();
    this.#frames.wake();
  };

  #frame(time: number): number | undefined {
    const show = this.#show;
    if (!show || this.#size.width === 0) return undefined;
    const { sight } = this;
    if (this.#moves) this.#follow(sight);
    const still = this.#still.draw(show, sight, this.#hand.leaves);
    const live = this.#live.draw(show, sight, this.seen, this.toScreen, time);
    this.framesDrawn += 1;
    if (!wholeMap && this.#still.isWhole) wholeMap = performance.mark(WHOLE_MAP);
    return still === undefined || live === undefined ? (still ?? live) : Math.min(still, live);
  }

  #follow(sight: Sight): void {
    this.#moves = false;
    this.#live.redraw();
    this.#still.follow(sight);
    const { seen } = this;
    this.#events.look(seen, sight.zoom);
    for (const tell of this.#watchers) tell(seen);
  }

  /** A scene is prepared for questions when somebody points at it, and not every second. */
  #under(at: Point): Hit | undefined {
    if (!this.#show) return undefined;
    this.#test ??= hitTester(this.#show.scene);
    return this.#test(this.#camera.toWorld(at), 4 / this.#camera.zoom);
  }

  #hover(hit: Hit | undefined, at: Point): void {
    if (hit?.id !== this.#live.hovered) {
      this.#live.hovered = hit?.id;
      this.#live.remark();
      this.#frames.wake();
    }
    this.#events.hover(hit, at);
  }

  /** A district that is one block is flown to; anything else is selected, or no longer. */
  choose(hit: Hit | undefined): void {
    const show = this.#show;
    if (!show) return;
    const ground = wayInto(show.scene, show.where, hit);
    if (ground) {
      this.flyOver(ground);
      return;
    }
    const selection = selectionOf(show.scene, hit);
    this.#events.select(sameSelection(selection, show.selection) ? undefined : selection);
  }
}

/** Everything stands as it did, under the same light: what may differ is the traffic. */
const onlyFiguresDiffer = (before: Show, now: Show): boolean =>
  before.scene.lens === now.scene.lens &&
  before.scene.metric === now.scene.metric &&
  before.focus === now.focus &&
  before.ground === now.ground &&
  before.selection === now.selection &&
  before.trail === now.trail &&
  before.night === now.night &&
  before.survey.stands === now.survey.stands &&
  before.survey.city.pod === now.survey.city.pod &&
  before.survey.city.service === now.survey.city.service &&
  sameStreets(before.scene.barring.streets, now.scene.barring.streets);

const sameStreets = (before: Scene['barring']['streets'], now: Scene['barring']['streets']): boolean =>
  before.length === now.length && before.every(({ id }, i) => id === now[i]?.id);
