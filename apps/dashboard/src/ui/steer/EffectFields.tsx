'use client';
import type { Faults, SteerForm } from '../../city/steer/form.ts';
import { Choice, Field, Pick, Presets } from './fields.tsx';

interface Props {
  readonly form: SteerForm;
  readonly faults: Faults;
  readonly change: (change: Partial<SteerForm>) => void;
}

const EXISTING = [
  { value: 'wait', label: 'Wait', words: 'Open connections go on until they end by themselves.' },
  {
    value: 'cutIdle',
    label: 'Cut idle',
    words: 'Quiet ones are cut, moving ones go on. Cutting is a reset for the client.',
  },
  {
    value: 'cut',
    label: 'Cut all',
    words: 'Every open connection is cut, at the pace below: a reset for each client.',
  },
] as const;

const UDP = [
  ['', 'as for TCP'],
  ['wait', 'wait: a client with a fixed port may stay for ever'],
  ['cutIdle', 'cut idle'],
  ['cut', 'cut all: they go elsewhere with the next packet'],
] as const;

const STICKY = [
  {
    value: 'expire',
    label: 'Send them elsewhere',
    words: 'Clients that session affinity holds there get another backend.',
  },
  { value: 'keep', label: 'Let them come back', words: 'Until their window ends they may open new connections there.' },
] as const;

export function DrainFields({ form, faults, change }: Props) {
  const cuts = form.existing !== 'wait' || form.deadline.trim() !== '' || (form.udp !== '' && form.udp !== 'wait');
  return (
    <>
      <Choice
        label="What is open"
        value={form.existing}
        change={(existing) => change({ existing })}
        choices={EXISTING}
        testId="existing"
      />
      <Field
        label="Deadline: then the rest is cut"
        value={form.deadline}
        change={(deadline) => change({ deadline })}
        fault={faults.deadline}
        placeholder="never"
        className="w-24"
        data-testid="deadline"
      >
        <Presets value={form.deadline} change={(deadline) => change({ deadline })} presets={DEADLINES} />
      </Field>
      <details className="group rounded-control border border-line px-2.5 py-1.5" open={more(form)}>
        <summary className="cursor-pointer text-sm font-medium text-soft">UDP, sticky clients, pace</summary>
        <div className="mt-2 flex flex-col gap-3 pb-1">
          <Pick
            label="UDP"
            value={form.udp}
            change={(udp) => change({ udp: udp as SteerForm['udp'] })}
            options={UDP}
            testId="udp"
          />
          <Choice
            label="Sticky clients"
            value={form.sticky}
            change={(sticky) => change({ sticky })}
            choices={STICKY}
            testId="sticky"
          />
          <Field
            label="Cut at most, connections per second on each node"
            value={form.pace}
            change={(pace) => change({ pace })}
            fault={faults.pace}
            hint={cuts ? undefined : 'Counts only where something is cut.'}
            placeholder="50"
            inputMode="numeric"
            className="w-24"
            data-testid="pace"
          />
        </div>
      </details>
    </>
  );
}

const DEADLINES = [
  ['', 'never'],
  ['5 min', '5 min'],
  ['1 h', '1 h'],
] as const;

const more = ({ udp, sticky, pace }: SteerForm): boolean => udp !== '' || sticky !== 'expire' || pace !== '';

const RAMPS = [
  ['', 'at once'],
  ['1 min', '1 min'],
  ['10 min', '10 min'],
] as const;

export function AmountFields({ form, faults, change }: Props) {
  return (
    <>
      {form.effect === 'weight' ? (
        <Field
          label="Weight of each backend, 0 to 1,000; 100 is neutral"
          value={form.weight}
          change={(weight) => change({ weight })}
          fault={faults.weight}
          inputMode="numeric"
          className="w-24"
          data-testid="weight"
        />
      ) : (
        <Field
          label="Share of new connections, all of them together, percent"
          value={form.share}
          change={(share) => change({ share })}
          fault={faults.share}
          hint="It holds while pods come and go."
          inputMode="numeric"
          className="w-24"
          data-testid="share"
        />
      )}
      <Field
        label="Ramp: get there by and by"
        value={form.ramp}
        change={(ramp) => change({ ramp })}
        fault={faults.ramp}
        placeholder="at once"
        className="w-24"
        data-testid="ramp"
      >
        <Presets value={form.ramp} change={(ramp) => change({ ramp })} presets={RAMPS} />
      </Field>
    </>
  );
}

const EXPIRIES = [
  ['', 'never'],
  ['1 h', '1 h'],
  ['8 h', '8 h'],
] as const;

export function CircumstanceFields({ form, faults, change }: Props) {
  return (
    <>
      <Field
        label="Ends by itself in"
        value={form.expiresIn}
        change={(expiresIn) => change({ expiresIn, expiresAt: expiresIn.trim() === '' ? form.expiresAt : '' })}
        fault={faults.expiresIn}
        placeholder="never"
        className="w-24"
        data-testid="expires-in"
      >
        <Presets
          value={form.expiresIn === '' && form.expiresAt !== '' ? '-' : form.expiresIn}
          change={(expiresIn) => change({ expiresIn, expiresAt: '' })}
          presets={EXPIRIES}
        />
      </Field>
      <Field
        label="or at"
        type="datetime-local"
        value={form.expiresIn.trim() === '' ? form.expiresAt : ''}
        change={(expiresAt) => change({ expiresAt, expiresIn: '' })}
        fault={faults.expiresAt}
        className="w-52"
        data-testid="expires-at"
      />
      <Field
        label="Why: others see it"
        value={form.reason}
        change={(reason) => change({ reason })}
        fault={faults.reason}
        placeholder="INC-123 slow disk"
        maxLength={1024}
        className="w-full"
        data-testid="reason"
      />
    </>
  );
}
