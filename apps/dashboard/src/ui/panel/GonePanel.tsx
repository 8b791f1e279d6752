'use client';
import { useMemo } from 'react';
import type { Selection } from '../../city/find.ts';
import { moment } from '../../city/format.ts';
import { rankBackends, rankClients, rankTargets } from '../../city/ranking.ts';
import { podUidOf } from '../../city/traffic.ts';
import { useCity } from '../../live/city-store.ts';
import { rewindTo } from '../../live/rewind.ts';
import { useView } from '../../live/view-store.ts';
import { Button } from '../Button.tsx';
import { useNow } from '../use-now.ts';
import { Figures } from './Figures.tsx';
import { Ranking } from './Ranking.tsx';
import { Title } from './Title.tsx';
import { type Seen, useScope } from './use-scope.ts';
import { useStanding } from './use-standing.ts';

/** What the page knew of a thing while it was there. */
export interface LastSeen {
  readonly name: string;
  /** Unix ms of the last frame that had it. */
  readonly at: number;
}

/** Long enough before its end that it was still itself; without a known end, some minutes back. */
const BEFORE_ITS_END = 5_000;
const BACK = 5 * 60_000;

/** A thing that the cluster no longer has: since when, its connections that are left or were then, and the way to its past. */
export function GonePanel({ selection, seen }: { readonly selection: Selection; readonly seen: LastSeen | undefined }) {
  const { kind, id } = selection;
  const scope = useScope(selection, 'both');
  const { edges, traffic } = scope;
  const past = useCity((state) => state.moment !== undefined);
  const now = useNow(1000);
  const standing = useStanding({ edges, homes: [] });
  const since =
    seen === undefined ? 'not in the city now; since when is not known' : `gone since ${moment(seen.at, now)}`;
  return (
    <>
      <Title title={seen?.name ?? nameFrom(scope, selection)} code detail={`${kind} · ${since}`} />
      <p className="code mb-3 text-sm text-soft wrap-anywhere">{id}</p>
      {!past && (
        <Button
          data-testid="rewind-to-gone"
          onClick={() => rewindTo(seen === undefined ? now - BACK : seen.at - BEFORE_ITS_END)}
        >
          {seen === undefined ? 'Rewind by 5 minutes' : `Rewind to ${moment(seen.at - BEFORE_ITS_END, now)}`}
        </Button>
      )}
      {edges.length === 0 ? (
        <p className="mt-3 text-soft">
          {past ? 'It had no connections at this moment.' : 'None of its connections are left.'}
        </p>
      ) : (
        <div className="mt-3">
          <Figures id={`${kind}:${id}`} traffic={traffic} standing={standing} />
          <Talks scope={scope} />
        </div>
      )}
    </>
  );
}

function Talks({ scope: { survey, into, out } }: { readonly scope: Seen }) {
  const measure = useView((state) => state.metric);
  const { city } = survey;
  const rankings = useMemo(
    () => ({
      clients: rankClients(city, into, measure),
      backends: rankBackends(city, into, measure),
      targets: rankTargets(city, out, measure),
    }),
    [city, into, out, measure],
  );
  return (
    <>
      {into.length > 0 && <Ranking title="From whom" rows={rankings.clients} none="" testId="top-clients" />}
      {into.length > 0 && <Ranking title="To whom" rows={rankings.backends} none="" testId="top-backends" />}
      {out.length > 0 && <Ranking title="Whom it talks to" rows={rankings.targets} none="" testId="top-targets" />}
    </>
  );
}

/** What its edges still call it; else the id, which of most things is its name. */
function nameFrom({ out }: Seen, { kind, id }: Selection): string {
  const own = kind === 'pod' ? out.find(([, edge]) => podUidOf(edge) === id) : undefined;
  return own?.[1].client.label ?? (kind === 'pod' ? 'A pod that is gone' : id);
}
