import { type Brush, mix } from './brush.ts';
import type { Pen } from './pen.ts';

export function disc(context: Pen, x: number, y: number, radius: number): void {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
}

export function glow({ context, zoom }: Brush, colour: string, blur = 18): void {
  context.shadowColor = colour;
  context.shadowBlur = blur * Math.min(2, zoom) * 1.4;
}

/** Around what is selected, in the colour of its outline: light is traffic. */
export function halo({ context, palette, night }: Brush, x: number, y: number, radius: number): void {
  const far = radius + 42;
  const light = context.createRadialGradient(x, y, radius * 0.9, x, y, far);
  light.addColorStop(0, mix(palette.live, 'transparent', night ? 0.42 : 0.34));
  light.addColorStop(1, 'transparent');
  context.fillStyle = light;
  disc(context, x, y, far);
  context.fill();
}
