'use client';
import { SlidersHorizontal } from 'lucide-react';
import type { Selection } from '../../city/find.ts';
import { newForm } from '../../city/steer/form.ts';
import { namedBackends, namespaceOf, targetOf } from '../../city/steer/target.ts';
import { useCity } from '../../live/city-store.ts';
import { Button } from '../Button.tsx';
import { Locked } from '../Locked.tsx';
import { openSheet, useSteeringLock } from '../steering.ts';

/** Opens the sheet for the thing that the panel is about; nothing where it has no backends. */
export function Steer({ of }: { readonly of: Selection }) {
  const city = useCity((state) => state.whole.city);
  const target = targetOf(city, of);
  const lock = useSteeringLock(target && namespaceOf(city, target));
  if (!target || namedBackends(city, target).length === 0) return null;
  return (
    <Locked why={lock}>
      <Button
        // Of a whole Service a share of some of it is what moves traffic; to drain all of it is one click further.
        onClick={() => openSheet(newForm(target, target.kind === 'service' ? 'share' : 'drain'))}
        title="Drain, weight or share, with a look at what comes of it (d, s)"
        data-testid="steer"
      >
        <SlidersHorizontal className="size-3.5" aria-hidden="true" />
        Steer…
      </Button>
    </Locked>
  );
}
