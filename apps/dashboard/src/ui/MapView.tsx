'use client';
import { Maximize, Minus, Plus, Shuffle } from 'lucide-react';
import { type ReactNode, useEffect, useMemo, useRef, useState } from 'react';
import { onMap } from '../city/find.ts';
import { hasGates } from '../city/gates.ts';
import { hubNow, useCity } from '../live/city-store.ts';
import { useOnStage } from '../live/on-stage.ts';
import { PlanMemory } from '../live/plans.ts';
import { select, useView } from '../live/view-store.ts';
import { around, type Point } from '../map/geometry.ts';
import type { Hit } from '../map/hit.ts';
import { type Focus, focusOn } from '../map/levels.ts';
import type { Lens } from '../map/scene.ts';
import { Stage } from '../map/stage.ts';
import { trailOf } from '../map/trail.ts';
import { ExportMenu } from './Export.tsx';
import { CLOSER } from './keys.ts';
import { Legend } from './Legend.tsx';
import { MapTooltip } from './MapTooltip.tsx';
import { MiniMap } from './MiniMap.tsx';
import { useLook } from './use-look.ts';
import { useMapKeys } from './use-map-keys.ts';
import { useMedia } from './use-now.ts';
import { type Built, useScene } from './use-scene.ts';
import { Waiting } from './Waiting.tsx';

declare global {
  interface Window {
    /** For end-to-end tests and the curious: what is on the map, in CSS pixels of the page, and how often it was drawn. */
    kubecity?: { scene(): ReturnType<Stage['inspect']>; readonly framesDrawn: number };
  }
}

const memory = new PlanMemory();
const NO_LEGS = [] as const;

export function MapView({ lens }: { readonly lens: Lens }) {
  const host = useRef<HTMLDivElement>(null);
  const [stage, setStage] = useState<Stage>();
  const [hover, setHover] = useState<{ hit: Hit; at: Point }>();
  const [replans, setReplans] = useState(0);
  const [focus, setFocus] = useState<{ readonly lens: Lens; readonly on: Focus }>();
  const { survey, whole, arrived, folded, moment, stream } = useCity();
  const { selection: selected, theme, flight, metric, trail } = useView();
  const selection = useMemo(() => selected && onMap(survey.city, selected), [selected, survey.city]);
  const shown = useRef<Built>(undefined);
  const still = useMedia('(prefers-reduced-motion: reduce)');

  useEffect(() => {
    if (!host.current) return;
    const opened = new Stage(host.current, {
      hover: (hit, at) => setHover(hit && { hit, at }),
      select,
      look: (seen, zoom) =>
        setFocus((before) => {
          if (!shown.current) return before;
          const { scene, focus: first } = shown.current;
          const own = before?.lens === scene.lens ? before.on : first;
          const on = focusOn(scene.lens, zoom, seen, own);
          return on === before?.on ? before : { lens: scene.lens, on };
        }),
    });
    window.kubecity = {
      scene: () => opened.inspect(),
      get framesDrawn() {
        return opened.framesDrawn;
      },
    };
    setStage(opened);
    useOnStage.setState({ stage: opened });
    return () => {
      opened.close();
      delete window.kubecity;
      useOnStage.setState({ stage: undefined });
    };
  }, []);

  const built = useScene(
    stage,
    arrived
      ? {
          ...{ lens, survey, whole, metric, memory, replans, past: moment !== undefined, selected: selection },
          focus: focus?.lens === lens ? focus.on : undefined,
          figures: { at: moment?.at ?? stream.at, folded },
        }
      : undefined,
  );
  const { scene, plan } = built ?? {};
  shown.current = built;

  useEffect(() => {
    const now = hubNow(useCity.getState());
    if (!stage || !built) return;
    const { where, ground } = built.plan;
    const legs = trail ? trailOf(trail.legs, built.scene, where) : NO_LEGS;
    stage.show({ ...built, where, ground, selection, trail: legs, now, night: theme === 'night', still });
  }, [stage, built, selection, trail, theme, still]);

  useEffect(() => {
    // A flight asked for in the Directory or on the other lens begins when the scene is there, and once.
    if (!stage || scene?.lens !== lens || !flight) return;
    stage.flyTo(onMap(useCity.getState().whole.city, flight.to));
    useView.setState({ flight: undefined });
  }, [stage, scene, lens, flight]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a way is flown to when it is explained, not at every change of the city
  useEffect(() => {
    const ends = trail?.legs.flatMap(({ from, to }) => [plan?.where.place(from), plan?.where.place(to)]) ?? [];
    const grounds = ends.filter((ground) => ground !== undefined);
    if (stage && grounds.length > 0) stage.flyOver(around(grounds, 90));
  }, [stage, trail, lens]);

  useLook(scene, whole);
  const keys = useMapKeys(stage, scene, built?.survey ?? survey);

  const replan = () => {
    memory.forget();
    setReplans((n) => n + 1);
    stage?.fit();
  };

  return (
    <>
      <div
        ref={host}
        className="absolute inset-0 touch-none overflow-hidden bg-ground outline-none focus-visible:ring-2 focus-visible:ring-live focus-visible:ring-inset"
        role="application"
        aria-roledescription="map"
        aria-label="Map of the city: arrows move it, plus and minus zoom, Tab walks the places, Enter selects. The Directory holds the same facts as tables."
        // biome-ignore lint/a11y/noNoninteractiveTabindex: an application takes keys
        tabIndex={0}
        onKeyDown={keys.onKeyDown}
        onBlur={keys.onBlur}
        data-testid="map"
      />
      <p className="sr-only" role="status" data-testid="map-words">
        {keys.words}
      </p>
      {scene &&
        (scene.districts.length === 0 ? (
          <Waiting state="empty" />
        ) : (
          <Legend scene={scene} folded={built?.figures.folded} gates={hasGates((built?.survey ?? survey).city)} />
        ))}
      {stage && scene && scene.districts.length > 0 && <MiniMap stage={stage} scene={scene} />}
      {!scene && <Waiting state="loading" />}
      {scene && hover && (
        <MapTooltip
          hit={hover.hit}
          at={hover.at}
          scene={scene}
          survey={built?.survey ?? survey}
          now={hubNow(useCity.getState())}
        />
      )}
      <MapControls fit={() => stage?.fit()} zoom={(factor) => stage?.zoomBy(factor)} replan={replan} />
    </>
  );
}

interface Controls {
  readonly fit: () => void;
  readonly zoom: (factor: number) => void;
  readonly replan: () => void;
}

function MapControls({ fit, zoom, replan }: Controls) {
  return (
    <div
      data-testid="map-controls"
      className="absolute right-4 bottom-4 flex flex-col divide-y divide-line overflow-hidden rounded-[10px] border border-line bg-panel shadow-cast"
    >
      <MapButton label="Nearer" press={() => zoom(CLOSER)}>
        <Plus className="size-4" />
      </MapButton>
      <MapButton label="Farther" press={() => zoom(1 / CLOSER)}>
        <Minus className="size-4" />
      </MapButton>
      <MapButton label="Show the whole city" press={fit}>
        <Maximize className="size-3.5" />
      </MapButton>
      <MapButton label="Plan the city anew" press={replan}>
        <Shuffle className="size-3.5" />
      </MapButton>
      <ExportMenu />
    </div>
  );
}

interface MapButtonProps {
  readonly label: string;
  readonly press: () => void;
  /** Its sign. */
  readonly children: ReactNode;
}

function MapButton({ label, press, children }: MapButtonProps) {
  return (
    <button
      type="button"
      className="touchable grid size-8 place-items-center text-soft transition-colors duration-150 hover:bg-hover hover:text-text"
      onClick={press}
      aria-label={label}
      title={label}
    >
      {children}
    </button>
  );
}
