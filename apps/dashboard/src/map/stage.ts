import { type Selection, sameSelection } from '../city/find.ts';
import { podPlace, type Survey } from '../city/survey.ts';
import { blend, CHANGE, differs, ease } from './blend.ts';
import type { Brush } from './brush.ts';
import { Camera } from './camera.ts';
import { Dots } from './dots.ts';
import { drawDots, drawTicks } from './draw-dots.ts';
import { drawGround } from './draw-ground.ts';
import { drawLabels } from './draw-labels.ts';
import { drawPlaces } from './draw-places.ts';
import { emphasize } from './emphasis.ts';
import { around, type Point, type Rect } from './geometry.ts';
import { type Hit, hitTester, selectionOf } from './hit.ts';
import { readPalette } from './palette.ts';
import type { Scene } from './scene.ts';

export interface StageEvents {
  /** The pointer is over something (or nothing); `at` in CSS pixels of the map. */
  readonly hover: (hit: Hit | undefined, at: Point) => void;
  readonly select: (selection: Selection | undefined) => void;
}

export interface Show {
  readonly scene: Scene;
  readonly survey: Survey;
  readonly selection: Selection | undefined;
  /** Unix ms by the hub's clock. */
  readonly now: number;
  readonly night: boolean;
  readonly still: boolean;
}

/** One still picture: what is drawn, and from where it is looked at. Sizes in CSS pixels. */
export interface StageView extends Omit<Brush, 'context' | 'hovered'> {
  readonly scene: Scene;
  /** Where the world's origin stands in the picture. */
  readonly offset: Point;
  readonly width: number;
  readonly height: number;
}

type Layer = 'ground' | 'dots' | 'places';

/** Marks in the browser's performance entries when the whole city stood on the screen for the first time. */
const WHOLE_MAP = 'kubecity:whole-map';

/**
 * The map on the screen: three canvases over each other. Ground and places are drawn only when something changed; the
 * dots between them on every frame, and only while there are any and the page is seen.
 */
export class Stage {
  readonly #host: HTMLElement;
  readonly #events: StageEvents;
  readonly #layers: Readonly<Record<Layer, HTMLCanvasElement>>;
  readonly #camera: Camera;
  readonly #dots = new Dots();
  readonly #resize: ResizeObserver;
  #show: Show | undefined;
  #drawn: Scene | undefined;
  #change: { from: Scene; began: number } | undefined;
  #test: ReturnType<typeof hitTester> | undefined;
  #hovered: Hit | undefined;
  #dirty = true;
  #request = 0;
  #last = 0;
  framesDrawn = 0;

  constructor(host: HTMLElement, events: StageEvents) {
    this.#host = host;
    this.#events = events;
    this.#layers = { ground: this.#canvas(), dots: this.#canvas(), places: this.#canvas() };
    this.#camera = new Camera(host, () => this.#redraw());
    this.#resize = new ResizeObserver(() => this.#fitCanvases());
    this.#resize.observe(host);
    host.addEventListener('pointermove', this.#move);
    host.addEventListener('pointerleave', this.#leave);
    host.addEventListener('click', this.#click);
    document.addEventListener('visibilitychange', this.#seen);
    // Text drawn before the fonts are there would keep the fallback until the next change.
    document.fonts.ready.then(() => this.#redraw());
  }

  close(): void {
    cancelAnimationFrame(this.#request);
    this.#resize.disconnect();
    this.#camera.close();
    this.#host.removeEventListener('pointermove', this.#move);
    this.#host.removeEventListener('pointerleave', this.#leave);
    this.#host.removeEventListener('click', this.#click);
    document.removeEventListener('visibilitychange', this.#seen);
    for (const canvas of Object.values(this.#layers)) canvas.remove();
  }

  show(show: Show): void {
    const before = this.#show;
    const first = before === undefined || before.scene.lens !== show.scene.lens;
    this.#show = show;
    if (before?.scene !== show.scene) {
      this.#test = hitTester(show.scene);
      this.#dots.follow(show.scene.roads);
      if (first) this.#dots.fill();
      const from = this.#drawn;
      this.#change = from && !show.still && differs(from, show.scene) ? { from, began: performance.now() } : undefined;
    }
    if (first) this.#camera.touched = false;
    const grown = before && !first && !sameRect(before.scene.bounds, show.scene.bounds);
    if (first || (grown && !this.#camera.touched)) this.#camera.fit(show.scene.bounds, true);
    this.#redraw();
  }

  fit(): void {
    this.#camera.touched = false;
    if (this.#show) this.#camera.fit(this.#show.scene.bounds, this.#show.still);
  }

  zoomBy(factor: number): void {
    this.#camera.by(factor, this.#show?.still ?? false);
  }

  /** Flies to where the thing stands; stays when it is not on this lens. */
  flyTo(selection: Selection): void {
    const place = this.#show && placeOf(this.#show, selection);
    if (!place || !this.#show) return;
    this.#camera.touched = true;
    this.#camera.fit(place, this.#show.still, 1.7);
  }

  /** What is seen now, for drawing it elsewhere (`svg/picture.ts`); nothing before the first scene. */
  view(): StageView | undefined {
    const show = this.#show;
    if (!show) return undefined;
    return {
      scene: show.scene,
      now: show.now,
      night: show.night,
      palette: this.#palette(show.night),
      emphasis: this.#emphasis(show),
      zoom: this.#camera.zoom,
      offset: this.#camera.offset,
      width: this.#host.clientWidth,
      height: this.#host.clientHeight,
    };
  }

  /** Screen coordinates (CSS pixels of the page) of everything on the map; see `window.kubecity`. */
  inspect() {
    const scene = this.#show?.scene;
    const box = this.#host.getBoundingClientRect();
    const at = (point: Point) => {
      const { x, y } = this.#camera.toScreen(point);
      return { x: x + box.left, y: y + box.top };
    };
    return {
      lens: scene?.lens,
      services: scene?.junctions.map((junction) => ({ id: junction.service, ...at(junction) })) ?? [],
      pods:
        scene?.houses.flatMap((house) =>
          house.podUid === undefined ? [] : [{ id: house.podUid, name: house.label, ...at(house) }],
        ) ?? [],
      nodes:
        scene?.buildings.map(({ node, rect }) => ({
          id: node,
          ...at({ x: rect.x + rect.width / 2, y: rect.y + 18 }),
        })) ?? [],
      roads: scene?.roads.map((road) => ({ id: road.id, rate: road.rate, ...at(pathMiddle(road.path.xy)) })) ?? [],
      particles: this.#dots.count,
    };
  }

  #canvas(): HTMLCanvasElement {
    const canvas = document.createElement('canvas');
    canvas.className = 'pointer-events-none absolute inset-0 size-full';
    canvas.setAttribute('aria-hidden', 'true');
    this.#host.append(canvas);
    return canvas;
  }

  #fitCanvases(): void {
    const ratio = Math.min(3, window.devicePixelRatio || 1);
    for (const canvas of Object.values(this.#layers)) {
      canvas.width = Math.round(this.#host.clientWidth * ratio);
      canvas.height = Math.round(this.#host.clientHeight * ratio);
    }
    if (this.#show && !this.#camera.touched) this.#camera.fit(this.#show.scene.bounds, true);
    this.#redraw();
  }

  #redraw(): void {
    this.#dirty = true;
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
    if (!show || document.hidden || this.#host.clientWidth === 0) return;
    const seconds = this.#last === 0 ? 0 : (time - this.#last) / 1000;
    this.#last = time;
    const moving = !show.still && this.#dots.moving;
    if (moving) this.#dots.move(seconds);
    if (this.#dirty || this.#change) this.#drawStill(show);
    this.#drawMoving(show);
    this.framesDrawn += 1;
    if (this.framesDrawn === 1) performance.mark(WHOLE_MAP);
    if (moving || this.#change || this.#dirty) this.#wake();
    else this.#last = 0;
  };

  #drawStill(show: Show): void {
    const t = this.#change ? (performance.now() - this.#change.began) / CHANGE : 1;
    const scene = this.#change && t < 1 ? blend(this.#change.from, show.scene, ease(t)) : show.scene;
    if (t >= 1) this.#change = undefined;
    this.#drawn = scene;
    this.#dirty = false;
    this.#layer('ground', show, (brush) => drawGround(brush, scene));
    const ratio = this.#layers.places.width / this.#host.clientWidth;
    this.#layer('places', show, (brush) => {
      drawPlaces(brush, scene);
      brush.context.setTransform(ratio, 0, 0, ratio, 0, 0);
      drawLabels(brush, scene, this.#camera.toScreen);
    });
  }

  #drawMoving(show: Show): void {
    this.#layer('dots', show, (brush) => (show.still ? drawTicks(brush, show.scene) : drawDots(brush, this.#dots)));
  }

  #layer(name: Layer, show: Show, draw: (brush: Brush<CanvasRenderingContext2D>) => void): void {
    const canvas = this.#layers[name];
    const context = canvas.getContext('2d');
    if (!context) return;
    const ratio = canvas.width / this.#host.clientWidth;
    const { x, y } = this.#camera.offset;
    const zoom = this.#camera.zoom;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.setTransform(ratio * zoom, 0, 0, ratio * zoom, ratio * x, ratio * y);
    draw({
      context,
      palette: this.#palette(show.night),
      emphasis: this.#emphasis(show),
      hovered: this.#hovered?.id,
      zoom,
      night: show.night,
      now: show.now,
    });
  }

  #paletteOf: { night: boolean; palette: Brush['palette'] } | undefined;
  #palette(night: boolean): Brush['palette'] {
    if (this.#paletteOf?.night !== night) this.#paletteOf = { night, palette: readPalette(document.body) };
    return this.#paletteOf.palette;
  }

  #emphasisOf: { show: Show; emphasis: Brush['emphasis'] } | undefined;
  #emphasis(show: Show): Brush['emphasis'] {
    if (this.#emphasisOf?.show !== show) {
      this.#emphasisOf = { show, emphasis: emphasize(show.scene, show.survey, show.selection) };
    }
    return this.#emphasisOf.emphasis;
  }

  #under(event: MouseEvent): { hit: Hit | undefined; at: Point } {
    const box = this.#host.getBoundingClientRect();
    const at = { x: event.clientX - box.left, y: event.clientY - box.top };
    return { hit: this.#test?.(this.#camera.toWorld(at), 4 / this.#camera.zoom), at };
  }

  readonly #move = (event: PointerEvent): void => {
    // A map that is being dragged has nothing under the pointer.
    const { hit, at } = event.buttons === 0 ? this.#under(event) : { hit: undefined, at: { x: 0, y: 0 } };
    this.#hover(hit, at);
  };

  readonly #leave = (): void => this.#hover(undefined, { x: 0, y: 0 });

  #hover(hit: Hit | undefined, at: Point): void {
    if (hit?.id !== this.#hovered?.id) this.#redraw();
    this.#hovered = hit;
    this.#host.style.cursor = hit && hit.kind !== 'district' && hit.kind !== 'gate' ? 'pointer' : 'grab';
    this.#events.hover(hit, at);
  }

  // d3-zoom keeps clicks that end a drag from arriving here.
  readonly #click = (event: MouseEvent): void => {
    if (!this.#show) return;
    const selection = selectionOf(this.#show.scene, this.#under(event).hit);
    this.#events.select(sameSelection(selection, this.#show.selection) ? undefined : selection);
  };
}

const sameRect = (a: Rect, b: Rect): boolean =>
  a.x === b.x && a.y === b.y && a.width === b.width && a.height === b.height;

const pathMiddle = (xy: Float32Array): Point => {
  const i = Math.floor(xy.length / 4) * 2;
  return { x: xy[i] as number, y: xy[i + 1] as number };
};

/** The ground a flight should end over. */
function placeOf({ scene }: Show, { kind, id }: Selection): Rect | undefined {
  const nearby = ({ x, y }: Point, reach: number) => ({
    x: x - reach,
    y: y - reach,
    width: 2 * reach,
    height: 2 * reach,
  });
  if (kind === 'service') {
    const junction = scene.junctions.find(({ service }) => service === id);
    return junction && nearby(junction, 250);
  }
  if (kind === 'pod') {
    const house = scene.houses.find((one) => one.id === podPlace(id));
    return house && nearby(house, 190);
  }
  if (kind === 'node') {
    const building = scene.buildings.find(({ node }) => node === id);
    const rooms = scene.houses.filter((house) => house.at === undefined);
    return building ? around([building.rect], 120) : rooms.length > 0 ? undefined : scene.bounds;
  }
  if (kind === 'namespace') {
    const district = scene.districts.find((one) => one.id === `namespace:${id}`);
    return district && around([district.rect], 30);
  }
  const road = scene.roads.find((one) => one.id === id || one.edges.includes(id));
  if (!road) return undefined;
  const points = Array.from({ length: road.path.xy.length / 2 }, (_, i) => ({
    x: road.path.xy[2 * i] as number,
    y: road.path.xy[2 * i + 1] as number,
    width: 0,
    height: 0,
  }));
  return around(points, 120);
}
