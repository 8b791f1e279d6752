import type { Brush } from './brush.ts';
import { type Emphasis, emphasize } from './emphasis.ts';
import { type Palette, readPalette } from './palette.ts';
import type { Show } from './show.ts';
import type { Sight, StillLayer } from './still-layer.ts';

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

  /** Draws a still picture in world units; `toPixels` changes to those of the screen. */
  paint(
    layer: StillLayer,
    show: Show,
    sight: Sight,
    draw: (brush: Brush<CanvasRenderingContext2D>, toPixels: () => void) => void,
  ): void {
    layer.draw(sight, (context, ratio, beyond) => {
      const { zoom } = sight;
      context.setTransform(
        ratio * zoom,
        0,
        0,
        ratio * zoom,
        ratio * (sight.x + beyond.x),
        ratio * (sight.y + beyond.y),
      );
      const clip = {
        x: (-beyond.x - sight.x) / zoom,
        y: (-beyond.y - sight.y) / zoom,
        width: (sight.width + 2 * beyond.x) / zoom,
        height: (sight.height + 2 * beyond.y) / zoom,
      };
      const toPixels = () => context.setTransform(ratio, 0, 0, ratio, ratio * beyond.x, ratio * beyond.y);
      draw({ ...this.dip(show, zoom, context), clip }, toPixels);
    });
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
