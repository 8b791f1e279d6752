'use client';
import { RadioGroup } from 'radix-ui';
import { type ComponentProps, type ReactNode, useId } from 'react';

/** The look of everything that is typed into. */
const INPUT =
  'h-8 min-w-0 rounded-control border border-line bg-sunk px-2.5 outline-none placeholder:text-soft focus:border-live aria-invalid:border-drain touchable';

interface FieldProps extends Omit<ComponentProps<'input'>, 'onChange' | 'value' | 'id'> {
  readonly label: string;
  readonly value: string;
  readonly change: (value: string) => void;
  readonly fault?: string;
  /** Said below while nothing is wrong. */
  readonly hint?: string;
  /** Beside it: what is often chosen. */
  readonly children?: ReactNode;
}

/** One line to fill in, with what is wrong in it. */
export function Field({ label, value, change, fault, hint, children, className = '', ...rest }: FieldProps) {
  const id = useId();
  const note = fault ?? hint;
  return (
    <div>
      <label htmlFor={id} className="mb-1 block text-sm text-soft">
        {label}
      </label>
      <div className="flex flex-wrap items-center gap-1.5">
        <input
          id={id}
          value={value}
          onChange={(event) => change(event.target.value)}
          aria-invalid={fault !== undefined}
          aria-describedby={note === undefined ? undefined : `${id}-note`}
          autoComplete="off"
          spellCheck={false}
          className={`${INPUT} ${className}`}
          {...rest}
        />
        {children}
      </div>
      {note !== undefined && (
        <p id={`${id}-note`} className={`mt-1 text-sm ${fault === undefined ? 'text-soft' : 'text-drain-ink'}`}>
          {note}
        </p>
      )}
    </div>
  );
}

interface PresetsProps {
  readonly value: string;
  readonly change: (value: string) => void;
  /** What is written and what it says; '' = not at all. */
  readonly presets: readonly (readonly [value: string, words: string])[];
}

/** What is often chosen, beside a field. */
export function Presets({ value, change, presets }: PresetsProps) {
  return presets.map(([preset, words]) => (
    <button
      key={preset}
      type="button"
      aria-pressed={value.trim() === preset}
      onClick={() => change(preset)}
      className="h-7 rounded-full border border-line px-2.5 text-sm text-soft hover:bg-hover aria-pressed:border-live aria-pressed:text-text touchable"
    >
      {words}
    </button>
  ));
}

interface ChoiceProps<T extends string> {
  readonly label: string;
  readonly value: T;
  readonly change: (value: T) => void;
  readonly choices: readonly { readonly value: T; readonly label: string; readonly words?: string }[];
  readonly testId?: string;
  /** Beside each other instead of one below the other. */
  readonly row?: boolean;
}

/** One of a few, each with what it means. */
export function Choice<T extends string>({ label, value, change, choices, testId, row = false }: ChoiceProps<T>) {
  return (
    <div>
      <p className="mb-1 text-sm text-soft" aria-hidden="true">
        {label}
      </p>
      <RadioGroup.Root
        value={value}
        onValueChange={(next) => change(next as T)}
        aria-label={label}
        orientation={row ? 'horizontal' : 'vertical'}
        className={row ? 'flex rounded-[10px] bg-sunk p-0.5' : 'flex flex-col gap-1'}
      >
        {choices.map((choice) =>
          row ? (
            <RadioGroup.Item
              key={choice.value}
              value={choice.value}
              data-testid={testId && `${testId}-${choice.value}`}
              className="h-8 flex-1 rounded-control px-3 font-medium text-soft hover:text-text data-[state=checked]:bg-tab data-[state=checked]:text-text data-[state=checked]:shadow-[0_1px_2px_rgb(0_0_0/0.12)] touchable"
            >
              {choice.label}
            </RadioGroup.Item>
          ) : (
            <RadioGroup.Item
              key={choice.value}
              value={choice.value}
              data-testid={testId && `${testId}-${choice.value}`}
              className="group flex items-start gap-2.5 rounded-control border border-line px-2.5 py-1.5 text-left hover:bg-hover data-[state=checked]:border-live data-[state=checked]:bg-selected"
            >
              <span className="mt-[3px] grid size-3.5 shrink-0 place-items-center rounded-full border border-faint group-data-[state=checked]:border-live">
                <RadioGroup.Indicator className="size-2 rounded-full bg-live" />
              </span>
              <span>
                <span className="block font-medium">{choice.label}</span>
                {choice.words !== undefined && <span className="block text-sm text-soft">{choice.words}</span>}
              </span>
            </RadioGroup.Item>
          ),
        )}
      </RadioGroup.Root>
    </div>
  );
}

interface PickProps {
  readonly label: string;
  readonly value: string;
  readonly change: (value: string) => void;
  readonly options: readonly (readonly [value: string, words: string])[];
  readonly testId?: string;
}

/** One of a list, by the browser's own means. */
export function Pick({ label, value, change, options, testId }: PickProps) {
  const id = useId();
  return (
    <div>
      <label htmlFor={id} className="mb-1 block text-sm text-soft">
        {label}
      </label>
      <select
        id={id}
        value={value}
        onChange={(event) => change(event.target.value)}
        data-testid={testId}
        className={`${INPUT} w-full`}
      >
        {options.map(([option, words]) => (
          <option key={option} value={option}>
            {words}
          </option>
        ))}
      </select>
    </div>
  );
}
