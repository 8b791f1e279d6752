import type { Standing } from '../../city/coverage.ts';
import { count, rate, size } from '../../city/format.ts';
import { open, type Traffic } from '../../city/traffic.ts';
import { Fact, Section } from './parts.tsx';

const CLASSES = [
  { key: 'moving', tone: 'bg-live', words: 'bytes moved lately' },
  { key: 'idle', tone: 'bg-time-edge', words: 'open and quiet' },
  { key: 'closing', tone: 'bg-faint', words: 'saying goodbye' },
  { key: 'waiting', tone: 'bg-drain', words: 'no answer to the first packet yet' },
] as const;

/** The connections that there are, by class; what was refused or never answered; bytes each way. */
export function Classes({ traffic, standing }: { readonly traffic: Traffic; readonly standing: Standing }) {
  const sum = CLASSES.reduce((all, { key }) => all + traffic[key], 0);
  if (standing.state === 'unknown') {
    return (
      <Section title="Connections">
        <p className="hatched rounded-control px-2.5 py-1.5 text-soft">Unknown: {standing.why}.</p>
      </Section>
    );
  }
  return (
    <Section title="Connections">
      <div className="flex h-[6px] gap-px overflow-hidden rounded-full bg-sunk" aria-hidden="true">
        {CLASSES.map(({ key, tone }) => (
          <span key={key} className={tone} style={{ width: `${sum === 0 ? 0 : (traffic[key] / sum) * 100}%` }} />
        ))}
      </div>
      <dl className="mt-2 grid grid-cols-4" data-testid="classes">
        {CLASSES.map(({ key, tone, words }) => (
          <div key={key} className="flex flex-col" title={words}>
            <dt className="order-2 flex items-center gap-1 text-xs text-soft">
              <span className={`size-[7px] rounded-[2px] ${tone}`} aria-hidden="true" />
              {key}
            </dt>
            <dd className="order-1 text-figure font-semibold">{count(traffic[key])}</dd>
          </div>
        ))}
      </dl>
      <dl className="mt-1.5 divide-y divide-line">
        <Fact name="Refused">
          <span className={traffic.refusedPerSecond > 0 ? 'text-drain-ink' : ''}>
            {rate(traffic.refusedPerSecond)}/s
          </span>
          {` · ${count(traffic.refused)} of ${count(traffic.opened)} in all`}
        </Fact>
        <Fact name="Never answered">{`${count(traffic.unanswered)} in all`}</Fact>
        <Fact name="Bytes">
          {`${size(traffic.bytesToBackendPerSecond)}/s to backends · ${size(traffic.bytesToClientPerSecond)}/s back`}
        </Fact>
        {traffic.uncounted > 0 && (
          <Fact name="Without byte counters">{`${count(traffic.uncounted)} of ${count(open(traffic))} open`}</Fact>
        )}
      </dl>
    </Section>
  );
}
