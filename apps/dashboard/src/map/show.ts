import type { Folded } from '../city/filter.ts';
import type { Selection } from '../city/find.ts';
import type { Survey } from '../city/survey.ts';
import type { Brush } from './brush.ts';
import type { Point, Rect } from './geometry.ts';
import type { Hit } from './hit.ts';
import type { Focus } from './levels.ts';
import type { Scene } from './scene.ts';
import type { TrailLeg } from './trail.ts';
import type { Where } from './where.ts';

export interface StageEvents {
  /** The pointer is over something (or nothing); `at` in CSS pixels of the map. */
  readonly hover: (hit: Hit | undefined, at: Point) => void;
  readonly select: (selection: Selection | undefined) => void;
  /** What is seen has changed: the ground on the screen, and pixels per world unit. At most once a frame. */
  readonly look: (seen: Rect, zoom: number) => void;
}

/** Of what the scene tells. */
export interface FiguresShown {
  /** Their moment, Unix ms by the hub's clock. */
  readonly at: number;
  /** What the filter leaves out besides. */
  readonly folded?: Folded;
}

export interface Show {
  readonly scene: Scene;
  readonly focus: Focus;
  readonly survey: Survey;
  readonly where: Where;
  /** Where things stand: another value when anything moved. */
  readonly ground: object;
  readonly selection: Selection | undefined;
  /** A way drawn over everything else. */
  readonly trail: readonly TrailLeg[];
  /** Unix ms by the hub's clock. */
  readonly now: number;
  readonly figures: FiguresShown;
  readonly night: boolean;
  readonly still: boolean;
}

/** One still picture: what is drawn, and from where it is looked at. Sizes in CSS pixels. */
export interface StageView extends Omit<Brush, 'context'> {
  readonly scene: Scene;
  /** Where the world's origin stands in the picture. */
  readonly offset: Point;
  readonly width: number;
  readonly height: number;
}
