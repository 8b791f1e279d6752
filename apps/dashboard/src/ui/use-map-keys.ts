import { type KeyboardEvent, useCallback, useState } from 'react';
import type { Survey } from '../city/survey.ts';
import { hubNow, useCity } from '../live/city-store.ts';
import type { Scene } from '../map/scene.ts';
import type { Stage } from '../map/stage.ts';
import { nextStop, type Stop, stopsOf } from '../map/walk.ts';
import { describe } from './map-card.ts';

/** CSS pixels for one press of an arrow. */
const STEP = 90;
const ARROWS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [STEP, 0],
  ArrowRight: [-STEP, 0],
  ArrowUp: [0, STEP],
  ArrowDown: [0, -STEP],
};

/**
 * The map by keyboard: arrows move it, `+` `-` `0` zoom, Tab walks the places in reading order and leaves after the last
 * one, Enter selects. `words` is what a screen reader says of the place one stands on.
 */
export function useMapKeys(stage: Stage | undefined, scene: Scene | undefined, survey: Survey) {
  const [on, setOn] = useState<Stop>();

  const stand = useCallback(
    (stop: Stop | undefined) => {
      setOn(stop);
      stage?.focus(stop?.id);
    },
    [stage],
  );

  const onKeyDown = (event: KeyboardEvent): void => {
    if (!stage || !scene || event.altKey || event.ctrlKey || event.metaKey) return;
    const arrow = ARROWS[event.key];
    if (arrow) stage.panBy(...arrow);
    else if (event.key === '+' || event.key === '=') stage.zoomBy(1.4);
    else if (event.key === '-') stage.zoomBy(1 / 1.4);
    else if (event.key === '0') stage.fit();
    else if (event.key === 'Enter' && on) stage.choose(on);
    else if (event.key === 'Tab') {
      const stop = nextStop(stopsOf(scene, stage.seen, stage.sight.zoom), on?.id, event.shiftKey);
      stand(stop);
      // Past the last place the focus goes on to the rest of the page.
      if (!stop) return;
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };

  const card = on && scene && describe(on, scene, survey, hubNow(useCity.getState()));
  const words = card ? [card.title, ...card.lines].join(', ') : '';
  return { onKeyDown, onBlur: () => stand(undefined), words };
}
