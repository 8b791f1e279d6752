import type { SteerTarget } from '@kubecity/protocol';
import { bulkTarget } from '../../city/steer/bulk.ts';
import { type EffectKind, newForm } from '../../city/steer/form.ts';
import { namespaceOf, targetOf } from '../../city/steer/target.ts';
import { useCity } from '../../live/city-store.ts';
import { useView } from '../../live/view-store.ts';
import { useTicked } from '../directory/ticked.ts';
import { notify } from '../notices.ts';
import { lockOf, openSheet } from '../steering.ts';

/** Opens the sheet for the rows that are ticked in the Directory, else for what is selected; else it says what to do first. */
export function steerSelected(effect: EffectKind): void {
  const found = targetNow();
  if ('refused' in found) notify({ tone: 'error', title: found.refused, detail: found.way ?? '' });
  else openSheet(newForm(found.target, effect));
}

type Found = { readonly target: SteerTarget } | { readonly refused: string; readonly way?: string };

function targetNow(): Found {
  const { city } = useCity.getState().whole;
  const { view, selection } = useView.getState();
  const { tab, ids } = useTicked.getState();
  const bulk = view === 'directory' && ids.size > 0 ? bulkTarget(city, tab, [...ids]) : undefined;
  if (bulk && 'refused' in bulk) return bulk;
  const target = bulk?.target ?? (selection && targetOf(city, selection));
  if (!target) {
    const way = 'Or type what to do: ⌘K, then “drain node-b”.';
    return { refused: 'Select a Service, backend, pod or node to steer.', way };
  }
  const lock = lockOf(namespaceOf(city, target));
  return lock === undefined ? { target } : { refused: lock };
}
