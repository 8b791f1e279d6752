'use client';
import { GitCompareArrows, Pause, Play } from 'lucide-react';
import { ToggleGroup } from 'radix-ui';
import { compareOrNot, play, playOrPause } from '../../live/replay.ts';
import { backToLive, SPEEDS, type Speed, useRewind } from '../../live/rewind.ts';

const PRESSABLE =
  'touchable grid h-8 place-items-center rounded-control text-sm text-soft transition-colors duration-150 hover:bg-hover hover:text-text';

/** Replay and its speed, then against now, and the way to live. */
export function ReplayControls() {
  const { wanted, playing, speed, comparing } = useRewind();
  const live = wanted === undefined;
  return (
    <div className="flex w-[152px] pointer-coarse:w-[176px] shrink-0 flex-col justify-center gap-0.5 border-r border-line px-2">
      <div className="grid grid-cols-[32px_32px_1fr] pointer-coarse:grid-cols-[44px_44px_1fr] gap-1">
        <button
          type="button"
          className={`${PRESSABLE} ${playing ? 'bg-light/15 text-light-ink' : ''}`}
          aria-label={playing ? 'Pause the replay' : 'Replay'}
          title={playing ? 'Pause (space)' : live ? 'Replay the last five minutes (space)' : 'Replay from here (space)'}
          data-testid="replay"
          onClick={playOrPause}
        >
          {playing ? <Pause className="size-4" /> : <Play className="size-4" />}
        </button>
        <button
          type="button"
          className={`${PRESSABLE} aria-pressed:bg-light/15 aria-pressed:text-light-ink`}
          aria-label="Compare then with now"
          aria-pressed={comparing}
          title="Compare then with now (v)"
          data-testid="compare"
          onClick={compareOrNot}
        >
          <GitCompareArrows className="size-4" />
        </button>
        <button
          type="button"
          className={`${PRESSABLE} ${live ? 'text-live-ink' : 'border border-line font-medium text-text'} flex! items-center justify-center gap-1.5`}
          aria-pressed={live}
          title="Live (l)"
          data-testid="live"
          onClick={backToLive}
        >
          <span className={`size-1.5 rounded-full ${live ? 'bg-live' : 'bg-soft'}`} aria-hidden="true" />
          Live
        </button>
      </div>
      <ToggleGroup.Root
        type="single"
        value={String(speed)}
        onValueChange={(value) => value !== '' && choose(Number(value) as Speed)}
        aria-label="Speed of the replay"
        className="grid grid-cols-3 gap-0.5"
      >
        {SPEEDS.map((each) => (
          <ToggleGroup.Item
            key={each}
            value={String(each)}
            aria-label={each === 1 ? 'as it happened' : `${each} times as fast`}
            data-testid={`speed-${each}`}
            className={`${PRESSABLE} text-xs data-[state=on]:bg-tab data-[state=on]:font-medium data-[state=on]:text-text`}
          >
            {each}×
          </ToggleGroup.Item>
        ))}
      </ToggleGroup.Root>
    </div>
  );
}

/** A replay under way goes on at the new speed. */
function choose(speed: Speed): void {
  if (useRewind.getState().playing) play(speed);
  else useRewind.setState({ speed });
}
