'use client';
import { SlidersHorizontal } from 'lucide-react';
import { count, percent, plural, rate, socket, weightText } from '../../city/format.ts';
import type { Override } from '../../city/overrides.ts';
import type { Backend } from '../../city/services.ts';
import { judge, shareWith, wilson } from '../../city/share.ts';
import { newForm } from '../../city/steer/form.ts';
import { NO_TRAFFIC, open } from '../../city/traffic.ts';
import { refuses } from '../../city/troubles.ts';
import { useCity } from '../../live/city-store.ts';
import { goTo } from '../../live/view-store.ts';
import { Button } from '../Button.tsx';
import { Locked } from '../Locked.tsx';
import { keyOf, openSheet, useSteering, useSteeringLock, wish } from '../steering.ts';
import { Progress } from './Progress.tsx';
import { Chip } from './parts.tsx';
import { ShareBar } from './ShareBar.tsx';
import { ShareWords } from './ShareWords.tsx';
import { useWeightDraft, WeightControl } from './WeightControl.tsx';

interface Props {
  readonly backend: Backend;
  /** All backends of the same service port: shares are among them. */
  readonly group: readonly Backend[];
  /** Why it gets no connections, in words. */
  readonly none?: string | undefined;
}

/** One backend: its part of the new connections, wished and observed, and the hands on it. */
export function BackendCard({ backend, group, none }: Props) {
  const survey = useCity((state) => state.whole);
  const past = useCity((state) => state.moment !== undefined);
  const lock = useSteeringLock(backend.service.split('/')[0]);
  const target = { kind: 'backend', id: backend.id } as const;
  const pending = useSteering((state) => state.pending.has(keyOf(target))) || lock !== undefined;
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
  const refused = refuses(traffic);
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
      {/* above the lines that come and go: a button does not move away under the pointer */}
      <Locked why={lock} className="mt-2.5 flex items-center gap-2">
        {backend.draining ? (
          <Release backend={backend} name={name} override={override} />
        ) : (
          <>
            <WeightControl backend={backend} name={name} weight={weight} pending={pending} />
            <Button
              tone="drain"
              disabled={pending}
              data-testid={`drain-${name}`}
              title="New connections stop reaching it on every node; what is open goes on"
              onClick={() => void wish({ action: 'steer', target, effect: { kind: 'drain' } })}
            >
              Drain
            </Button>
          </>
        )}
        <Button
          aria-label={`Steer ${name}…`}
          title="Drain, weight or share, with a look at what comes of it"
          data-testid={`steer-${name}`}
          className="px-1.5!"
          // drain and weight stand beside it
          onClick={() => openSheet(newForm(target, 'share'))}
        >
          <SlidersHorizontal className="size-3.5" aria-hidden="true" />
        </Button>
      </Locked>
      {refused !== undefined && (
        <p className="mt-1.5 text-sm font-medium text-drain-ink" data-testid="refuses">
          refuses {percent(refused)} of what it gets, {rate(traffic.refusedPerSecond)}/s
        </p>
      )}
      <ShareWords verdict={verdict} counted={load} wished={wished} draft={weight.draft !== undefined} />
      {none !== undefined && (
        <p className="mt-1.5 text-sm wrap-anywhere" data-testid="none">
          <b className="font-semibold">Gets none.</b> {none}
        </p>
      )}
      {override && <Held override={override} backend={backend} name={name} lock={lock} />}
      {past && <p className="mt-1.5 text-xs text-light-ink">{lock}</p>}
    </article>
  );
}

/** Backends of other pods, or other Services, that the same override holds. */
function others({ backends }: Override, backend: Backend): number {
  const { city } = useCity.getState().whole;
  return backends.filter((id) => {
    const one = city.backend.get(id);
    return one?.podUid !== backend.podUid || one?.service !== backend.service;
  }).length;
}

interface HeldProps {
  readonly override: Override;
  readonly backend: Backend;
  readonly name: string;
  /** Why nothing can be steered here. */
  readonly lock: string | undefined;
}

/** The hand on it: how far its override is, whose it is and why. Of one that holds more, that stands once, with the override. */
function Held({ override, backend, name, lock }: HeldProps) {
  const { by, reason } = override;
  const more = others(override, backend);
  return (
    <>
      {more === 0 && <Progress override={override} name={name} />}
      <div className="mt-1.5 flex items-start gap-2">
        <p className="min-w-0 flex-1 text-xs text-soft wrap-anywhere">
          <span className="code">{override.name}</span>
          {by !== undefined && ` by ${by}`}
          {reason ? `: “${reason}”` : ''}
          {more > 0 && `. It holds ${plural(more, 'other backend')} too: see Overrides.`}
        </p>
        {!backend.draining && (
          <Locked why={lock}>
            <Release backend={backend} name={name} override={override} />
          </Locked>
        )}
      </div>
    </>
  );
}

interface ReleaseProps {
  readonly backend: Backend;
  readonly name: string;
  readonly override: Override | undefined;
}

/** The way back. What holds more than this pod is released as a whole, and says so. */
function Release({ backend, name, override }: ReleaseProps) {
  const whole = override !== undefined && others(override, backend) > 0;
  const target = whole
    ? ({ kind: 'override', namespace: override.cluster ? undefined : override.namespace, name: override.name } as const)
    : ({ kind: 'backend', id: backend.id } as const);
  const pending = useSteering((state) => state.pending.has(keyOf(target)));
  const verb = backend.draining ? 'Undrain' : 'Release';
  return (
    <Button
      tone="undrain"
      className="ml-auto shrink-0"
      disabled={pending}
      data-testid={`${verb.toLowerCase()}-${name}`}
      title={
        backend.draining
          ? 'New connections reach it again on every node'
          : 'It has the weight of every other backend again'
      }
      onClick={() => void wish({ action: 'steer', target, effect: { kind: 'release' } })}
    >
      {whole ? `${verb} all ${count(override.backends.length)} of ${override.name}` : verb}
    </Button>
  );
}

export function StateChip({ backend }: { readonly backend: Backend }) {
  const drained = useCity(
    ({ whole }) => whole.city.override.get(backend.overrideUid ?? '')?.drain?.phase === 'drained',
  );
  if (backend.draining) return <Chip tone="drain">{drained ? 'drained' : 'draining'}</Chip>;
  if (backend.terminating) return <Chip tone="drain">terminating{backend.serving && ', serving'}</Chip>;
  if (!backend.usable) return <Chip tone="light">{backend.ready ? 'not usable' : 'not ready'}</Chip>;
  if (backend.overrideUid !== undefined) return <Chip tone="weight">{percent(backend.wishedShare)} wished</Chip>;
  return <Chip>{weightText(backend.weight)}</Chip>;
}
