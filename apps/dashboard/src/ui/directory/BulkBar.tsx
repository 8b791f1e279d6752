'use client';
import { X } from 'lucide-react';
import { plural } from '../../city/format.ts';
import { type BulkTab, bulkTarget } from '../../city/steer/bulk.ts';
import type { EffectKind } from '../../city/steer/form.ts';
import { namespaceOf } from '../../city/steer/target.ts';
import { useCity } from '../../live/city-store.ts';
import { Button } from '../Button.tsx';
import { Locked } from '../Locked.tsx';
import { steerSelected } from '../steer/open.ts';
import { useSteeringLock } from '../steering.ts';
import { untick, useTicked } from './ticked.ts';

const EFFECTS: readonly (readonly [EffectKind, string])[] = [
  ['drain', 'Drain…'],
  ['weight', 'Weight…'],
  ['share', 'Share…'],
];

/** What can be done with the ticked rows as one change; why not, where one object cannot say it. Over the table's end. */
export function BulkBar({ tab, one }: { readonly tab: BulkTab; readonly one: string }) {
  const ids = useTicked((state) => (state.tab === tab ? state.ids : undefined));
  return ids && ids.size > 0 ? <Bar tab={tab} one={one} ids={[...ids]} /> : null;
}

function Bar({ tab, one, ids }: { readonly tab: BulkTab; readonly one: string; readonly ids: readonly string[] }) {
  const city = useCity((state) => state.whole.city);
  const bulk = bulkTarget(city, tab, ids);
  const lock = useSteeringLock('target' in bulk ? namespaceOf(city, bulk.target) : undefined);
  const why = 'refused' in bulk ? bulk.refused : lock;
  return (
    <section
      aria-label="Ticked rows"
      data-testid="bulk-bar"
      className="rising absolute bottom-4 left-1/2 z-20 flex max-w-[min(760px,92%)] -translate-x-1/2 items-center gap-3 rounded-card border border-line bg-raised px-3 py-2 shadow-cast"
    >
      <p className="min-w-0 text-sm" role="status">
        <b className="font-semibold">{plural(ids.length, one)}</b> ticked
        {why !== undefined && (
          <span className="text-light-ink" data-testid="bulk-refused">
            : {why}
          </span>
        )}
      </p>
      <Locked why={why} className="flex shrink-0 gap-1.5">
        {EFFECTS.map(([effect, label]) => (
          <Button
            key={effect}
            tone={effect === 'drain' ? 'drain' : 'plain'}
            onClick={() => steerSelected(effect)}
            data-testid={`bulk-${effect}`}
          >
            {label}
          </Button>
        ))}
      </Locked>
      <Button tone="bare" aria-label="Let go of all ticks" title="Let go of all ticks" onClick={untick}>
        <X className="size-3.5" aria-hidden="true" />
      </Button>
    </section>
  );
}
