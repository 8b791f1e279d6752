import { useEffect } from 'react';
import type { Survey } from '../city/survey.ts';
import { closelyDrawn, useLooking } from '../live/looking.ts';
import type { Scene } from '../map/scene.ts';

/** Up to so many Services everything is told every second. */
const FEW = 150;
/** The map must rest that long before the hub is told, milliseconds. */
const REST = 400;

/** Tells what the map looks at closely: all of a small city, of a large one what is drawn closely. */
export function useLook(scene: Scene | undefined, whole: Survey): void {
  const many = whole.city.service.size > FEW;
  const wish = JSON.stringify(many && scene ? closelyDrawn(scene) : 'all');
  useEffect(() => {
    const timer = setTimeout(() => useLooking.setState({ services: JSON.parse(wish) as 'all' | string[] }), REST);
    return () => clearTimeout(timer);
  }, [wish]);
  useEffect(() => () => useLooking.setState({ services: 'all' }), []);
}
