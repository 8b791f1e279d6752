import { useEffect, useRef, useState } from 'react';
import type { Selection } from '../city/find.ts';
import type { Slices } from '../city/slices.ts';
import type { Survey } from '../city/survey.ts';
import { type MapPlan, planOf } from '../live/map-plan.ts';
import type { PlanMemory } from '../live/plans.ts';
import { type Pace, SlicedWork } from '../live/sliced-work.ts';
import { type Focus, focusOn } from '../map/levels.ts';
import type { Lens, Scene } from '../map/scene.ts';
import type { FiguresShown } from '../map/show.ts';
import type { Stage } from '../map/stage.ts';
import type { Wanted } from '../map/wanted.ts';

export interface SceneWish extends Omit<Wanted, 'focus'> {
  readonly lens: Lens;
  readonly survey: Survey;
  readonly whole: Survey;
  readonly past: boolean;
  /** Undefined: what the screen will show first. */
  readonly focus: Focus | undefined;
  readonly memory: PlanMemory;
  /** Of the survey. */
  readonly figures: FiguresShown;
  /** A new number asks for a new plan. */
  readonly replans: number;
}

/** A scene, and what it was made of: these belong together on the screen. */
export interface Built {
  readonly scene: Scene;
  readonly plan: MapPlan;
  readonly survey: Survey;
  readonly focus: Focus;
  readonly selected: Selection | undefined;
  readonly figures: FiguresShown;
}

/** The scene that was wished last, as soon as it is made; until then the one before. Undefined before the first. */
export function useScene(stage: Stage | undefined, wish: SceneWish | undefined): Built | undefined {
  const [built, setBuilt] = useState<Built>();
  const asked = useRef<SceneWish>(undefined);
  const work = useRef<SlicedWork<{ readonly stage: Stage; readonly wish: SceneWish }, Built>>(undefined);
  useEffect(() => {
    const own = new SlicedWork(sceneFor, setBuilt, () => stage?.hand ?? 0);
    work.current = own;
    asked.current = undefined;
    return () => own.close();
  }, [stage]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the wish is what its fields are
  useEffect(() => {
    if (!stage || !wish) return;
    const before = asked.current;
    asked.current = wish;
    if (!before || !built || !isMet(wish, before, built))
      work.current?.want({ stage, wish }, paceOf(wish, built, before));
  }, [stage, ...FIELDS.map((field) => wish?.[field])]);

  return built;
}

const FIELDS = ['lens', 'survey', 'whole', 'past', 'focus', 'metric', 'selected', 'replans'] as const;

/** Where one looks was left open, and turned out to be what the scene was made for. */
const isMet = (wish: SceneWish, before: SceneWish, { focus }: Built): boolean =>
  before.focus === undefined &&
  wish.focus === focus &&
  FIELDS.every((field) => field === 'focus' || wish[field] === before[field]);

/**
 * A second's figures can wait; what is asked for with a click (also a filter or a time, for what was heard is the same or past),
 * or stands where the map has gone, cannot.
 */
function paceOf(wish: SceneWish, built: Built | undefined, before: SceneWish | undefined): Pace {
  if (built?.scene.lens !== wish.lens) return 'first';
  const heard = !wish.past && wish.figures.at !== before?.figures.at;
  const same = wish.focus === undefined || wish.focus === built.focus;
  return heard && same && wish.metric === built.scene.metric && wish.selected === built.selected ? 'calm' : 'soon';
}

function* sceneFor({ stage, wish }: { readonly stage: Stage; readonly wish: SceneWish }): Slices<Built> {
  const { lens, survey, whole, memory, past, metric, selected } = wish;
  const plan = yield* planOf(lens, survey, whole, memory, past);
  const first = stage.firstSight(plan.bounds);
  const focus = wish.focus ?? focusOn(lens, first.zoom, first.seen);
  const scene = yield* plan.scene(survey, { focus, metric, selected });
  return { scene, plan, survey, focus, selected, figures: wish.figures };
}
