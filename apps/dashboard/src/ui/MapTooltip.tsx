'use client';
import type { Survey } from '../city/survey.ts';
import type { Point } from '../map/geometry.ts';
import type { Hit } from '../map/hit.ts';
import type { Scene } from '../map/scene.ts';
import { describe } from './map-card.ts';

interface Props {
  readonly hit: Hit;
  readonly at: Point;
  readonly scene: Scene;
  readonly survey: Survey;
  /** Unix ms by the hub's clock. */
  readonly now: number;
}

/** Figures of what lies under the pointer. */
export function MapTooltip({ hit, at, scene, survey, now }: Props) {
  const card = describe(hit, scene, survey, now);
  if (!card) return null;
  return (
    <div
      className="pointer-events-none absolute z-10 w-max max-w-72 rounded-[10px] border border-line bg-panel px-3 py-2 shadow-cast"
      style={{ left: at.x, top: at.y, transform: `translate(${at.x > 500 ? 'calc(-100% - 14px)' : '14px'}, 12px)` }}
      role="tooltip"
    >
      <p className={card.code ? 'code font-semibold' : 'font-semibold'}>{card.title}</p>
      {card.lines.map((line) => (
        <p key={line} className="text-sm text-soft">
          {line}
        </p>
      ))}
    </div>
  );
}
