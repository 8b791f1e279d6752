import { create } from 'zustand';
import { momentOf } from '../city/moment.ts';
import { showCity } from './city-store.ts';
import { ask } from './link.ts';

/** The way into the past and back. What is shown meanwhile is `moment` of the city's store. */
export interface RewindStore {
  /** Unix ms that was asked for last; undefined when live. */
  readonly wanted?: number;
  readonly asking: boolean;
  /** Why the wanted moment cannot be shown. */
  readonly fault?: string;
}

export const useRewind = create<RewindStore>(() => ({ asking: false }));

/** Shows the city as it was. Of many wishes in a row (a held arrow key) only the newest is asked for. */
export function rewindTo(at: number): void {
  const { asking } = useRewind.getState();
  useRewind.setState({ wanted: at, fault: undefined });
  if (!asking) void follow();
}

export function backToLive(): void {
  useRewind.setState({ wanted: undefined, fault: undefined });
  showCity({ moment: undefined });
}

async function follow(): Promise<void> {
  useRewind.setState({ asking: true });
  let asked: number | undefined;
  for (let at = useRewind.getState().wanted; at !== undefined && at !== asked; at = useRewind.getState().wanted) {
    asked = at;
    const answer = await ask({ kind: 'moment', at });
    if (useRewind.getState().wanted === undefined) break;
    if (answer.kind === 'moment') showCity({ moment: momentOf(answer) });
    else if (useRewind.getState().wanted === at) {
      useRewind.setState({
        fault: answer.kind === 'refused' ? answer.message : `An answer of another kind: ${answer.kind}`,
      });
    }
  }
  useRewind.setState({ asking: false });
}
