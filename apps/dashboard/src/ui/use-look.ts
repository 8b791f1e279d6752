import { useEffect } from 'react';
import type { Survey } from '../city/survey.ts';
import { useLooking } from '../live/looking.ts';
import type { Focus } from '../map/levels.ts';
import type { Scene } from '../map/scene.ts';

/** Up to so many Services everything is told every second. */
const FEW = 150;
/** The map must rest that long before the hub is told, milliseconds. */
const REST = 400;

/**
 * Tells what the map looks at closely: all of a small city. Of a large one the Services that are drawn with their houses, and
 * none from so far that it is drawn as blocks: their rates are means over ten seconds, and within ten they are told anyway.
 */
export function useLook(scene: Scene | undefined, whole: Survey, focus: Focus | undefined): void {
  const many = whole.city.service.size > FEW;
  const close = many && scene?.lens === 'services' && focus?.level === 'place';
  const names =
    close && scene ? scene.junctions.flatMap(({ service, folded }) => (folded ? [] : [service])) : undefined;
  const wish = names ? JSON.stringify(names.sort()) : 'all';
  useEffect(() => {
    const timer = setTimeout(() => {
      useLooking.setState({ services: wish === 'all' ? 'all' : (JSON.parse(wish) as string[]) });
    }, REST);
    return () => clearTimeout(timer);
  }, [wish]);
  useEffect(() => () => useLooking.setState({ services: 'all' }), []);
}
