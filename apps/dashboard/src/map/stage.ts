import { type Selection, sameSelection } from '../city/find.ts';
import { blend, CHANGE, differs, ease } from './blend.ts';
import { grainAt } from './brush.ts';
import { Brushes } from './brushes.ts';
import { Camera } from './camera.ts';
import { Dots } from './dots.ts';
import { drawDots, drawTicks } from './draw-dots.ts';
import { drawGround } from './draw-ground.ts';
import { drawLabels } from './draw-labels.ts';
import { drawMarks } from './draw-marks.ts';
import { drawPlaces } from './draw-places.ts';
import { around, type Point, type Rect } from './geometry.ts';
import { type Hit, hitTester, isBundle, selectionOf } from './hit.ts';
import { inspectScene } from './inspect.ts';
import { LiveLayer } from './live-layer.ts';
import { Pointer } from './pointer.ts';
import type { Scene } from './scene.ts';
import type { Show, StageEvents, StageView } from './show.ts';
import { type Sight, StillLayer } from './still-layer.ts';
import { forgetWidths } from './word-widths.ts';

/** Marks in the browser's performance entries when the whole city stood on the screen for the first time. */
const WHOLE_MAP = 'kubecity:whole-map';
/** After the last move of the camera the picture is drawn anew for where it rests, milliseconds. */
const REST = 130;
/** Milliseconds between two pictures of the dots where there are many roads: a screen full of them costs the same at any rate. */
const MANY_ROADS = { from: 100, pause: 30 };
/** Moving every piece by itself is for scenes of this many at most; larger ones change at once. */
const MOST_MOVING = 500;

/**
 * The map on the screen: four pictures over each other. Ground and places stand still and are drawn only when something
 * changed or the camera came to rest; the dots between them on every frame, while there are any and the page is seen; marks
 * for the pointer and the keyboard lie on top.
 */
export class Stage {
  readonly #host: HTMLElement;
  readonly #events: StageEvents;
  readonly #ground: StillLayer;
  readonly #dotsLayer: LiveLayer;
  readonly #places: StillLayer;
  readonly #marks: LiveLayer;
  readonly #camera: Camera;
  readonly #pointer: Pointer;
  readonly #dots = new Dots();
  readonly #brushes = new Brushes();
  readonly #resize: ResizeObserver;
  #size = { width: 0, height: 0 };
  #show: Show | undefined;
  #drawn: Scene | undefined;
  #change: { from: Scene; began: number } | undefined;
  #test: ReturnType<typeof hitTester> | undefined;
  #hovered: Hit | undefined;
  #focused: string | undefined;
  readonly #watchers = new Set<(seen: Rect) => void>();
  readonly #stale = { ground: true, places: true, dots: true, marks: true, sight: true };
  #rest: ReturnType<typeof setTimeout> | undefined;
  #request = 0;
  #last = 0;
  #dotsDrawn = 0;
  framesDrawn = 0;

  constructor(host: HTMLElement, events: StageEvents) {
    this.#host = host;
    this.#events = events;
    this.#ground = new StillLayer(host);
    this.#dotsLayer = new LiveLayer(host);
    this.#places = new StillLayer(host);
    this.#marks = new LiveLayer(host);
    this.#camera = new Camera(host, () => this.#moved());
    this.#resize = new ResizeObserver(() => this.#fitCanvases());
    this.#resize.observe(host);
    this.#size = { width: host.clientWidth, height: host.clientHeight };
    this.#pointer = new Pointer(host, {
      under: (at) => this.#test?.(this.#camera.toWorld(at), 4 / this.#camera.zoom),
      hover: (hit, at) => this.#hover(hit, at),
      choose: (hit) => this.choose(hit),
      isClickable: ({ kind, id }) => kind !== 'gate' && (kind !== 'district' || this.#isClosed(id)),
    });
    document.addEventListener('visibilitychange', this.#seen);
    // Text drawn before the fonts are there would keep the fallback until the next change.
    document.fonts.ready.then(() => {
      forgetWidths();
      this.#redraw();
    });
  }

  close(): void {
    cancelAnimationFrame(this.#request);
    clearTimeout(this.#rest);
    this.#resize.disconnect();
    this.#camera.close();
    this.#pointer.close();
    document.removeEventListener('visibilitychange', this.#seen);
    for (const layer of [this.#ground, this.#dotsLayer, this.#places, this.#marks]) layer.close();
  }

  show(show: Show): void {
    const before = this.#show;
    const first = before === undefined || before.scene.lens !== show.scene.lens;
    this.#show = show;
    this.#camera.hold(show.scene.bounds);
    if (before?.scene !== show.scene) this.#take(show, before?.scene, first);
    if (first) this.#camera.touched = false;
    const grown = before && !first && !sameRect(before.scene.bounds, show.scene.bounds);
    if (first || (grown && !this.#camera.touched)) this.#camera.fit(show.scene.bounds, true);
    const same = before && !first && before.scene === show.scene && before.selection === show.selection;
    if (same && before.night === show.night && before.trail !== show.trail) this.#stale.marks = true;
    this.#redraw();
  }

  #take({ scene, still }: Show, before: Scene | undefined, first: boolean): void {
    this.#test = hitTester(scene);
    this.#dots.follow(scene, grainAt(this.#camera.zoom));
    if (first || before?.level !== scene.level) this.#dots.fill();
    const from = this.#drawn;
    const few = scene.houses.length + scene.junctions.length <= MOST_MOVING;
    const moves = from && from.level === scene.level && !still && few && differs(from, scene);
    this.#change = moves ? { from, began: performance.now() } : undefined;
    if (first || still || before?.level === scene.level) return;
    this.#ground.fade();
    this.#places.fade();
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
    this.#focused = id;
    this.#stale.marks = true;
    this.#wake();
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
    return { ...inspectScene(this.#show?.scene, at), zoom: this.#camera.zoom, particles: this.#dots.count };
  }

  #fitCanvases(): void {
    this.#size = { width: this.#host.clientWidth, height: this.#host.clientHeight };
    this.#camera.size = this.#size;
    if (this.#show && !this.#camera.touched) this.#camera.fit(this.#show.scene.bounds, true);
    this.#moved();
    this.#redraw();
  }

  /** The camera moved: pictures are moved along, and drawn anew when it rests. */
  #moved(): void {
    this.#stale.sight = true;
    clearTimeout(this.#rest);
    this.#rest = setTimeout(() => {
      this.#dots.follow(this.#show?.scene, grainAt(this.#camera.zoom));
      if (!this.#ground.isSharp(this.sight)) this.#redraw();
    }, REST);
    this.#wake();
  }

  #redraw(): void {
    for (const layer of ['ground', 'places', 'dots', 'marks'] as const) this.#stale[layer] = true;
    this.#wake();
  }

  #wake(): void {
    if (this.#request === 0 && !document.hidden) this.#request = requestAnimationFrame(this.#frame);
  }

  readonly #seen = (): void => {
    this.#last = 0;
    this.#wake();
  };

  readonly #frame = (time: number): void => {
    this.#request = 0;
    const show = this.#show;
    if (!show || document.hidden || this.#size.width === 0) return;
    const seconds = this.#last === 0 ? 0 : (time - this.#last) / 1000;
    this.#last = time;
    const moving = !show.still && this.#dots.moving;
    if (moving) this.#dots.move(seconds);
    if (time - this.#dotsDrawn >= (show.scene.roads.length > MANY_ROADS.from ? MANY_ROADS.pause : 0)) {
      this.#stale.dots ||= moving;
    }
    const sight = this.sight;
    if (this.#stale.sight) this.#follow(sight);
    const waits = this.#drawStill(show, sight);
    this.#drawMoving(show, sight, time);
    this.framesDrawn += 1;
    if (!waits && this.#drawn && performance.getEntriesByName(WHOLE_MAP).length === 0) performance.mark(WHOLE_MAP);
    if (moving || this.#change || waits) this.#wake();
    else this.#last = 0;
  };

  #follow(sight: Sight): void {
    this.#stale.sight = false;
    this.#stale.marks = true;
    this.#stale.dots = true;
    if (!this.#ground.serves(sight)) this.#stale.ground = true;
    if (!this.#places.serves(sight)) this.#stale.places = true;
    this.#ground.follow(sight);
    this.#places.follow(sight);
    const { seen } = this;
    this.#events.look(seen, sight.zoom);
    for (const tell of this.#watchers) tell(seen);
  }

  /** Draws what is stale of the still pictures, one in a frame; true when there is more to do in the next. */
  #drawStill(show: Show, sight: Sight): boolean {
    const change = this.#change;
    if (!change && !this.#stale.ground && !this.#stale.places) return false;
    const t = change ? (performance.now() - change.began) / CHANGE : 1;
    const scene = change && t < 1 ? blend(change.from, show.scene, ease(t)) : show.scene;
    if (t >= 1) this.#change = undefined;
    const both = change !== undefined || this.#drawn === undefined;
    this.#drawn = scene;
    if (this.#stale.ground || change) {
      this.#stale.ground = false;
      this.#brushes.paint(this.#ground, show, sight, (brush) => drawGround(brush, scene));
      if (!both && this.#stale.places) return true;
    }
    this.#stale.places = false;
    this.#brushes.paint(this.#places, show, sight, (brush, toPixels) => {
      drawPlaces(brush, scene);
      toPixels();
      drawLabels(brush, scene, (point) => this.#camera.toScreen(point));
    });
    return false;
  }

  #drawMoving(show: Show, sight: Sight, time: number): void {
    if (this.#stale.dots) {
      this.#dotsDrawn = time;
      this.#dotsLayer.draw(sight, (context) => {
        const brush = { ...this.#brushes.dip(show, sight.zoom, context), clip: this.seen };
        if (show.still) drawTicks(brush, show.scene);
        else drawDots(brush, this.#dots);
      });
    }
    this.#stale.dots = false;
    if (!this.#stale.marks) return;
    this.#stale.marks = false;
    const marked = [this.#hovered?.id, this.#focused].filter((id) => id !== undefined);
    const { trail } = show;
    if (marked.length === 0 && trail.length === 0) this.#marks.clear();
    else {
      this.#marks.draw(sight, (context) =>
        drawMarks(
          this.#brushes.dip(show, sight.zoom, context),
          show.scene,
          { marked, trail, focused: this.#focused },
          this.toScreen,
        ),
      );
    }
  }

  #hover(hit: Hit | undefined, at: Point): void {
    if (hit?.id !== this.#hovered?.id) {
      this.#stale.marks = true;
      this.#wake();
    }
    this.#hovered = hit;
    this.#events.hover(hit, at);
  }

  #isClosed(id: string): boolean {
    return this.#show?.scene.districts.some((district) => district.id === id && district.closed) ?? false;
  }

  /** A district that is one block is entered, and a road of many streets flown to; anything else is selected, or no longer. */
  choose(hit: Hit | undefined): void {
    const show = this.#show;
    if (!show) return;
    const block = hit?.kind === 'district' && this.#isClosed(hit.id) ? show.where.place(hit.id) : undefined;
    const road = hit?.kind === 'road' ? show.scene.roads.find(({ id }) => id === hit.id) : undefined;
    const ground = block ?? (road && isBundle(road) ? around([road.path.ground], 60) : undefined);
    if (ground) {
      this.flyOver(ground);
      return;
    }
    const selection = selectionOf(show.scene, hit);
    this.#events.select(sameSelection(selection, show.selection) ? undefined : selection);
  }
}

const sameRect = (a: Rect, b: Rect): boolean =>
  a.x === b.x && a.y === b.y && a.width === b.width && a.height === b.height;
