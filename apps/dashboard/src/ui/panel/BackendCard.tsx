'use client';
import { count, percent, socket } from '../../city/format.ts';
import type { Backend } from '../../city/services.ts';
import { shareWith, wilson } from '../../city/share.ts';
import { NO_TRAFFIC, open } from '../../city/traffic.ts';
import { useCity } from '../../live/city-store.ts';
import { goTo } from '../../live/view-store.ts';
import { Button } from '../Button.tsx';
import { useSteering, useSteeringLock, wish } from '../steering.ts';
import { Confirmation } from './Confirmation.tsx';
import { DrainProgress } from './DrainProgress.tsx';
import { Chip } from './parts.tsx';
import { ShareBar } from './ShareBar.tsx';
import { useWeightDraft, WeightControl } from './WeightControl.tsx';

interface Props {
  readonly backend: Backend;
  /** All backends of the same service port: shares are among them. */
  readonly group: readonly Backend[];
}

export function BackendCard({ backend, group }: Props) {
  const survey = useCity((state) => state.survey);
  const lock = useSteeringLock();
  const pending = useSteering((state) => state.pending.has(backend.id)) || lock !== undefined;
  const weight = useWeightDraft(backend);
  const name = backend.podName ?? socket(backend);
  const load = survey.city.load.get(backend.id);
  const traffic = survey.sums.byBackend.get(backend.id) ?? NO_TRAFFIC;
  const observed = load && load.openedOfPort > 0 ? load.opened / load.openedOfPort : undefined;
  const wished = weight.draft === undefined ? backend.wishedShare : shareWith(group, backend.id, weight.draft);
  const override = survey.city.override.get(backend.overrideUid ?? '');
  const uid = backend.podUid;
  return (
    <article
      className={`rounded-card border bg-raised p-3 ${backend.draining ? 'border-dashed border-drain/50' : 'border-line'}`}
      data-testid={`backend-${name}`}
    >
      <div className="flex items-center gap-2">
        {uid === undefined ? (
          <span className="code min-w-0 flex-1 truncate font-semibold">{name}</span>
        ) : (
          <button
            type="button"
            onClick={() => goTo({ kind: 'pod', id: uid })}
            className="code min-w-0 flex-1 truncate text-left font-semibold hover:underline"
          >
            {name}
          </button>
        )}
        <StateChip backend={backend} />
      </div>
      <p className="mt-0.5 text-sm text-soft">
        {backend.node !== undefined && `${backend.node} · `}
        <span className="code">{socket(backend)}</span>
      </p>
      <ShareBar
        observed={observed}
        band={load && load.openedOfPort > 0 ? wilson(load.opened, load.openedOfPort) : undefined}
        wished={wished}
        tone={backend.draining ? 'drain' : backend.overrideUid !== undefined ? 'weight' : 'light'}
      />
      <p className="mt-1.5 flex justify-between text-sm text-soft">
        <span>
          <b className="font-medium text-text">{observed === undefined ? '–' : percent(observed)}</b> of new · wished{' '}
          <b className={`font-medium ${weight.draft === undefined ? 'text-text' : 'text-weight-ink'}`}>
            {percent(wished)}
          </b>
        </span>
        <span>{count(open(traffic))} open</span>
      </p>
      {backend.draining ? (
        <DrainProgress backend={backend} name={name} pending={pending} />
      ) : (
        <div className="mt-2.5 flex items-center gap-2.5">
          <WeightControl backend={backend} name={name} weight={weight} pending={pending} />
          <Button
            tone="drain"
            disabled={pending}
            data-testid={`drain-${name}`}
            title={lock ?? 'New connections stop reaching it on every node; what is open goes on'}
            onClick={() => void wish({ action: 'drain', backend: backend.id }, backend.service)}
          >
            Drain
          </Button>
        </div>
      )}
      {lock !== undefined && <p className="mt-1.5 text-xs text-light-ink">{lock}</p>}
      {!backend.draining && override && <Confirmation override={override} name={name} />}
    </article>
  );
}

function StateChip({ backend }: { readonly backend: Backend }) {
  if (backend.draining) return <Chip tone="drain">draining</Chip>;
  if (backend.terminating) return <Chip tone="drain">terminating</Chip>;
  if (!backend.usable) return <Chip tone="light">{backend.ready ? 'not usable' : 'not ready'}</Chip>;
  if (backend.overrideUid !== undefined) return <Chip tone="weight">weight {backend.weight}</Chip>;
  return <Chip>{backend.weight}</Chip>;
}
