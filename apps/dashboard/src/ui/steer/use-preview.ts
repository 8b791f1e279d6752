import type { SteerAnswer, SteerRequest } from '@kubecity/protocol';
import { useCallback, useEffect, useState } from 'react';
import { isConnected, steer } from '../../live/link.ts';
import { Previewing, type PreviewState } from '../../live/previewing.ts';

export interface Preview {
  readonly asking: boolean;
  /** The last answer, while the next is awaited. */
  readonly answer?: SteerAnswer;
  /** The answer is of the request as it stands, over the connection as it is. */
  readonly fresh: boolean;
  readonly again: () => void;
}

/** A person types: after this rest the nodes are asked what they would write, milliseconds. */
const REST = 400;

/**
 * What a request would do, asked as a dry run whenever it changes, and anew when a lost connection is back. Without a request
 * (the fields are wrong) nothing is asked.
 */
export function usePreview(request: SteerRequest | undefined, connected: boolean): Preview {
  const [state, setState] = useState<PreviewState>({ asking: false });
  const [times, setTimes] = useState(0);
  const [previewing] = useState(() => new Previewing(askHub, setState));
  const key = request && connected ? `${times} ${JSON.stringify(request)}` : undefined;

  useEffect(() => {
    if (!connected) previewing.forget();
  }, [connected, previewing]);
  useEffect(() => {
    previewing.want(request && key !== undefined ? { key, request } : undefined);
    if (key === undefined) return;
    const timer = setTimeout(() => void previewing.begin(), REST);
    return () => clearTimeout(timer);
  }, [key, request, previewing]);

  const { answer, of, asking } = state;
  const again = useCallback(() => setTimes((n) => n + 1), []);
  return { asking, answer, fresh: key !== undefined && of === key, again };
}

/** A question that the lost connection took along is refused like any other, when the page knows already. */
async function askHub(request: SteerRequest): Promise<SteerAnswer | undefined> {
  const answer = await steer(request);
  return isConnected() ? answer : undefined;
}
