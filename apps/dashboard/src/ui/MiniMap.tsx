'use client';
import { type PointerEvent, useEffect, useRef } from 'react';
import { inset, type Rect } from '../map/geometry.ts';
import type { Scene } from '../map/scene.ts';
import type { Stage } from '../map/stage.ts';

const WIDTH = 168;

/** The whole city in a corner, and what of it the screen shows. Not there while that is all of it. */
export function MiniMap({ stage, scene }: { readonly stage: Stage; readonly scene: Scene }) {
  const box = useRef<HTMLDivElement>(null);
  const frame = useRef<SVGRectElement>(null);
  const { bounds, districts } = scene;
  const height = Math.min(140, Math.max(48, (WIDTH * bounds.height) / bounds.width));

  useEffect(
    () =>
      stage.onMove((seen) => {
        const whole = holds(seen, inset(bounds, 40));
        if (box.current) box.current.hidden = whole;
        for (const key of ['x', 'y', 'width', 'height'] as const) frame.current?.setAttribute(key, String(seen[key]));
      }),
    [stage, bounds],
  );

  const go = (event: PointerEvent<HTMLDivElement>) => {
    if (event.buttons === 0) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    const { left, top, width, height } = event.currentTarget.getBoundingClientRect();
    const scale = Math.min(width / bounds.width, height / bounds.height);
    const [x, y] = [event.clientX - left - width / 2, event.clientY - top - height / 2];
    stage.centreOn({
      x: bounds.x + bounds.width / 2 + x / scale,
      y: bounds.y + bounds.height / 2 + y / scale,
    });
  };

  return (
    <div
      ref={box}
      hidden
      className="absolute right-14 bottom-4 cursor-crosshair touch-none overflow-hidden rounded-[10px] border border-line bg-panel/95 p-1 shadow-cast"
      style={{ width: WIDTH + 10 }}
      onPointerDown={go}
      onPointerMove={go}
      data-testid="mini-map"
      aria-hidden="true"
    >
      <svg
        className="block"
        width={WIDTH}
        height={height}
        viewBox={`${bounds.x} ${bounds.y} ${bounds.width} ${bounds.height}`}
      >
        <title>The whole city</title>
        {districts.map(({ id, rect, activity }) => (
          <rect
            // A namespace may have several grounds.
            key={`${id} ${rect.x} ${rect.y}`}
            {...rect}
            rx={bounds.width / 160}
            fill="var(--light)"
            fillOpacity={0.08 + 0.22 * activity}
            stroke="var(--line)"
            strokeWidth={bounds.width / WIDTH}
          />
        ))}
        <rect
          ref={frame}
          fill="var(--live)"
          fillOpacity={0.12}
          stroke="var(--live)"
          strokeWidth={(1.6 * bounds.width) / WIDTH}
        />
      </svg>
    </div>
  );
}

const holds = (a: Rect, b: Rect): boolean =>
  a.x <= b.x && a.y <= b.y && a.x + a.width >= b.x + b.width && a.y + a.height >= b.y + b.height;
