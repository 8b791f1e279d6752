/**
 * What the drawing needs of a canvas, and no more: whatever draws with it can also be written as SVG (`svg/svg-pen.ts`).
 * Dots under way are drawn by the hundred and need a real canvas.
 */
export interface Pen
  extends Pick<
    CanvasRenderingContext2D,
    | 'save'
    | 'restore'
    | 'beginPath'
    | 'closePath'
    | 'moveTo'
    | 'lineTo'
    | 'quadraticCurveTo'
    | 'setLineDash'
    | 'fillText'
    | 'strokeText'
    | 'fillRect'
    | 'createRadialGradient'
    | 'globalAlpha'
    | 'fillStyle'
    | 'strokeStyle'
    | 'lineWidth'
    | 'lineCap'
    | 'lineJoin'
    | 'shadowBlur'
    | 'shadowColor'
    | 'font'
    | 'letterSpacing'
    | 'textAlign'
    | 'textBaseline'
  > {
  arc(x: number, y: number, radius: number, from: number, to: number): void;
  roundRect(x: number, y: number, width: number, height: number, radius: number): void;
  clip(): void;
  fill(): void;
  stroke(): void;
  setTransform(a: number, b: number, c: number, d: number, e: number, f: number): void;
  measureText(text: string): { readonly width: number };
}
