'use client';
import type { Selection } from '../../city/find.ts';
import { age, count } from '../../city/format.ts';
import { failureOf, type Override, overridesOn } from '../../city/overrides.ts';
import { useCity } from '../../live/city-store.ts';
import { goTo } from '../../live/view-store.ts';
import { useNow } from '../use-now.ts';
import { Chip, Section } from './parts.tsx';

/** Who has a hand on it, how, since when and why. */
export function Overrides({ of }: { readonly of: Selection }) {
  const survey = useCity((state) => state.whole);
  const past = useCity((state) => state.moment !== undefined);
  const now = useNow(1000);
  const overrides = overridesOn(survey, of);
  if (overrides.length === 0) return null;
  return (
    <Section title="Overrides" aside={past ? 'of now, not of then' : undefined}>
      <ul className="divide-y divide-line" data-testid="overrides">
        {overrides.slice(0, MOST).map((override) => (
          <OverrideLine key={override.uid} override={override} now={now} />
        ))}
      </ul>
      {overrides.length > MOST && <p className="text-sm text-soft">and {count(overrides.length - MOST)} older ones</p>}
    </Section>
  );
}

const MOST = 50;
/** Backends that a line names. */
const NAMED = 3;

function OverrideLine({ override, now }: { readonly override: Override; readonly now: number }) {
  const { kind, weight, name, by, reason, createdAt, nodes, message } = override;
  const since = Date.parse(createdAt);
  const failure = failureOf(override);
  return (
    <li className="py-2">
      <p className="flex items-center gap-2">
        <Chip tone={kind === 'drain' ? 'drain' : kind === 'weight' ? 'weight' : 'light'}>
          {kind === 'weight' ? `weight ${weight}` : kind}
        </Chip>
        <span className="code min-w-0 flex-1 truncate" title={name}>
          {name}
        </span>
        <span className="shrink-0 text-sm text-soft">{Number.isNaN(since) ? '' : `${age(now - since)} ago`}</span>
      </p>
      <p className="mt-1 text-sm wrap-anywhere">
        {by === undefined ? <span className="text-soft">The object does not say who made it</span> : `By ${by}`}
        {reason === undefined || reason === '' ? (
          <span className="text-soft"> · no reason given</span>
        ) : (
          `: “${reason}”`
        )}
      </p>
      <Targets backends={override.backends} />
      {failure !== undefined && (
        <p className="mt-1 text-sm text-drain-ink wrap-anywhere">
          It {failure}
          {message !== undefined && `: ${message}`}
        </p>
      )}
      {failure === undefined && nodes.waitingFor.length > 0 && (
        <p className="mt-1 text-sm text-light-ink wrap-anywhere">
          {nodes.acknowledged.length} of {nodes.desired} nodes hold it, waiting for{' '}
          {nodes.waitingFor.slice(0, 5).join(', ')}
          {nodes.waitingFor.length > 5 && ` and ${count(nodes.waitingFor.length - 5)} more`}
        </p>
      )}
    </li>
  );
}

function Targets({ backends }: { readonly backends: readonly string[] }) {
  const city = useCity((state) => state.whole.city);
  if (backends.length === 0) return null;
  return (
    <p className="mt-1 flex flex-wrap gap-x-2 text-sm">
      {backends.slice(0, NAMED).map((id) => (
        <button
          key={id}
          type="button"
          onClick={() => goTo({ kind: 'backend', id })}
          className="code max-w-full truncate text-soft underline-offset-2 hover:text-text hover:underline"
        >
          {city.backend.get(id)?.podName ?? id.slice(id.lastIndexOf('|') + 1)}
        </button>
      ))}
      {backends.length > NAMED && <span className="text-soft">and {count(backends.length - NAMED)} more</span>}
    </p>
  );
}
