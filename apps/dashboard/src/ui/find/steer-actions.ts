import { commandsOf } from '../../city/steer/command.ts';
import { type EffectKind, newForm } from '../../city/steer/form.ts';
import { namedBackends, namespaceOf, targetOf, targetWords } from '../../city/steer/target.ts';
import { maySteer, useSession } from '../../live/session-store.ts';
import { openSheet, wish } from '../steering.ts';
import type { Action, ActionContext } from './action.ts';

const LABELS: Readonly<Record<EffectKind, string>> = {
  drain: 'Drain',
  weight: 'Weight of',
  share: 'Share of',
};
const KEYS: Readonly<Partial<Record<EffectKind, string>>> = { drain: 'd', weight: 's' };

/** The sheet of the selected thing, its way back, and orders that were typed. Nothing can be steered while the past is shown. */
export function steerActions({ city, view: { selection }, rewind, text = '' }: ActionContext): readonly Action[] {
  if (rewind.wanted !== undefined || city.moment) return [];
  const whole = city.whole.city;
  const { session } = useSession.getState();
  const typed = commandsOf(whole, text)
    .filter(({ form }) => maySteer(session, namespaceOf(whole, form.target)))
    .map(
      ({ words, form }): Action => ({
        id: `order:${words}`,
        label: words,
        words: [text],
        run: () => openSheet(form),
      }),
    );
  const target = selection && targetOf(whole, selection);
  if (!target || !maySteer(session, namespaceOf(whole, target))) return typed;
  const named = namedBackends(whole, target);
  const whom = targetWords(whole, target);
  const words = ['selected', 'steer', ...new Set(named.map(({ service }) => service))].slice(0, 12);
  const sheets = (['drain', 'weight', 'share'] as const).map(
    (effect): Action => ({
      id: `steer:${effect}`,
      label: `${LABELS[effect]} ${whom}…`,
      words,
      keys: KEYS[effect],
      run: () => openSheet(newForm(target, effect)),
    }),
  );
  const release: Action = {
    id: 'steer:release',
    label: `Undrain ${whom}`,
    words: [...words, 'release', 'neutral'],
    run: () => void wish({ action: 'steer', target, effect: { kind: 'release' } }),
  };
  const drained = named.some(({ draining }) => draining);
  return [...typed, ...(drained ? [release] : []), ...(named.length > 0 ? sheets : [])];
}
