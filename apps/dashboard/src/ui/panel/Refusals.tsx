'use client';
import { age, count, plural } from '../../city/format.ts';
import { type NamedRefusal, policiesWords, type Refusal, streetOfRefusal } from '../../city/refusals.ts';
import type { Survey } from '../../city/survey.ts';
import { goTo } from '../../live/view-store.ts';
import { useNow } from '../use-now.ts';
import { Row, Section } from './parts.tsx';

interface Props {
  readonly survey: Survey;
  /** The freshest first. */
  readonly rows: readonly NamedRefusal[];
  readonly title?: string;
}

/** More are found in the directory. */
const SHOWN = 12;

/** What policies refused within the last minute, pair by pair: who, at what port, by which policy, and when last. */
export function Refusals({ survey, rows, title = 'Refused by policy' }: Props) {
  const now = useNow(1000);
  if (rows.length === 0) return null;
  return (
    <Section title={title} aside={`${plural(rows.length, 'pair')} in the last minute`}>
      <div className="-mx-2.5" data-testid="refusals">
        {rows.slice(0, SHOWN).map(([id, refusal]) => (
          <Row key={id} onSelect={() => goTo({ kind: 'barred', id: streetOfRefusal(survey, id) })}>
            <span className="min-w-0 flex-1">
              <span className="code block truncate">
                {nameOf(refusal.client.label)} → {targetName(survey, refusal)}
              </span>
              <span className="block truncate text-sm text-soft">
                {refusal.port}/{refusal.protocol} · {directionWords(refusal)} by {policiesWords(refusal.policies)}
              </span>
            </span>
            <span className="shrink-0 text-right text-sm text-soft">{age(now - refusal.lastAt)} ago</span>
          </Row>
        ))}
      </div>
      {rows.length > SHOWN && (
        <p className="mt-1 text-sm text-soft">and {count(rows.length - SHOWN)} more in the directory</p>
      )}
    </Section>
  );
}

/** `loadgen-7d9f-x` of `shop/loadgen-7d9f-x`; a network keeps its slash. */
const nameOf = (label: string): string => (/^[\d.:a-f]+\/\d+$/i.test(label) ? label : label.replace(/^.*\//, ''));

const targetName = ({ city }: Survey, { podUid, address }: Refusal): string =>
  city.pod.get(podUid ?? '')?.name ?? address;

export const targetWords = (survey: Survey, refusal: Refusal): string =>
  `${targetName(survey, refusal)}:${refusal.port}/${refusal.protocol}`;

const directionWords = ({ direction }: Refusal): string =>
  direction === 'ingress' ? 'refused' : 'may not leave: refused';
