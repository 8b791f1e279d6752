'use client';
import { count, socket } from '../../city/format.ts';
import type { Backend } from '../../city/services.ts';
import { judge, shareWith, wilson } from '../../city/share.ts';
import { NO_TRAFFIC, open } from '../../city/traffic.ts';
import { useCity } from '../../live/city-store.ts';
import { goTo } from '../../live/view-store.ts';
import { Button } from '../Button.tsx';
import { useSteering, useSteeringLock, wish } from '../steering.ts';
import { Confirmation } from './Confirmation.tsx';
import { DrainProgress } from './DrainProgress.tsx';
import { Chip } from './parts.tsx';
import { ShareBar } from './ShareBar.tsx';
import { ShareWords } from './ShareWords.tsx';
import { useWeightDraft, WeightControl } from './WeightControl.tsx';

interface Props {
  readonly backend: Backend;
  /** All backends of the same service port: shares are among them. */
  readonly group: readonly Backend[];
}

/** One backend: its part of the new connections, wished and observed, and the hands on it. */
export function BackendCard({ backend, group }: Props) {
  const survey = useCity((state) => state.whole);
  const past = useCity((state) => state.moment !== undefined);
  const lock = useSteeringLock();
  const pending = useSteering((state) => state.pending.has(backend.id)) || lock !== undefined;
  const weight = useWeightDraft(backend);
  const name = backend.podName ?? socket(backend);
  const load = survey.city.load.get(backend.id);
  const trials = load?.openedOfPort ?? 0;
  const seen = load && (trials > 0 ? judge(load.opened, trials, backend.wishedShare) : 'none');
  const verdict = past ? 'past' : (seen ?? 'untold');
  const traffic = survey.sums.byBackend.get(backend.id) ?? NO_TRAFFIC;
  const only = useCity((state) => state.only);
  const hidden = only !== undefined && only !== backend.service;
  const blind = !past && survey.city.node.get(backend.node ?? '')?.agent.state !== 'live' && backend.node !== undefined;
  // nothing seen where nobody looks is not zero
  const unseen = traffic.edges === 0 && (hidden || blind);
  const wished = weight.draft === undefined ? backend.wishedShare : shareWith(group, backend.id, weight.draft);
  const override = survey.city.override.get(backend.overrideUid ?? '');
  return (
    <article
      className={`rounded-card border bg-raised p-3 ${backend.draining ? 'border-dashed border-drain/50' : 'border-line'}`}
      aria-label={name}
      data-testid={`backend-${name}`}
    >
      <div className="flex items-center gap-2">
        <button
          type="button"
          onClick={() => goTo({ kind: 'backend', id: backend.id })}
          className="code min-w-0 flex-1 truncate text-left font-semibold hover:underline"
          title={name}
        >
          {name}
        </button>
        <StateChip backend={backend} />
      </div>
      <p className="mt-0.5 flex justify-between gap-3 text-sm text-soft">
        <span className="min-w-0 truncate">
          {backend.node !== undefined && `${backend.node} · `}
          <span className="code">{socket(backend)}</span>
        </span>
        <span className="shrink-0">{unseen ? 'open unknown' : `${count(open(traffic))} open`}</span>
      </p>
      <ShareBar
        observed={load && trials > 0 ? load.opened / trials : undefined}
        band={load && trials > 0 ? wilson(load.opened, trials) : undefined}
        wished={wished}
        tone={backend.draining ? 'drain' : backend.overrideUid !== undefined ? 'weight' : 'light'}
      />
      <ShareWords
        verdict={verdict}
        wished={wished}
        draft={weight.draft !== undefined}
        seconds={load?.windowSeconds ?? 0}
      />
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

export function StateChip({ backend }: { readonly backend: Backend }) {
  if (backend.draining) return <Chip tone="drain">draining</Chip>;
  if (backend.terminating) return <Chip tone="drain">terminating{backend.serving && ', serving'}</Chip>;
  if (!backend.usable) return <Chip tone="light">{backend.ready ? 'not usable' : 'not ready'}</Chip>;
  if (backend.overrideUid !== undefined) return <Chip tone="weight">weight {backend.weight}</Chip>;
  return <Chip>{backend.weight}</Chip>;
}
