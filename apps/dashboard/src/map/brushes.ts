import type { Brush } from './brush.ts';
import { type Emphasis, emphasize } from './emphasis.ts';
import { OVERHANG } from './extent.ts';
import { around } from './geometry.ts';
import { type Palette, readPalette } from './palette.ts';
import type { Show } from './show.ts';
import type { Sheet, Sight } from './still-layer.ts';

/** Dips brushes: what a drawing step needs of what is shown, with colours and emphasis found once for it. */
export class Brushes {
  #palette: { readonly night: boolean; readonly palette: Palette } | undefined;
  #emphasis: { readonly show: Show; readonly emphasis: Emphasis | undefined } | undefined;

  dip<P extends Brush['context']>(show: Show, zoom: number, context: P): Brush<P> {
    return { context, ...this.of(show, zoom) };
  }

  /** All but what to draw on. */
  of(show: Show, zoom: number): Omit<Brush, 'context'> {
    const { night, now } = show;
    return { palette: this.#paletteOf(night), emphasis: this.#emphasisOf(show), zoom, night, now };
  }

  /** For one sheet of a still picture, in world units. */
  onSheet(show: Show, sight: Sight, { context, x, y, width, height, ratio }: Sheet): Brush {
    const { zoom } = sight;
    const scale = ratio * zoom;
    context.setTransform(scale, 0, 0, scale, ratio * (sight.x - x), ratio * (sight.y - y));
    const ground = { x: (x - sight.x) / zoom, y: (y - sight.y) / zoom, width: width / zoom, height: height / zoom };
    return { ...this.dip(show, zoom, context), clip: around([ground], OVERHANG.world + OVERHANG.pixels / zoom) };
  }

  /** From here on the sheet's brush draws in pixels of the screen. */
  toPixels({ context, x, y, ratio }: Sheet): void {
    context.setTransform(ratio, 0, 0, ratio, -ratio * x, -ratio * y);
  }

  #paletteOf(night: boolean): Palette {
    if (this.#palette?.night !== night) this.#palette = { night, palette: readPalette(document.body) };
    return this.#palette.palette;
  }

  #emphasisOf(show: Show): Emphasis | undefined {
    if (this.#emphasis?.show !== show) {
      this.#emphasis = { show, emphasis: emphasize(show.scene, show.survey, show.selection, show.trail) };
    }
    return this.#emphasis.emphasis;
  }
}
