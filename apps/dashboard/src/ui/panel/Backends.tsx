'use client';
import { useMemo, useState } from 'react';
import { count, plural } from '../../city/format.ts';
import { type Backend, signOfBackend } from '../../city/services.ts';
import { NO_TRAFFIC, open } from '../../city/traffic.ts';
import { whyNoneOf } from '../../city/why-none.ts';
import { useCity } from '../../live/city-store.ts';
import { BackendCard } from './BackendCard.tsx';
import { Section } from './parts.tsx';

interface Props {
  readonly title: string;
  /** Of one service port, in the order in which they stand. */
  readonly group: readonly Backend[];
}

/** A Service of thousands shows those with a hand on them or a trouble, then as many as a person would scroll past. */
const FIRST = 12;
const MORE = 50;

export function Backends({ title, group }: Props) {
  const [most, setMost] = useState(FIRST);
  const shown = group.length <= FIRST ? group : firstOf(group).slice(0, most);
  const left = group.length - shown.length;
  const reasonOf = useReasons(group);
  return (
    <Section title={title} aside={plural(group.length, 'backend')}>
      <div className="flex flex-col gap-2.5">
        {shown.map((backend) => (
          <BackendCard key={backend.id} backend={backend} group={group} none={reasonOf(backend)} />
        ))}
      </div>
      {left > 0 && (
        <button
          type="button"
          onClick={() => setMost(most + MORE)}
          className="mt-2 text-sm text-soft underline-offset-2 hover:text-text hover:underline"
        >
          Show {count(Math.min(MORE, left))} more of {count(left)}
        </button>
      )}
    </Section>
  );
}

/** Why a backend gets none, in words; undefined while it gets some, and where its card says it by the hand that is on it. */
function useReasons(group: readonly Backend[]): (backend: Backend) => string | undefined {
  const { survey, stream, only, moment } = useCity();
  const port = group[0]?.servicePort;
  const city = useMemo(() => {
    const edges = [...stream.city.edge].filter(([, { servicePort }]) => servicePort === port);
    return { ...stream.city, edge: new Map(edges) };
  }, [stream.city, port]);
  return (backend) => {
    const traffic = survey.sums.byBackend.get(backend.id) ?? NO_TRAFFIC;
    const hidden = only !== undefined && only !== backend.service;
    if (moment || hidden || traffic.openedPerSecond > 0 || open(traffic) > 0) return undefined;
    const { kind, words } = whyNoneOf(city, backend.id, backend);
    return kind === 'gets' || kind === 'drained' || kind === 'weightless' ? undefined : words;
  };
}

const firstOf = (group: readonly Backend[]): readonly Backend[] =>
  [...group].sort((a, b) => Number(signOfBackend(a) === 'plain') - Number(signOfBackend(b) === 'plain'));
