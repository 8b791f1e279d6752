import { create } from 'zustand';
import { type Moment, momentOf } from '../city/moment.ts';
import { showCity, useCity } from './city-store.ts';
import { ask } from './link.ts';

/** How many times as fast as it happened the past is replayed. */
export const SPEEDS = [1, 10, 60] as const;
export type Speed = (typeof SPEEDS)[number];

/** The way into the past and back. What is shown meanwhile is `moment` of the city's store. */
export interface RewindStore {
  /** Unix ms that was asked for last; undefined when live. */
  readonly wanted?: number;
  readonly asking: boolean;
  /** Why the wanted moment cannot be shown. */
  readonly fault?: string;
  /** The past goes on by itself (`replay.ts`). */
  readonly playing: boolean;
  readonly speed: Speed;
  /** What is shown is set against now. */
  readonly comparing: boolean;
}

export const useRewind = create<RewindStore>(() => ({ asking: false, playing: false, speed: 10, comparing: false }));

/** Milliseconds from one question to the next: the hub takes a few a second. */
const PAUSE = 220;
/** Counts wishes: the same moment can be wished for again. */
let wishes = 0;

/** Shows the city as it was. Of many wishes in a row (a hand on the time line) only the newest is asked for. */
export function rewindTo(at: number): void {
  const { asking } = useRewind.getState();
  wishes += 1;
  useRewind.setState({ wanted: Math.round(at), fault: undefined, playing: false });
  if (!asking) void follow();
}

export function backToLive(): void {
  if (useRewind.getState().wanted === undefined) return;
  useRewind.setState({ wanted: undefined, fault: undefined, playing: false, comparing: false });
  showCity({ moment: undefined });
}

async function follow(): Promise<void> {
  useRewind.setState({ asking: true });
  let followed = 0;
  while (followed !== wishes && useRewind.getState().wanted !== undefined) {
    followed = wishes;
    const pause = new Promise((resume) => setTimeout(resume, PAUSE));
    await connected();
    const at = useRewind.getState().wanted;
    if (at !== undefined) await showMoment(at);
    await pause;
  }
  useRewind.setState({ asking: false });
}

async function showMoment(at: number): Promise<void> {
  const answer = await momentAt(at);
  const { wanted, playing } = useRewind.getState();
  if (wanted === undefined || (playing && wanted !== at)) return;
  if (typeof answer !== 'string') showCity({ moment: answer });
  else if (wanted === at) useRewind.setState({ fault: answer });
}

/** The city at that time, or why it is not told. */
export async function momentAt(at: number): Promise<Moment | string> {
  const answer = await ask({ kind: 'moment', at });
  if (answer.kind === 'moment') return momentOf(answer);
  return answer.kind === 'refused' ? answer.message : `the hub answered with ${answer.kind}`;
}

/** Resolves when there is a city to set the past on: a link may be opened before the hub has told anything. */
function connected(): Promise<void> {
  const ready = ({ link, arrived } = useCity.getState()) => link === 'live' && arrived;
  if (ready()) return Promise.resolve();
  return new Promise((resolve) => {
    const stop = useCity.subscribe((state) => {
      if (!ready(state)) return;
      stop();
      resolve();
    });
  });
}

/** How the time stands in the address bar: `at` in Unix ms, and `compare` when it is set against now. Live has neither. */
export function timeToQuery(query: URLSearchParams): void {
  const { wanted, comparing } = useRewind.getState();
  if (wanted === undefined) return;
  query.set('at', String(wanted));
  if (comparing) query.set('compare', '');
}

/** Goes to the time of an address. One that is none means live. */
export function timeFromQuery(query: URLSearchParams): void {
  const at = Number(query.get('at') ?? Number.NaN);
  if (!Number.isSafeInteger(at) || at <= 0) {
    backToLive();
    return;
  }
  if (at !== useRewind.getState().wanted) rewindTo(at);
  useRewind.setState({ comparing: query.has('compare') });
}
