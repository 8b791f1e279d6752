import { easeCubicInOut, interpolateZoom, select, type ZoomBehavior, type ZoomTransform, zoom, zoomIdentity } from 'd3';
import { clamp, type Point, type Rect } from './geometry.ts';

/** The legend lies over the lowest part of the map, the buttons over the right edge: nothing is fitted under them. CSS pixels. */
const FOOT = 72;
const SIDE = 52;

/** Pixels per world unit at most. */
const LARGEST = 5;
/** The same when something is fitted to a screen of this size or a smaller one; larger ones show it larger, as they are seen from farther. */
const LARGEST_FIT = { zoom: 1.6, width: 1600, height: 1000 } as const;

/** Pan, zoom and flights over the map: d3-zoom on the element that takes the pointer. */
export class Camera {
  readonly #element: HTMLElement;
  readonly #zoom: ZoomBehavior<HTMLElement, unknown>;
  #transform: ZoomTransform = zoomIdentity;
  #least = 0.12;
  #jumps = false;
  /** Of the element, CSS pixels: to be kept up to date, asking the browser for it in every frame is dear. */
  size: { readonly width: number; readonly height: number };
  /** True once a person moved the map: a resize then no longer fits it anew. */
  touched = false;

  /** @param moved `glides`: by a hand or a flight; else it is elsewhere at once */
  constructor(element: HTMLElement, moved: (glides: boolean) => void) {
    this.#element = element;
    this.size = { width: element.clientWidth, height: element.clientHeight };
    this.#zoom = zoom<HTMLElement, unknown>()
      .extent(() => [
        [0, 0],
        [this.size.width, this.size.height],
      ])
      .scaleExtent([this.#least, LARGEST])
      .interpolate(interpolateZoom)
      .on('zoom', (event: { transform: ZoomTransform; sourceEvent: unknown }) => {
        this.#transform = event.transform;
        if (event.sourceEvent) this.touched = true;
        moved(!this.#jumps);
      });
    select(element).call(this.#zoom).on('dblclick.zoom', null);
  }

  get zoom(): number {
    return this.#transform.k;
  }
  get offset(): Point {
    return this.#transform;
  }
  toScreen = ({ x, y }: Point): Point => ({ x: this.#transform.applyX(x), y: this.#transform.applyY(y) });
  toWorld = ({ x, y }: Point): Point => ({ x: this.#transform.invertX(x), y: this.#transform.invertY(y) });

  /** Shows all of `rect`; `still` without a flight. */
  fit(rect: Rect, still: boolean, largest?: number): void {
    const { width: clientWidth, height: clientHeight } = this.size;
    if (rect.width <= 0 || rect.height <= 0 || clientWidth === 0) return;
    const k = this.zoomFor(rect, largest);
    const target = zoomIdentity
      .translate((clientWidth - SIDE) / 2, (clientHeight - FOOT) / 2)
      .scale(k)
      .translate(-rect.x - rect.width / 2, -rect.y - rect.height / 2);
    this.#go(target, still);
  }

  /** The zoom at which all of `rect` is seen. */
  zoomFor(rect: Rect, largest = this.#largestFit()): number {
    const { width: clientWidth, height: clientHeight } = this.size;
    const whole = Math.min((clientWidth - SIDE) / rect.width, (clientHeight - FOOT) / rect.height);
    return clamp(whole, this.#least, largest);
  }

  #largestFit(): number {
    const { zoom, width, height } = LARGEST_FIT;
    return zoom * clamp(Math.min(this.size.width / width, this.size.height / height), 1, 2.5);
  }

  /** The city lies within `bounds`: one can go as far away as shows all of it, and a little farther. */
  hold(bounds: Rect): void {
    const { width: clientWidth, height: clientHeight } = this.size;
    const whole = Math.min((clientWidth - SIDE) / bounds.width, (clientHeight - FOOT) / bounds.height);
    this.#least = whole > 0 ? Math.min(0.12, whole * 0.6) : 0.12;
    this.#zoom.scaleExtent([this.#least, LARGEST]);
  }

  /** In CSS pixels. */
  pan(x: number, y: number, still: boolean): void {
    this.touched = true;
    const { k, x: tx, y: ty } = this.#transform;
    this.#go(zoomIdentity.translate(tx + x, ty + y).scale(k), still, 160);
  }

  centreOn({ x, y }: Point): void {
    this.touched = true;
    const { width: clientWidth, height: clientHeight } = this.size;
    const { k } = this.#transform;
    this.#go(zoomIdentity.translate(clientWidth / 2 - x * k, clientHeight / 2 - y * k).scale(k), true);
  }

  by(factor: number, still: boolean): void {
    this.touched = true;
    const { width: clientWidth, height: clientHeight } = this.size;
    const middle = this.toWorld({ x: clientWidth / 2, y: clientHeight / 2 });
    const k = clamp(this.zoom * factor, this.#least, LARGEST);
    this.#go(
      zoomIdentity
        .translate(clientWidth / 2, clientHeight / 2)
        .scale(k)
        .translate(-middle.x, -middle.y),
      still,
    );
  }

  #go(target: ZoomTransform, still: boolean, milliseconds = 560): void {
    const element = select(this.#element);
    if (!still) {
      element.transition().duration(milliseconds).ease(easeCubicInOut).call(this.#zoom.transform, target);
      return;
    }
    this.#jumps = true;
    element.call(this.#zoom.transform, target);
    this.#jumps = false;
  }

  close(): void {
    select(this.#element).interrupt().on('.zoom', null);
  }
}
