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

/** Milliseconds from one question to the next: the hub takes a few a second. */
const PAUSE = 220;
/** Counts wishes: the same moment can be wished for again. */
let wishes = 0;

/** Shows the city as it was. Of many wishes in a row (a held arrow key) only the newest is asked for. */
export function rewindTo(at: number): void {
  const { asking } = useRewind.getState();
  wishes += 1;
  useRewind.setState({ wanted: at, fault: undefined });
  if (!asking) void follow();
}

export function backToLive(): void {
  useRewind.setState({ wanted: undefined, fault: undefined });
  showCity({ moment: undefined });
}

async function follow(): Promise<void> {
  useRewind.setState({ asking: true });
  let followed = 0;
  while (followed !== wishes && useRewind.getState().wanted !== undefined) {
    followed = wishes;
    const pause = new Promise((resume) => setTimeout(resume, PAUSE));
    await showMoment(useRewind.getState().wanted as number);
    await pause;
  }
  useRewind.setState({ asking: false });
}

async function showMoment(at: number): Promise<void> {
  const answer = await ask({ kind: 'moment', at });
  const { wanted } = useRewind.getState();
  if (wanted === undefined) return;
  if (answer.kind === 'moment') showCity({ moment: momentOf(answer) });
  else if (wanted === at) {
    useRewind.setState({ fault: answer.kind === 'refused' ? answer.message : `the hub answered with ${answer.kind}` });
  }
}
