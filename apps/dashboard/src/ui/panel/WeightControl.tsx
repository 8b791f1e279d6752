'use client';
import { Slider } from 'radix-ui';
import { useEffect, useRef, useState } from 'react';
import type { Backend } from '../../city/services.ts';
import { wish } from '../steering.ts';

/** The slider's reach; the number field goes on to what an override may ask for. */
const SLIDER_END = 200;
const LARGEST = 1000;
/** What a backend has when nobody says otherwise. */
const NEUTRAL = 100;
/** How long a released weight waits for the record that confirms it before the slider tells the record's value again. */
const PATIENCE = 6000;

export interface WeightDraft {
  /** What the hand holds, or has let go and the hub has not confirmed yet. */
  readonly draft?: number;
  readonly hold: (weight: number | undefined) => void;
  readonly apply: (weight: number) => void;
}

export function useWeightDraft(backend: Backend): WeightDraft {
  const [draft, setDraft] = useState<number>();
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new record ends the waiting, whatever it says
  useEffect(() => setDraft(undefined), [backend.weight, backend.overrideUid]);
  const apply = (weight: number) => {
    if (weight === backend.weight) return setDraft(undefined);
    setDraft(weight);
    const effect = weight === NEUTRAL ? ({ kind: 'release' } as const) : ({ kind: 'weight', weight } as const);
    void wish({ action: 'steer', target: { kind: 'backend', id: backend.id }, effect }).then((written) => {
      if (!written) setDraft(undefined);
      else setTimeout(() => setDraft(undefined), PATIENCE);
    });
  };
  return { draft, hold: setDraft, apply };
}

interface Props {
  readonly backend: Backend;
  readonly name: string;
  readonly weight: WeightDraft;
  readonly pending: boolean;
}

/** Drag and see the share it would get; let go and it is wished. The field takes exact numbers. */
export function WeightControl({ backend, name, weight, pending }: Props) {
  const value = weight.draft ?? Math.round(backend.weight);
  const changed = value !== NEUTRAL;
  return (
    <div className="flex min-w-0 flex-1 items-center gap-2.5">
      <span className="text-sm text-soft">Weight</span>
      <Slider.Root
        className="relative flex h-5 min-w-0 flex-1 touch-none items-center select-none"
        min={0}
        max={SLIDER_END}
        step={1}
        value={[Math.min(SLIDER_END, value)]}
        disabled={pending}
        onValueChange={([next]) => weight.hold(next)}
        onValueCommit={([next]) => next !== undefined && weight.apply(next)}
      >
        <Slider.Track className="relative h-[3px] grow rounded-full bg-quiet">
          <span className="absolute top-[-2px] left-1/2 h-[7px] w-px bg-faint" aria-hidden="true" />
          <Slider.Range className={`absolute h-full rounded-full ${changed ? 'bg-weight' : 'bg-faint'}`} />
        </Slider.Track>
        <Slider.Thumb
          aria-label={`Weight of ${name}`}
          className={`block size-3.5 rounded-full border-2 bg-raised transition-transform duration-150 hover:scale-115 ${changed ? 'border-weight' : 'border-soft'}`}
        />
      </Slider.Root>
      <WeightField name={name} value={value} apply={weight.apply} pending={pending} />
    </div>
  );
}

interface FieldProps {
  readonly name: string;
  readonly value: number;
  readonly apply: (weight: number) => void;
  readonly pending: boolean;
}

function WeightField({ name, value, apply, pending }: FieldProps) {
  const [text, setText] = useState(String(value));
  useEffect(() => setText(String(value)), [value]);
  /** Escape leaves the field before React has put the old text back: that is no submission. */
  const abandoned = useRef(false);
  const parsed = /^\d{1,4}$/.test(text) ? Number(text) : Number.NaN;
  // A share may have given it more than a hand may write.
  const valid = parsed <= LARGEST || text === String(value);
  const submit = () => {
    if (!valid) return setText(String(value));
    if (parsed !== value) apply(parsed);
  };
  return (
    <input
      inputMode="numeric"
      value={text}
      readOnly={pending}
      aria-label={`Exact weight of ${name}, 0 to ${LARGEST}`}
      aria-invalid={!valid}
      data-testid={`weight-${name}`}
      onChange={(event) => setText(event.target.value)}
      onBlur={() => {
        if (!abandoned.current) submit();
        abandoned.current = false;
      }}
      onKeyDown={(event) => {
        if (event.key === 'Enter') submit();
        // The first Escape leaves the field as it was, the next one closes the panel.
        if (event.key === 'Escape') {
          abandoned.current = true;
          setText(String(value));
          event.currentTarget.parentElement?.querySelector<HTMLElement>('[role=slider]')?.focus();
        }
      }}
      className="h-7 w-12 shrink-0 rounded-control border border-line bg-sunk text-center text-sm outline-none focus:border-weight aria-invalid:border-drain"
    />
  );
}
