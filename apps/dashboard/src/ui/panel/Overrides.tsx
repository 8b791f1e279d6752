'use client';
import type { Selection } from '../../city/find.ts';
import { age, count } from '../../city/format.ts';
import { failureOf, type Override, overridesOn } from '../../city/overrides.ts';
import { formOf } from '../../city/steer/form.ts';
import { effectChip } from '../../city/steer/progress.ts';
import { useCity } from '../../live/city-store.ts';
import { goTo } from '../../live/view-store.ts';
import { Button } from '../Button.tsx';
import { Locked } from '../Locked.tsx';
import { keyOf, openSheet, undo, useSteering, useSteeringLock, wish } from '../steering.ts';
import { useNow } from '../use-now.ts';
import { Progress } from './Progress.tsx';
import { Chip, Section } from './parts.tsx';

/** Who has a hand on it, how, since when and why. */
export function Overrides({ of }: { readonly of: Selection }) {
  const survey = useCity((state) => state.whole);
  const past = useCity((state) => state.moment !== undefined);
  const now = useNow(1000);
  const overrides = overridesOn(survey, of);
  // The card of a backend tells how far the overrides of that one are.
  const cards = of.kind === 'service' || of.kind === 'backend' || of.kind === 'pod';
  if (overrides.length === 0) return null;
  return (
    <Section title="Overrides" aside={past ? 'of now, not of then' : undefined}>
      <ul className="divide-y divide-line" data-testid="overrides">
        {overrides.slice(0, MOST).map((override) => (
          <OverrideLine
            key={override.uid}
            override={override}
            now={now}
            told={cards && override.backends.length === 1}
          />
        ))}
      </ul>
      {overrides.length > MOST && <p className="text-sm text-soft">and {count(overrides.length - MOST)} older ones</p>}
    </Section>
  );
}

const MOST = 50;
/** Backends that a line names. */
const NAMED = 3;

interface LineProps {
  readonly override: Override;
  readonly now: number;
  /** How far it is stands elsewhere on the panel. */
  readonly told: boolean;
}

function OverrideLine({ override, now, told }: LineProps) {
  const { kind, name, by, reason, createdAt, message } = override;
  const since = Date.parse(createdAt);
  const failure = failureOf(override);
  return (
    <li className="py-2">
      <p className="flex items-center gap-2">
        <Chip tone={kind === 'drain' ? 'drain' : kind === 'invalid' ? 'light' : 'weight'}>{effectChip(override)}</Chip>
        {override.cluster && <Chip>whole cluster</Chip>}
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
      {failure === undefined && !told && <Progress override={override} name={name} />}
      <Ways override={override} />
    </li>
  );
}

/** What can be done with it: change it, take the last change back, let go of it. */
function Ways({ override }: { readonly override: Override }) {
  const { name, change, cluster, namespace } = override;
  const target = { kind: 'override', name, ...(cluster ? {} : { namespace }) } as const;
  const lock = useSteeringLock(cluster ? undefined : namespace);
  const pending = useSteering(({ pending }) => pending.has(keyOf(target)) || pending.has(change ?? ''));
  return (
    <Locked why={lock} className="mt-2 flex gap-1.5">
      <Button onClick={() => openSheet(formOf(override))} data-testid={`change-${name}`}>
        Change…
      </Button>
      {change !== undefined && (
        <Button
          disabled={pending}
          onClick={() => void undo(change)}
          title="Back to the state before its last change"
          data-testid={`undo-${name}`}
        >
          Undo
        </Button>
      )}
      <Button
        tone="undrain"
        disabled={pending}
        onClick={() => void wish({ action: 'steer', target, effect: { kind: 'release' } })}
        title="Delete it: what it holds is neutral again"
        data-testid={`release-${name}`}
      >
        Release
      </Button>
    </Locked>
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
