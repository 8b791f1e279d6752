'use client';
import { count } from '../../city/format.ts';
import type { Backend } from '../../city/services.ts';
import { useCity } from '../../live/city-store.ts';
import { Button } from '../Button.tsx';
import { useSteeringLock, wish } from '../steering.ts';
import { Confirmation } from './Confirmation.tsx';

interface Props {
  readonly backend: Backend;
  readonly name: string;
  readonly pending: boolean;
}

/** How far a drain has come: what is still open, which nodes have confirmed, and the way back. */
export function DrainProgress({ backend, name, pending }: Props) {
  const override = useCity((state) => state.survey.city.override.get(backend.overrideUid ?? ''));
  const lock = useSteeringLock();
  const undrain = (
    <Button
      tone="undrain"
      disabled={pending || lock !== undefined}
      data-testid={`undrain-${name}`}
      title={lock ?? 'New connections reach it again on every node'}
      onClick={() => void wish({ action: 'undrain', backend: backend.id }, backend.service)}
    >
      Undrain
    </Button>
  );
  if (!override) return <div className="mt-2.5 flex justify-end">{undrain}</div>;
  const { connections } = override;
  const left = connections.moving + connections.idle + connections.closing + connections.waiting;
  return (
    <div className="mt-2.5 border-t border-line pt-2.5">
      <p className="text-sm" data-testid={`remaining-${name}`}>
        {connections.coverage === 'atLeast' && <span className="text-light-ink">at least </span>}
        <b className="font-semibold">{count(connections.moving)}</b> moving ·{' '}
        <b className="font-semibold">{count(connections.idle)}</b> idle ·{' '}
        <b className="font-semibold">{count(connections.closing)}</b> closing
        {connections.waiting > 0 && ` · ${count(connections.waiting)} waiting`}
        {left === 0 && connections.coverage === 'complete' && <span className="text-live-ink"> · it is drained</span>}
      </p>
      <Confirmation override={override} name={name}>
        {undrain}
      </Confirmation>
    </div>
  );
}
