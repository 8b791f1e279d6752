'use client';
import type { SteerAnswer } from '@kubecity/protocol';
import { X } from 'lucide-react';
import { Dialog } from 'radix-ui';
import { useMemo, useState } from 'react';
import { faultsOf, requestOf, type SteerForm } from '../../city/steer/form.ts';
import { choosesNothing } from '../../city/steer/scope.ts';
import { namespaceOf, nameToType, targetWords } from '../../city/steer/target.ts';
import { hubNow, useCity } from '../../live/city-store.ts';
import { NOT_CONNECTED } from '../../live/link.ts';
import { Button } from '../Button.tsx';
import { ADVICE, closeSheet, keyOf, send, useSteering, useSteeringLock } from '../steering.ts';
import { ConfirmFloor } from './ConfirmFloor.tsx';
import { AmountFields, CircumstanceFields, DrainFields } from './EffectFields.tsx';
import { Choice } from './fields.tsx';
import { Outcome, Refused } from './Outcome.tsx';
import { TargetFields } from './TargetFields.tsx';
import { usePreview } from './use-preview.ts';

/** The one sheet for every wish: whom, what, how long, why; beside it what would come of it, asked of the nodes. */
export function SteerSheet() {
  const sheet = useSteering((state) => state.sheet);
  return (
    <Dialog.Root open={sheet !== undefined} onOpenChange={(open) => open || closeSheet()}>
      <Dialog.Portal>
        <Dialog.Overlay className="fixed inset-0 z-50 bg-[#05070f]/40" />
        <Dialog.Content
          aria-describedby={undefined}
          data-testid="steer-sheet"
          onOpenAutoFocus={beginAtEffect}
          className="arriving fixed inset-y-0 right-0 z-50 flex w-[1020px] max-w-[96vw] flex-col border-l border-line bg-panel shadow-cast"
        >
          {sheet && <Sheet key={JSON.stringify(sheet)} begin={sheet} />}
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

/** Not at the way out. */
function beginAtEffect(event: Event): void {
  const checked = (event.target as HTMLElement).querySelector<HTMLElement>(
    '[data-testid^=effect-][data-state=checked]',
  );
  if (!checked) return;
  event.preventDefault();
  checked.focus();
}

const EFFECTS = [
  { value: 'drain', label: 'Drain' },
  { value: 'weight', label: 'Weight' },
  { value: 'share', label: 'Share' },
] as const;

function Sheet({ begin }: { readonly begin: SteerForm }) {
  const [form, setForm] = useState(begin);
  const [typed, setTyped] = useState('');
  const [refused, setRefused] = useState<SteerAnswer & { ok: false }>();
  const city = useCity((state) => state.whole.city);
  const lock = useSteeringLock(namespaceOf(city, form.target));
  const pending = useSteering((state) => state.pending.has(keyOf(form.target)));
  // The clock of the moment in which the fields changed: a length of time shall not make a new request each second.
  const { faults, request } = useMemo(() => {
    const now = hubNow(useCity.getState());
    const found = faultsOf(form, now);
    const askable = Object.keys(found).length === 0 && !choosesNothing(form.target);
    return { faults: found, request: askable ? requestOf(form, now) : undefined };
  }, [form]);
  const connected = useCity((state) => state.link === 'live');
  const preview = usePreview(lock === undefined ? request : undefined, connected);
  const { answer, fresh } = preview;
  // While the fields are wrong nothing can be confirmed.
  const breaks = request && answer && !answer.ok && answer.code === 'would-empty' ? answer : undefined;
  const name = nameToType(city, form.target);
  const nothing = answer?.ok === true && (answer.preview?.writes.length ?? 0) === 0;
  const ready =
    request && fresh && !pending && lock === undefined && !nothing && (answer?.ok || (breaks && typed === name));

  const change = (next: Partial<SteerForm>) => {
    setForm((old) => ({ ...old, ...next }));
    setTyped('');
    setRefused(undefined);
  };
  const lookAgain = () => {
    setRefused(undefined);
    setTyped('');
    preview.again();
  };
  const apply = async () => {
    if (!ready) return;
    const allowed = breaks ? { allowEmpty: true } : {};
    const now = hubNow(useCity.getState());
    const told = await send({ ...requestOf(form, now), ...allowed, seen: answer?.seen });
    if (told.ok) closeSheet();
    else setRefused(told);
  };

  return (
    <form
      className="flex min-h-0 flex-1 flex-col"
      onSubmit={(event) => {
        event.preventDefault();
        void apply();
      }}
    >
      <header className="flex shrink-0 items-start gap-3 border-b border-line px-5 py-3.5">
        <Dialog.Title className="min-w-0 flex-1 text-figure font-semibold wrap-anywhere">
          {titleOf(form)} {targetWords(city, form.target)}
        </Dialog.Title>
        <Dialog.Close
          aria-label="Close"
          className="grid size-8 place-items-center rounded-control text-soft hover:bg-hover hover:text-text"
        >
          <X className="size-4" />
        </Dialog.Close>
      </header>
      <div className="flex min-h-0 flex-1">
        <div className="flex w-[392px] shrink-0 flex-col gap-4 overflow-y-auto border-r border-line px-5 py-4">
          <TargetFields target={form.target} change={(target) => change({ target })} />
          <Choice
            label="What"
            value={form.effect}
            change={(effect) => change({ effect })}
            choices={EFFECTS}
            testId="effect"
            row
          />
          {form.effect === 'drain' ? (
            <DrainFields form={form} faults={faults} change={change} />
          ) : (
            <AmountFields form={form} faults={faults} change={change} />
          )}
          <CircumstanceFields form={form} faults={faults} change={change} />
        </div>
        <section
          aria-label="What comes of it"
          // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also with the keyboard alone
          tabIndex={0}
          className="min-w-0 flex-1 overflow-y-auto px-5 py-4 -outline-offset-2"
        >
          {refused && <Refused message={refused.message} advice={ADVICE[refused.code]} again={lookAgain} />}
          {breaks && <ConfirmFloor message={breaks.message} name={name} typed={typed} type={setTyped} />}
          <Outcome preview={{ ...preview, again: lookAgain }} faulty={request === undefined} />
        </section>
      </div>
      <footer className="flex shrink-0 items-center gap-3 border-t border-line px-5 py-3">
        {/* not beside what applies, whose words and width change with the wish */}
        <Dialog.Close asChild>
          <Button>Cancel</Button>
        </Dialog.Close>
        <p className="min-w-0 flex-1 text-sm text-soft" role="status" data-testid="sheet-state">
          {lock ?? (connected ? stateWords(preview.asking, fresh, nothing, request === undefined) : AWAY)}
        </p>
        <Button
          type="submit"
          tone={breaks ? 'danger' : form.effect === 'drain' ? 'drainNow' : 'weight'}
          disabled={!ready || refused !== undefined}
          data-testid={breaks ? 'confirm-empty' : 'apply'}
        >
          {breaks ? `${APPLY[form.effect](form)} below the floor` : APPLY[form.effect](form)}
        </Button>
      </footer>
    </form>
  );
}

const APPLY: Readonly<Record<SteerForm['effect'], (form: SteerForm) => string>> = {
  drain: () => 'Drain',
  weight: ({ weight }) => `Set weight ${weight}`,
  share: ({ share }) => `Give ${share} %`,
};

const TITLES = { drain: 'Drain', weight: 'Weight of', share: 'Share of' } as const;
const titleOf = ({ effect }: SteerForm) => TITLES[effect];

const AWAY = `${NOT_CONNECTED} What you chose stays here.`;

function stateWords(asking: boolean, fresh: boolean, nothing: boolean, faulty: boolean): string {
  if (faulty) return 'Something is missing.';
  if (asking || !fresh) return 'Asking the nodes what they would write…';
  return nothing ? 'It holds already: nothing would be written.' : 'Nothing is written yet.';
}
