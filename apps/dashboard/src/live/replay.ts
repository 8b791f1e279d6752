import type { Moment } from '../city/moment.ts';
import { hubNow, showCity, useCity } from './city-store.ts';
import { backToLive, momentAt, rewindTo, type Speed, useRewind } from './rewind.ts';

/** From one picture to the next, milliseconds: slow enough for the hub, which takes five questions a second. */
const FRAME: Readonly<Record<Speed, number>> = { 1: 1000, 10: 500, 60: 400 };
/** Pictures asked for before their turn; the hub answers four questions of a page at a time. */
const AHEAD = 2;
/** Where replay and comparison begin when the map is live. */
export const A_WHILE = 5 * 60_000;
/** Of a question that comes too early for the hub. */
const AGAIN_AFTER = 1000;

/** Counts what was begun: an older replay ends by itself. */
let begun = 0;

/** Goes on from the moment shown; from live, five minutes ago. At now it becomes live. */
export function play(speed: Speed = useRewind.getState().speed): void {
  begun += 1;
  if (useRewind.getState().wanted === undefined) rewindTo(hubNow(useCity.getState()) - A_WHILE);
  useRewind.setState({ playing: true, speed, fault: undefined });
  void run(begun, useRewind.getState().wanted as number, speed);
}

export function pause(): void {
  useRewind.setState({ playing: false });
}

export function playOrPause(): void {
  if (useRewind.getState().playing) pause();
  else play();
}

/** Sets the moment that is shown against now; from live, that of five minutes ago. */
export function compareOrNot(): void {
  const { wanted, comparing } = useRewind.getState();
  if (wanted === undefined) rewindTo(hubNow(useCity.getState()) - A_WHILE);
  useRewind.setState({ comparing: wanted === undefined || !comparing });
}

interface Picture {
  readonly at: number;
  readonly answer: Promise<Moment | string>;
}

async function run(own: number, from: number, speed: Speed): Promise<void> {
  const still = () => own === begun && useRewind.getState().playing;
  const stride = FRAME[speed] * speed;
  const ahead: Picture[] = [];
  for (let next = from + stride; still(); ) {
    const now = hubNow(useCity.getState());
    for (; ahead.length <= AHEAD && next < now; next += stride) ahead.push({ at: next, answer: told(next, still) });
    const picture = ahead.shift();
    if (!picture) return backToLive();
    const [answer] = await Promise.all([picture.answer, rest(FRAME[speed])]);
    if (!still()) return;
    if (typeof answer === 'string') return useRewind.setState({ fault: answer, playing: false });
    useRewind.setState({ wanted: picture.at, fault: undefined });
    showCity({ moment: answer });
  }
}

/** Asks once more before it gives up: other questions of the page may have used up what the hub takes. */
async function told(at: number, still: () => boolean): Promise<Moment | string> {
  const answer = await momentAt(at);
  if (typeof answer !== 'string' || !still()) return answer;
  await rest(AGAIN_AFTER);
  return momentAt(at);
}

const rest = (milliseconds: number) => new Promise((resume) => setTimeout(resume, milliseconds));
