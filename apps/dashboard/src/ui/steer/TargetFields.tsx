'use client';
import type { SteerTarget } from '@kubecity/protocol';
import { useMemo, useState } from 'react';
import {
  choiceOf,
  chosenOf,
  type Facet,
  namedWords,
  relatedTargets,
  toggledIn,
  valuesFor,
} from '../../city/steer/scope.ts';
import { namedBackends, sameTarget, targetWords } from '../../city/steer/target.ts';
import { useCity } from '../../live/city-store.ts';
import { ValuePicker } from '../filter/ValuePicker.tsx';
import { Pick } from './fields.tsx';

interface Props {
  readonly target: SteerTarget;
  readonly change: (target: SteerTarget) => void;
}

const FACETS: readonly { readonly id: Facet; readonly label: string; readonly one: string }[] = [
  { id: 'matchLabels', label: 'Labels', one: 'label' },
  { id: 'podNames', label: 'Pods', one: 'pod' },
  { id: 'nodeNames', label: 'Nodes', one: 'node' },
  { id: 'zones', label: 'Zones', one: 'zone' },
];

/** Whom it is about: the thing it was opened for, or what is around it; a group by its lists. How many that names now. */
export function TargetFields({ target, change }: Props) {
  const city = useCity((state) => state.whole.city);
  // Once: what is offered should not change its place while a person looks.
  const [related] = useState(() => relatedTargets(city, target));
  const at = related.findIndex(
    (one) => sameTarget(one, target) || (one.kind === 'service' && target.kind === 'service'),
  );
  return (
    <section aria-label="About" className="flex flex-col gap-2">
      {related.length > 1 ? (
        <Pick
          label="About"
          value={String(at)}
          change={(index) => change(related[Number(index)] ?? target)}
          options={related.map((one, i) => [String(i), targetWords(city, one)] as const)}
          testId="about"
        />
      ) : (
        <p className="text-sm text-soft">
          About <span className="text-text">{targetWords(city, target)}</span>
        </p>
      )}
      {choiceOf(target) && <Group target={target} change={change} />}
      <Named target={target} />
    </section>
  );
}

function Group({ target, change }: Props) {
  const city = useCity((state) => state.whole.city);
  return (
    // biome-ignore lint/a11y/useSemanticElements: a group of pickers in one line; a fieldset would add a border
    <div role="group" aria-label="Only those that match all of" className="-ml-2.5 flex flex-wrap">
      {FACETS.map(({ id, label, one }) => (
        <ValuePicker
          key={id}
          label={label}
          one={one}
          chosen={chosenOf(target, id)}
          values={() => valuesFor(city, target, id)}
          toggle={(value) => change(toggledIn(target, id, value))}
          testId={`choose-${id}`}
        />
      ))}
    </div>
  );
}

/** Names that a line shows. */
const FEW = 3;

function Named({ target }: { readonly target: SteerTarget }) {
  const city = useCity((state) => state.whole.city);
  const { words, names } = useMemo(() => {
    const found = namedBackends(city, target).map(({ podName, address }) => podName ?? address);
    return { words: namedWords(city, target), names: [...new Set(found)] };
  }, [city, target]);
  const more = names.length - FEW;
  return (
    <p className="text-sm text-soft wrap-anywhere" data-testid="named">
      It {words}
      {names.length > 0 && ': '}
      <span className="code">{names.slice(0, FEW).join(', ')}</span>
      {more > 0 && ` and ${more} more`}
    </p>
  );
}
