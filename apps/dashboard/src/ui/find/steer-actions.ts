import type { City } from '../../city/city.ts';
import type { Selection } from '../../city/find.ts';
import type { Backend } from '../../city/services.ts';
import { wish } from '../steering.ts';
import type { Action, ActionContext } from './action.ts';

/** Drains, or lifts the drain of, the backends of what is selected. Nothing can be steered while the past is shown. */
export function steerActions({ city, view: { selection }, rewind }: ActionContext): readonly Action[] {
  if (!selection || rewind.wanted !== undefined || city.moment) return [];
  return backendsOf(city.whole.city, selection).map((backend) => {
    const name = backend.podName ?? backend.address;
    const action = backend.draining ? 'undrain' : 'drain';
    return {
      id: `${action}:${backend.id}`,
      label: `${backend.draining ? 'Undrain' : 'Drain'} ${name} in ${backend.servicePort}`,
      words: [backend.service, backend.address, 'selected', 'steer'],
      // The hub asks back when nobody would be left; the question is the same as from the panel.
      run: () => void wish({ action, backend: backend.id }, backend.service),
    };
  });
}

/** A Service's backends are too many to mean all of them. */
function backendsOf({ backend }: City, { kind, id }: Selection): readonly Backend[] {
  if (kind === 'pod') {
    return [...backend].flatMap(([key, one]) => (one.podUid === id ? [{ ...one, id: key }] : []));
  }
  const one = kind === 'backend' ? backend.get(id) : undefined;
  return one ? [{ ...one, id }] : [];
}
