/** Pixels that a canvas should have for each CSS pixel: as many as the screen, also where the page is written larger. */
export const sharpnessOf = (canvas: Element): number =>
  // Browsers that do not know `zoom` do not know its size either.
  Math.min(3, (window.devicePixelRatio || 1) * (canvas.currentCSSZoom ?? 1));
