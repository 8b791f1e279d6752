'use client';
import { useState } from 'react';
import { count, plural } from '../../city/format.ts';
import { type Backend, signOfBackend } from '../../city/services.ts';
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
  return (
    <Section title={title} aside={plural(group.length, 'backend')}>
      <div className="flex flex-col gap-2.5">
        {shown.map((backend) => (
          <BackendCard key={backend.id} backend={backend} group={group} />
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

const firstOf = (group: readonly Backend[]): readonly Backend[] =>
  [...group].sort((a, b) => Number(signOfBackend(a) === 'plain') - Number(signOfBackend(b) === 'plain'));
