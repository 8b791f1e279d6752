import { type KeyboardEvent, useCallback, useState } from 'react';
import type { Survey } from '../city/survey.ts';
import { hubNow, useCity } from '../live/city-store.ts';
import type { Scene } from '../map/scene.ts';
import type { Stage } from '../map/stage.ts';
import { nextStop, type Stop, stopsOf } from '../map/walk.ts';
import { type Card, describe } from './map-card.ts';

/** CSS pixels for one press of an arrow. */
const STEP = 90;
const ARROWS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [STEP, 0],
  ArrowRight: [-STEP, 0],
  ArrowUp: [0, STEP],
  ArrowDown: [0, -STEP],
};

/**
 * The map by keyboard, beside the keys that do the same everywhere (`keys.ts`): arrows move it, Tab walks the places in reading order and leaves after the last
 * one, Enter selects. `words` is what a screen reader says of the place that one steps on.
 */
export function useMapKeys(stage: Stage | undefined, scene: Scene | undefined, survey: Survey) {
  const [{ on, words }, setOn] = useState<{ readonly on?: Stop; readonly words: string }>(NOWHERE);

  const leave = useCallback(() => {
    setOn(NOWHERE);
    stage?.focus(undefined);
  }, [stage]);

  const onKeyDown = (event: KeyboardEvent): void => {
    if (!stage || !scene || event.altKey || event.ctrlKey || event.metaKey) return;
    const arrow = ARROWS[event.key];
    if (arrow) stage.panBy(...arrow);
    else if (event.key === 'Enter' && on) stage.choose(on);
    else if (event.key === 'Tab') {
      const stop = nextStop(stopsOf(scene, stage.seen, stage.sight.zoom), on?.id, event.shiftKey);
      // Past the last place the focus goes on to the rest of the page.
      if (!stop) {
        leave();
        return;
      }
      // Words of this moment: a screen reader would say new figures every second.
      setOn({ on: stop, words: wordsOf(describe(stop, scene, survey, hubNow(useCity.getState()))) });
      stage.focus(stop.id);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };

  return { onKeyDown, onBlur: leave, words };
}

const NOWHERE = { words: '' };
const wordsOf = (card: Card | undefined) => (card ? [card.title, ...card.lines].join(', ') : '');
