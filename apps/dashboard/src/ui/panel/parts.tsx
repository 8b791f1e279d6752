'use client';
import type { ReactNode } from 'react';
import { bytes, count, percent, rate } from '../../city/format.ts';
import { bytesPerSecond, open, refusedShare, type Traffic } from '../../city/traffic.ts';
import { AtLeast } from '../traffic/AtLeast.tsx';

/** The four figures at the top of every panel; lower bounds while an agent is silent. */
export function Figures({ traffic }: { readonly traffic: Traffic }) {
  const [size, unit] = bytes(bytesPerSecond(traffic));
  const figures = [
    { value: rate(traffic.openedPerSecond), word: 'new conn/s' },
    { value: count(open(traffic)), word: 'open' },
    { value: size, word: `${unit}/s` },
    { value: percent(refusedShare(traffic)), word: 'refused', wrong: traffic.refusedPerSecond > 0 },
  ];
  return (
    <>
      <dl className="grid grid-cols-4 divide-x divide-line rounded-card border border-line bg-raised">
        {figures.map(({ value, word, wrong }) => (
          <div key={word} className="flex flex-col-reverse px-2.5 py-2.5">
            <dt className="text-xs whitespace-nowrap text-soft">{word}</dt>
            <dd className={`text-[17px] leading-6 font-semibold tracking-[-0.01em] ${wrong ? 'text-drain-ink' : ''}`}>
              {value}
            </dd>
          </div>
        ))}
      </dl>
      <div className="mt-1.5 empty:hidden">
        <AtLeast />
      </div>
    </>
  );
}

export function Section({
  title,
  aside,
  children,
}: {
  readonly title: string;
  readonly aside?: string;
  readonly children: ReactNode;
}) {
  return (
    <section className="mt-4">
      <h3 className="mb-2 flex items-baseline justify-between text-sm font-semibold">
        {title}
        {aside !== undefined && <span className="font-normal text-soft">{aside}</span>}
      </h3>
      {children}
    </section>
  );
}

const CHIPS = {
  plain: 'bg-sunk text-soft',
  drain: 'bg-drain/15 text-drain-ink',
  weight: 'bg-weight/18 text-weight-ink',
  live: 'bg-live/15 text-live-ink',
  light: 'bg-light/15 text-light-ink',
} as const;

export function Chip({
  tone = 'plain',
  children,
}: {
  readonly tone?: keyof typeof CHIPS;
  readonly children: ReactNode;
}) {
  return (
    <span className={`inline-flex h-5 shrink-0 items-center rounded-full px-2 text-xs font-medium ${CHIPS[tone]}`}>
      {children}
    </span>
  );
}

/** A name and a value, the value to copy. */
export function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <div className="flex items-baseline justify-between gap-4 py-1.5">
      <dt className="shrink-0 text-soft">{name}</dt>
      <dd className="min-w-0 text-right wrap-anywhere">{children}</dd>
    </div>
  );
}

/** A line that leads to another panel. */
export function Row({ onSelect, children }: { readonly onSelect: () => void; readonly children: ReactNode }) {
  return (
    <button
      type="button"
      onClick={onSelect}
      className="flex w-full items-center gap-3 rounded-control px-2.5 py-1.5 text-left transition-colors duration-150 hover:bg-hover"
    >
      {children}
    </button>
  );
}

export function Problem({ title, children }: { readonly title: ReactNode; readonly children: ReactNode }) {
  return (
    <div className="mt-2 rounded-card border border-drain/35 bg-drain/8 px-3 py-2" role="alert">
      <p className="font-medium text-drain-ink wrap-anywhere">{title}</p>
      <p className="text-sm text-soft wrap-anywhere">{children}</p>
    </div>
  );
}
