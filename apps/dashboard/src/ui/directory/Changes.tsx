'use client';
import type { AuditEntry } from '@kubecity/protocol';
import { Undo2 } from 'lucide-react';
import { useEffect, useMemo, useRef, useState } from 'react';
import { moment, plural } from '../../city/format.ts';
import { aboutWords, canUndo, changeWords, WHAT } from '../../city/steer/audit.ts';
import { hubNow, useCity } from '../../live/city-store.ts';
import { rewindTo } from '../../live/rewind.ts';
import { goTo } from '../../live/view-store.ts';
import { AnswerState } from '../ask/AnswerDialog.tsx';
import { useAnswer } from '../ask/use-answer.ts';
import { Button } from '../Button.tsx';
import { Locked } from '../Locked.tsx';
import { undo, useSteering, useSteeringLock } from '../steering.ts';
import { changes } from './changes.ts';
import { Grid } from './Grid.tsx';
import { TableBar } from './TableBar.tsx';
import type { Layout } from './table.ts';
import { useShown } from './use-rows.ts';

/** The newest that one answer tells. */
const MOST = 2000;
const NONE: readonly AuditEntry[] = [];
const HOUR = 3_600_000;
const SPANS = [
  ['hour', HOUR],
  ['day', 24 * HOUR],
  ['week', 168 * HOUR],
] as const;

/** The audit trail: asked when it is shown, and again when an override changes. */
export function Changes() {
  const [since, setSince] = useState<number>();
  const [chosen, choose] = useState<string>();
  const question = since === undefined ? {} : { since };
  const { answer, again, ...state } = useAnswer({ kind: 'audit', limit: MOST, ...question });
  useWhenChanged(again);
  const entries = answer?.entries ?? NONE;
  const shown = useShown(changes, entries);
  const entry = useMemo(() => entries.find(({ id }) => id === chosen), [entries, chosen]);
  const layout = changes as Layout<unknown>;
  return (
    <>
      <TableBar table={layout} shown={shown}>
        <select
          aria-label="Since when"
          data-testid="changes-since"
          onChange={({ target }) => setSince(sinceOf(target.value))}
          className="h-7 rounded-control border border-line bg-sunk px-1.5 outline-none focus:border-live"
        >
          <option value="">all that is kept</option>
          {SPANS.map(([name]) => (
            <option key={name} value={name}>
              the last {name}
            </option>
          ))}
        </select>
      </TableBar>
      <AnswerState
        {...state}
        again={again}
        summary={answer && `${plural(entries.length, 'change')}${answer.truncated ? ', and older ones' : ''}`}
      />
      <Grid
        table={layout}
        shown={shown}
        chosen={chosen}
        choose={choose}
        none={answer ? 'Nobody has steered anything in that time.' : 'Asking the dashboard…'}
      />
      {entry && <Detail key={entry.id} entry={entry} />}
    </>
  );
}

function sinceOf(name: string): number | undefined {
  const span = SPANS.find(([one]) => one === name)?.[1];
  return span === undefined ? undefined : Math.round(hubNow(useCity.getState()) - span);
}

/** Calls when an override comes, goes or enters another state. Not when it is first seen: that was asked for already. */
function useWhenChanged(again: () => void): void {
  const state = useCity(({ stream: { city } }) =>
    [...city.override.values()]
      .map((one) => `${one.uid} ${one.generation} ${one.state} ${one.drain?.phase}`)
      .join('\n'),
  );
  const seen = useRef(state);
  useEffect(() => {
    if (seen.current === state) return;
    seen.current = state;
    again();
  }, [state, again]);
}

/** One change in full, with the way back. */
function Detail({ entry }: { readonly entry: AuditEntry }) {
  const { who, at, what, name, namespace, reason, outcome, service, before, after, id } = entry;
  const lock = useSteeringLock(namespace);
  const pending = useSteering((state) => state.pending.has(id));
  const known = useCity((state) => service !== undefined && state.whole.city.service.has(service));
  return (
    <section
      aria-label={`Change of ${name}`}
      data-testid="change-detail"
      className="max-h-[38vh] shrink-0 overflow-y-auto border-t border-line px-4 py-3"
    >
      <div className="flex items-start gap-3">
        <p className="min-w-0 flex-1 wrap-anywhere">
          <b className="font-semibold">{who}</b> {moment(at, hubNow(useCity.getState()))}: {WHAT[what]}{' '}
          <span className="code">{name}</span>
          {reason ? `, “${reason}”` : <span className="text-soft">, no reason given</span>}
        </p>
        <Button onClick={() => rewindTo(at)}>Show the map then</Button>
        {known && (
          <Button onClick={() => service !== undefined && goTo({ kind: 'service', id: service })}>{service}</Button>
        )}
        {canUndo(entry) && (
          <Locked why={lock}>
            <Button tone="undrain" disabled={pending} onClick={() => void undo(id)} data-testid="change-undo">
              <Undo2 className="size-3.5" aria-hidden="true" />
              Undo
            </Button>
          </Locked>
        )}
      </div>
      <p className="mt-1 text-sm text-soft wrap-anywhere">
        {aboutWords(entry)} · {changeWords(entry) || 'its spec stayed as it was'}
        {outcome !== undefined && ` · ${outcome}`}
      </p>
      <div className="mt-2 grid grid-cols-2 gap-3">
        <Spec title="Before" spec={before} />
        <Spec title="After" spec={after} />
      </div>
    </section>
  );
}

function Spec({ title, spec }: { readonly title: string; readonly spec: unknown }) {
  return (
    <div className="min-w-0">
      <h3 className="text-xs text-soft">{title}</h3>
      {spec === undefined ? (
        <p className="mt-1 text-sm text-soft">Not there.</p>
      ) : (
        <pre className="code mt-1 rounded-control border border-line p-2 text-xs whitespace-pre-wrap wrap-anywhere">
          {JSON.stringify(spec, null, 2)}
        </pre>
      )}
    </div>
  );
}
