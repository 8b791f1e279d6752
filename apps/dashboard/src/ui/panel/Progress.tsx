'use client';
import { count } from '../../city/format.ts';
import type { Override } from '../../city/overrides.ts';
import { confirmedWords, drainOf, outlook, PHASE_WORDS, rampPart, silentNodes } from '../../city/steer/progress.ts';
import { useCity } from '../../live/city-store.ts';
import { useNow } from '../use-now.ts';

interface Props {
  readonly override: Override;
  /** What stands before the names for tests: a backend's, or the override's. */
  readonly name: string;
}

/** How far an override has come: its phase, what is still open, which nodes hold it, what is to come, who is silent. */
export function Progress({ override, name }: Props) {
  const now = useNow(1000);
  const nodes = useCity((state) => state.whole.city.node);
  const silent = silentNodes(override, nodes, now);
  const drain = drainOf(override, silent);
  return (
    <div className="mt-2.5 border-t border-line pt-2.5">
      {drain && <Steps drain={drain} name={name} />}
      {override.kind === 'drain' && <Remaining override={override} name={name} />}
      <RampBar override={override} now={now} />
      <Pips override={override} />
      <p className="mt-1.5 text-sm text-soft wrap-anywhere" data-testid={`confirmed-nodes-${name}`}>
        {confirmedWords(override)}
      </p>
      {outlook(override, now).map((line) => (
        <p key={line} className="text-sm text-soft">
          {line}
        </p>
      ))}
      {silent.slice(0, MOST_SILENT).map(({ node, words }) => (
        <p key={node} className="mt-1 text-sm text-light-ink wrap-anywhere" data-testid={`silent-${node}`}>
          {words}
        </p>
      ))}
      {silent.length > MOST_SILENT && (
        <p className="mt-1 text-sm text-light-ink">and {count(silent.length - MOST_SILENT)} more silent nodes</p>
      )}
    </div>
  );
}

const MOST_SILENT = 4;

/** Draining → Cutting → Drained, the present one marked by weight and a sign. */
function Steps({
  drain: { phase, steps },
  name,
}: {
  readonly drain: NonNullable<ReturnType<typeof drainOf>>;
  readonly name: string;
}) {
  if (phase === 'unknown') {
    return (
      <p className="mb-1 text-sm font-semibold text-light-ink" data-testid={`phase-${name}`} data-phase={phase}>
        {PHASE_WORDS.unknown}
      </p>
    );
  }
  const at = steps.indexOf(phase);
  return (
    <ol className="mb-1 flex gap-1.5 text-sm" data-testid={`phase-${name}`} data-phase={phase}>
      {steps.map((step, i) => (
        <li
          key={step}
          aria-current={i === at ? 'step' : undefined}
          className={
            i === at ? `font-semibold ${step === 'drained' ? 'text-live-ink' : 'text-drain-ink'}` : 'text-soft'
          }
        >
          {i > 0 && (
            <span className="mr-1.5 font-normal text-soft" aria-hidden="true">
              →
            </span>
          )}
          {i < at && <span aria-hidden="true">✓ </span>}
          {PHASE_WORDS[step]}
        </li>
      ))}
    </ol>
  );
}

function Remaining({ override: { connections }, name }: Props) {
  const { moving, idle, closing, waiting, coverage } = connections;
  return (
    <p className="text-sm" data-testid={`remaining-${name}`}>
      {coverage === 'atLeast' && <span className="text-light-ink">at least </span>}
      <b className="font-semibold">{count(moving)}</b> moving · <b className="font-semibold">{count(idle)}</b> idle ·{' '}
      <b className="font-semibold">{count(closing)}</b> closing
      {waiting > 0 && ` · ${count(waiting)} waiting`}
    </p>
  );
}

function RampBar({ override, now }: { readonly override: Override; readonly now: number }) {
  const part = rampPart(override, now);
  if (part === undefined) return null;
  return (
    <div
      role="progressbar"
      aria-label="Ramp"
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(part * 100)}
      className="mb-1.5 h-1.5 overflow-hidden rounded-full bg-quiet"
    >
      <div className="h-full rounded-full bg-weight" style={{ width: `${part * 100}%` }} />
    </div>
  );
}

/** Pips of a few nodes; of many a bar: 200 pips in a card are none. */
const MOST_PIPS = 60;

function Pips({ override: { nodes } }: { readonly override: Override }) {
  const { acknowledged, waitingFor, desired } = nodes;
  if (desired > MOST_PIPS) {
    return (
      <div className="mt-2 h-[5px] overflow-hidden rounded-full border border-faint" aria-hidden="true">
        <div className="h-full bg-live" style={{ width: `${(acknowledged.length / desired) * 100}%` }} />
      </div>
    );
  }
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
