import type { MapAnswer, MapQuestion } from '@kubecity/protocol';
import { useCallback, useEffect, useState } from 'react';
import { hubNow, useCity } from '../../live/city-store.ts';
import { ask } from '../../live/link.ts';

export interface Asked<K extends MapAnswer['kind']> {
  readonly asking: boolean;
  readonly answer?: Extract<MapAnswer, { kind: K }>;
  /** Unix ms by the hub's clock at which the answer came. */
  readonly at: number;
  readonly fault?: string;
  readonly again: () => void;
}

/** Asks when it is shown, and again when told to. The last good answer stays while the next is awaited. */
export function useAnswer<K extends MapAnswer['kind']>(question: MapQuestion & { readonly kind: K }): Asked<K> {
  const [state, setState] = useState<Omit<Asked<K>, 'again'>>({ asking: true, at: 0 });
  const [times, setTimes] = useState(0);
  const text = JSON.stringify(question);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `times` counts wishes for a new answer
  useEffect(() => {
    let gone = false;
    setState((old) => ({ ...old, asking: true }));
    const asked = JSON.parse(text) as MapQuestion;
    void ask(asked).then((answer) => {
      if (gone) return;
      const at = hubNow(useCity.getState());
      if (answer.kind === asked.kind) setState({ asking: false, answer: answer as Asked<K>['answer'], at });
      else {
        const fault = answer.kind === 'refused' ? answer.message : `The hub answered with ${answer.kind}.`;
        setState((old) => ({ ...old, asking: false, fault }));
      }
    });
    return () => {
      gone = true;
    };
  }, [text, times]);
  return { ...state, again: useCallback(() => setTimes((n) => n + 1), []) };
}
