'use client';
import { count } from '../../city/format.ts';
import type { Backend } from '../../city/services.ts';
import { useCity } from '../../live/city-store.ts';
import { Button } from '../Button.tsx';
import { wish } from '../steering.ts';

interface Props {
  readonly backend: Backend;
  readonly name: string;
  readonly pending: boolean;
}

/** How far a drain has come: what is still open, which nodes have confirmed, and the way back. */
export function DrainProgress({ backend, name, pending }: Props) {
  const override = useCity((state) => state.survey.city.override.get(backend.overrideUid ?? ''));
  const undrain = (
    <Button
      tone="undrain"
      disabled={pending}
      data-testid={`undrain-${name}`}
      title="New connections reach it again on every node"
      onClick={() => void wish({ action: 'undrain', backend: backend.id }, backend.service)}
    >
      Undrain
    </Button>
  );
  if (!override) return <div className="mt-2.5 flex justify-end">{undrain}</div>;
  const { connections, nodes } = override;
  const left = connections.moving + connections.idle + connections.closing;
  return (
    <div className="mt-2.5 border-t border-line pt-2.5">
      <p className="text-sm" data-testid={`remaining-${name}`}>
        {connections.coverage === 'atLeast' && <span className="text-light-ink">at least </span>}
        {left === 0 ? (
          <span className="font-medium text-live-ink">nothing left: it is drained</span>
        ) : (
          <>
            <b className="font-semibold">{count(connections.moving)}</b> moving ·{' '}
            <b className="font-semibold">{count(connections.idle)}</b> idle ·{' '}
            <b className="font-semibold">{count(connections.closing)}</b> closing
          </>
        )}
      </p>
      <Pips acknowledged={nodes.acknowledged} waitingFor={nodes.waitingFor} />
      <div className="mt-2 flex items-center gap-3">
        <p className="min-w-0 flex-1 text-sm text-soft" data-testid={`confirmed-nodes-${name}`}>
          {nodes.acknowledged.length} of {nodes.desired} nodes confirmed
          {nodes.waitingFor.length > 0 && ` · waiting for ${nodes.waitingFor.join(', ')}`}
        </p>
        {undrain}
      </div>
      <p className="mt-2 text-xs text-soft wrap-anywhere">
        <span className="code">{override.name}</span>
        {override.reason !== undefined && ` · ${override.reason}`} · waits for what is open, without a deadline
      </p>
    </div>
  );
}

function Pips({
  acknowledged,
  waitingFor,
}: {
  readonly acknowledged: readonly string[];
  readonly waitingFor: readonly string[];
}) {
  return (
    <div className="mt-2 flex gap-1" aria-hidden="true">
      {acknowledged.map((node) => (
        <span key={node} title={`${node} confirmed`} className="h-[5px] flex-1 rounded-full bg-live" />
      ))}
      {waitingFor.map((node) => (
        <span
          key={node}
          title={`waiting for ${node}`}
          className="breathing h-[5px] flex-1 rounded-full border border-faint"
        />
      ))}
    </div>
  );
}
