import { grainAt } from './brush.ts';
import type { Brushes } from './brushes.ts';
import { Dots, paceAt } from './dots.ts';
import { drawDots, drawTicks } from './draw-dots.ts';
import { drawMarks } from './draw-marks.ts';
import { common, onScreen } from './extent.ts';
import { around, clamp, type Point, type Rect } from './geometry.ts';
import type { LiveLayer } from './live-layer.ts';
import type { Scene } from './scene.ts';
import type { Show } from './show.ts';
import type { Sight } from './still-layer.ts';

/** How far a dot goes from one picture to the next, pixels: less than it is broad. */
const STRIDE = 2.4;
/** Milliseconds from one picture of the dots to the next while nothing else moves. From afar, where dots are slow, there are fewer. */
const pauseAt = (zoom: number): number => clamp(1000 * (STRIDE / paceAt(zoom)), 32, 66);
/** A frame may come this much before its time. */
const EARLY = 6;
/** The picture of the dots ends at multiples of so many pixels: a canvas of another size is a new one, and dear. */
const STEP = 128;

/** What changes from frame to frame: the dots under way, and marks for what is pointed at. */
export class LivePictures {
  readonly #dotsLayer: LiveLayer;
  readonly #marksLayer: LiveLayer;
  readonly #brushes: Brushes;
  readonly #dots = new Dots();
  #stale = { dots: true, marks: true };
  /** The ground of all roads. */
  #roads: Rect | undefined;
  /** When dots were moved, by the clock of frames; 0 when they rest. */
  #last = 0;
  /** Rings this, on top of what is under the pointer. */
  focused: string | undefined;
  hovered: string | undefined;

  constructor(dots: LiveLayer, marks: LiveLayer, brushes: Brushes) {
    this.#dotsLayer = dots;
    this.#marksLayer = marks;
    this.#brushes = brushes;
  }

  close(): void {
    this.#dotsLayer.close();
    this.#marksLayer.close();
  }

  get dots(): number {
    return this.#dots.count;
  }

  redraw(): void {
    this.#stale = { dots: true, marks: true };
  }

  remark(): void {
    this.#stale.marks = true;
  }

  /** Takes the roads of a scene and their rates. `filled`: it begins with as many dots as it has in the long run. */
  take(scene: Scene | undefined, zoom: number, filled: boolean): void {
    this.#dots.follow(scene, grainAt(zoom));
    this.#roads = scene && around(scene.roads.map(({ path }) => path.ground));
    if (filled) this.#dots.fill();
  }

  /** Nobody looks: dots go on from where they are. */
  rest(): void {
    this.#last = 0;
  }

  /**
   * Draws what has changed by `time`, milliseconds by the clock of frames.
   * @returns milliseconds until there is more to draw; undefined when nothing moves
   */
  draw(show: Show, sight: Sight, seen: Rect, toScreen: (point: Point) => Point, time: number): number | undefined {
    const moving = !show.still && this.#dots.moving;
    const pause = pauseAt(sight.zoom);
    const due = this.#last === 0 || time - this.#last >= pause - EARLY;
    if (moving && (due || this.#stale.dots)) {
      if (this.#last !== 0) this.#dots.move((time - this.#last) / 1000);
      this.#last = time;
      this.#stale.dots = true;
    }
    if (this.#stale.dots) this.#drawDots(show, sight, seen);
    if (this.#stale.marks) this.#drawMarks(show, sight, toScreen);
    this.#stale = { dots: false, marks: false };
    if (moving) return pause - (time - this.#last);
    this.#last = 0;
    return undefined;
  }

  #drawDots(show: Show, sight: Sight, seen: Rect): void {
    const frame = this.#roads && common(screenOf(sight), inSteps(onScreen(sight, this.#roads)));
    if (!frame) {
      this.#dotsLayer.clear();
      return;
    }
    this.#dotsLayer.draw(sight, frame, (context) => {
      const brush = { ...this.#brushes.dip(show, sight.zoom, context), clip: seen };
      if (show.still) drawTicks(brush, show.scene);
      else drawDots(brush, this.#dots);
    });
  }

  #drawMarks(show: Show, sight: Sight, toScreen: (point: Point) => Point): void {
    const { focused } = this;
    const marked = [this.hovered, focused].filter((id) => id !== undefined);
    const { scene, trail } = show;
    if (marked.length === 0 && trail.length === 0) this.#marksLayer.clear();
    else {
      this.#marksLayer.draw(sight, screenOf(sight), (context) =>
        drawMarks(this.#brushes.dip(show, sight.zoom, context), scene, { marked, trail, focused }, toScreen),
      );
    }
  }
}

const screenOf = ({ width, height }: Sight): Rect => ({ x: 0, y: 0, width, height });

function inSteps({ x, y, width, height }: Rect): Rect {
  const [left, top] = [Math.floor(x / STEP) * STEP, Math.floor(y / STEP) * STEP];
  const [right, bottom] = [Math.ceil((x + width) / STEP) * STEP, Math.ceil((y + height) / STEP) * STEP];
  return { x: left, y: top, width: right - left, height: bottom - top };
}
