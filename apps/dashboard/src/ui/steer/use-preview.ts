import type { SteerAnswer, SteerRequest } from '@kubecity/protocol';
import { useCallback, useEffect, useRef, useState } from 'react';
import { steer } from '../../live/link.ts';

export interface Preview {
  readonly asking: boolean;
  /** The last answer, while the next is awaited. */
  readonly answer?: SteerAnswer;
  /** The answer is of the request as it stands. */
  readonly fresh: boolean;
  readonly again: () => void;
}

/** A person types: after this rest the nodes are asked what they would write, milliseconds. */
const REST = 400;

/**
 * What a request would do, asked as a dry run whenever it changes. One question at a time: while one is under way only the
 * newest request waits. Without a request (the fields are wrong) nothing is asked.
 */
export function usePreview(request: SteerRequest | undefined): Preview {
  const [state, setState] = useState<{ answer?: SteerAnswer; of?: string; asking: boolean }>({ asking: false });
  const [times, setTimes] = useState(0);
  const text = request && `${times} ${JSON.stringify({ ...request, dryRun: true })}`;
  const wanted = useRef<string>(undefined);
  const asking = useRef(false);

  useEffect(() => {
    wanted.current = text;
    if (text === undefined) return;
    const timer = setTimeout(() => void ask(), REST);
    return () => clearTimeout(timer);

    async function ask() {
      if (asking.current) return;
      asking.current = true;
      setState((old) => ({ ...old, asking: true }));
      for (let of = wanted.current; of !== undefined; of = wanted.current === of ? undefined : wanted.current) {
        const answer = await steer(JSON.parse(of.slice(of.indexOf(' '))) as SteerRequest);
        setState({ answer, of, asking: true });
      }
      asking.current = false;
      setState((old) => ({ ...old, asking: false }));
    }
  }, [text]);

  const { answer, of, asking: underWay } = state;
  const again = useCallback(() => setTimes((n) => n + 1), []);
  return { asking: underWay, answer, fresh: answer !== undefined && of === text, again };
}
