import { useOnStage } from '../live/on-stage.ts';
import { compareOrNot, playOrPause } from '../live/replay.ts';
import { backToLive, useRewind } from '../live/rewind.ts';
import { look, select, setMetric, setTheme, setWall, showTable, useView } from '../live/view-store.ts';
import { steerSelected } from './steer/open.ts';

/** One key, as the handler of the page takes it and the sheet shows it. */
export interface Key {
  /** As `KeyboardEvent.key` names them; `mod+` is ⌘ or Ctrl. Any one of them does it. */
  readonly keys: readonly string[];
  readonly words: string;
  /** Absent: the part of the screen that has the focus takes it itself. */
  readonly run?: () => void;
}

export interface KeyGroup {
  readonly heading: string;
  readonly keys: readonly Key[];
}

const view = () => useView.getState();
/** Nothing where no map is, as in the Directory. */
const stage = () => useOnStage.getState().stage;
/** One press nearer. */
export const CLOSER = 1.4;

/** Every key of the page. */
export const KEYS: readonly KeyGroup[] = [
  {
    heading: 'Everywhere',
    keys: [
      { keys: ['mod+k', '/'], words: 'Find a place, or do something', run: () => useView.setState({ finding: true }) },
      { keys: ['1'], words: 'Services', run: () => look('services') },
      { keys: ['2'], words: 'Nodes', run: () => look('nodes') },
      { keys: ['3'], words: 'Directory', run: () => look('directory') },
      { keys: ['f'], words: 'Filter', run: () => useView.setState({ filtering: !view().filtering }) },
      { keys: ['x'], words: 'What is wrong', run: () => useView.setState({ troubles: !view().troubles }) },
      { keys: ['t'], words: 'Traffic table beside the map', run: () => showTable(!view().table) },
      {
        keys: ['m'],
        words: 'Connections or bytes on the streets',
        run: () => setMetric(view().metric === 'bytes' ? 'connections' : 'bytes'),
      },
      { keys: ['n'], words: 'Day or night', run: () => setTheme(view().theme === 'night' ? 'day' : 'night') },
      { keys: ['w'], words: 'Wall: nothing but the map', run: () => setWall(!view().wall) },
      { keys: ['?'], words: 'This sheet', run: () => useView.setState({ keys: !view().keys }) },
      { keys: ['Escape'], words: 'Back: out of the wall, out of the past, nothing selected', run: back },
    ],
  },
  {
    heading: 'Steering',
    keys: [
      { keys: ['d'], words: 'Drain what is selected, or ticked', run: () => steerSelected('drain') },
      { keys: ['s'], words: 'Weight or share of what is selected, or ticked', run: () => steerSelected('weight') },
    ],
  },
  {
    heading: 'Time',
    keys: [
      { keys: [' '], words: 'Replay and pause; from live, the last five minutes', run: playOrPause },
      { keys: ['l'], words: 'Live', run: backToLive },
      { keys: ['v'], words: 'Compare then with now', run: compareOrNot },
      { keys: ['ArrowLeft', 'ArrowRight'], words: 'On the time line: one step, with Shift ten' },
      { keys: ['PageDown', 'PageUp'], words: 'On the time line: thirty steps' },
      { keys: ['Home', 'End'], words: 'On the time line: the oldest, live' },
    ],
  },
  {
    heading: 'Map',
    keys: [
      { keys: ['+', '='], words: 'Nearer', run: () => stage()?.zoomBy(CLOSER) },
      { keys: ['-'], words: 'Farther', run: () => stage()?.zoomBy(1 / CLOSER) },
      { keys: ['0'], words: 'The whole city', run: () => stage()?.fit() },
      { keys: ['ArrowLeft', 'ArrowUp', 'ArrowDown', 'ArrowRight'], words: 'On the map: move it' },
      { keys: ['Tab', 'Enter'], words: 'On the map: from place to place; select it' },
    ],
  },
  {
    heading: 'Tables',
    keys: [
      { keys: ['ArrowUp', 'ArrowDown'], words: 'From row to row' },
      { keys: ['Home', 'End', 'PageUp', 'PageDown'], words: 'First, last, a page' },
      { keys: ['Enter'], words: 'Select the row' },
      { keys: ['c'], words: 'Copy the row' },
      { keys: [' '], words: 'Tick the row to steer several at once; with Shift all from the last one' },
    ],
  },
];

/** The past is left before the selection: whatever is selected, nobody should mistake it for now. */
function back(): void {
  if (view().wall) setWall(false);
  else if (useRewind.getState().wanted !== undefined) backToLive();
  else select(undefined);
}

const RUNS: ReadonlyMap<string, () => void> = new Map(
  KEYS.flatMap((group) => group.keys).flatMap(({ keys, run }) => (run ? keys.map((key) => [key, run] as const) : [])),
);

const TYPING = 'input, textarea, select, [contenteditable=true]';
const OPEN = '[role=dialog][data-state=open], [role=alertdialog][data-state=open], [role=menu][data-state=open]';
/** What a space bar presses by itself. */
const PRESSED = 'button, a[href], summary, [role=button], [role=tab], [role=row], [role=option], [role=radio]';

/** With Caps Lock letters come in upper case. */
const withoutCapsLock = (key: string): string => (key.length === 1 ? key.toLowerCase() : key);

/** Runs the key's wish, unless a person types, something lies over the page, or the focus has a use of its own for it. */
export function takeKey(event: KeyboardEvent): void {
  const mod = event.metaKey || event.ctrlKey;
  if (event.defaultPrevented || event.altKey || document.querySelector(OPEN)) return;
  const run = RUNS.get(
    mod ? `mod+${event.key.toLowerCase()}` : event.shiftKey ? event.key : withoutCapsLock(event.key),
  );
  const on = event.target instanceof HTMLElement ? event.target : undefined;
  if (!run || (!mod && on?.closest(TYPING)) || (event.key === ' ' && on?.closest(PRESSED))) return;
  event.preventDefault();
  run();
}
