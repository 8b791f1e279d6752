'use client';
import { type ReactNode, useState } from 'react';
import type { Folded } from '../city/filter.ts';
import { count, plural, rate, size } from '../city/format.ts';
import type { Scene } from '../map/scene.ts';

const SIGNS = [
  { sign: <Dots />, word: 'traffic' },
  { sign: <i className="size-2.5 rounded-[3px] bg-light" />, word: 'busy pod' },
  { sign: <i className="size-2.5 rounded-[3px] bg-quiet" />, word: 'quiet pod' },
  { sign: <i className="size-2.5 rounded-[3px] border-[1.5px] border-dashed border-drain" />, word: 'draining' },
  { sign: <b className="text-xs font-bold text-weight-ink">10 %</b>, word: 'wished by an override' },
  { sign: <Bars />, word: 'refused' },
] as const;

/** Where there are NetworkPolicies. */
const GATES = [
  { sign: <Gate tone="text-text" />, word: 'closed by policy' },
  { sign: <Barred />, word: 'refused by policy' },
] as const;

const MORE = [
  {
    sign: <i className="size-2.5 rounded-[3px] border border-dashed border-faint opacity-70" />,
    word: 'stale: its agent is silent',
  },
  {
    sign: (
      <i className="size-2.5 rounded-[3px] border border-faint [background:repeating-linear-gradient(135deg,var(--text-faint)_0_1px,transparent_1px_3px)]" />
    ),
    word: 'unknown: no agent yet',
  },
  { sign: <i className="size-2.5 rounded-[3px] border border-dashed border-faint" />, word: 'not ready' },
  { sign: <Footpath />, word: 'direct: past every Service' },
] as const;

const MORE_GATES = [
  { sign: <Gate tone="text-text" />, word: 'pickets: keeps out who comes' },
  { sign: <Rails />, word: 'rails: keeps in who would leave' },
] as const;

const READING = {
  services:
    'A ring is a Service, its parts are its backends: length is the wished share, light what comes in. A pod in a yard backs no Service: its light is what it opens.',
  nodes: 'A building is a node, its rooms are pods: hue is the namespace, light what comes in and goes out.',
} as const;

interface Props {
  readonly scene: Scene;
  /** What the filter leaves out. */
  readonly folded: Folded | undefined;
  /** Policies close pods here. */
  readonly gates: boolean;
}

export function Legend({ scene, folded, gates }: Props) {
  const [open, setOpen] = useState(false);
  const notes = [folded && foldedWords(folded), streetWords(scene), barredWords(scene)].filter(
    (note) => note !== undefined,
  );
  return (
    <div
      data-testid="legend"
      className="absolute bottom-4 left-4 max-w-[calc(100%-5.5rem)] @min-[46rem]:max-w-[min(880px,calc(100%-17rem))] rounded-[10px] border border-line bg-panel/95 text-sm text-soft shadow-cast"
    >
      {open && (
        <div className="border-b border-line px-3.5 py-2.5">
          <p className="text-text">{READING[scene.lens]}</p>
          <ul className="mt-2 flex flex-wrap gap-x-4 gap-y-1">{[...MORE, ...(gates ? MORE_GATES : [])].map(entry)}</ul>
        </div>
      )}
      <button
        type="button"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
        className="flex flex-wrap items-center gap-x-3.5 gap-y-1 rounded-[10px] px-3.5 py-2 text-left"
      >
        <span className={open ? 'hidden' : '@min-[46rem]:hidden'}>Legend</span>
        {[...SIGNS, ...(gates ? GATES : [])].map(({ sign, word }) => (
          <span key={word} className={`items-center gap-2 ${open ? 'flex' : 'hidden @min-[46rem]:flex'}`}>
            {sign}
            {word}
          </span>
        ))}
      </button>
      {notes.map((note) => (
        <p key={note} className="border-t border-line px-3.5 py-1.5 tabular-nums" data-testid="legend-note">
          {note}
        </p>
      ))}
    </div>
  );
}

/** What is not drawn: nothing vanishes without being told. How much traffic that is tells the filter's bar. */
function foldedWords({ services, pods, nodes, refusals }: Folded): string {
  const things = [plural(services, 'Service'), plural(pods, 'pod'), ...(nodes > 0 ? [plural(nodes, 'node')] : [])];
  const refused = refusals > 0 ? [plural(refusals, 'refused pair')] : [];
  return `${[...things, ...refused].join(', ')} and the rest of the traffic are left out by the filter`;
}

function streetWords({ asides, metric }: Scene): string | undefined {
  const more = asides.filter(({ kind }) => kind === 'more');
  const sum = (key: 'streets' | 'rate' | 'bytes') => more.reduce((all, aside) => all + aside[key], 0);
  if (sum('streets') === 0) return undefined;
  const flow = metric === 'bytes' ? `${size(sum('bytes'))}/s` : `${rate(sum('rate'))} conn/s`;
  return `${count(sum('streets'))} quieter streets with ${flow} are told at the places they leave`;
}

/** Attempts that policies refuse and that have no street of their own. */
function barredWords({ barring: { within, aside } }: Scene): string | undefined {
  const told = [...within.values()].reduce((sum, n) => sum + n, 0);
  if (told + aside === 0) return undefined;
  const parts = [
    ...(told > 0 ? [`${plural(told, 'refused pair')} told at their places`] : []),
    ...(aside > 0 ? [`${plural(aside, 'refused pair')} to what is not on this lens: the Directory has them`] : []),
  ];
  return parts.join(' · ');
}

const entry = ({ sign, word }: { readonly sign: ReactNode; readonly word: string }) => (
  <li key={word} className="flex items-center gap-2">
    {sign}
    {word}
  </li>
);

function Gate({ tone }: { readonly tone: string }) {
  return (
    <svg width="16" height="10" aria-hidden="true" className={tone}>
      <path d="M1 5h14M3 1.5v7M6.3 1.5v7M9.7 1.5v7M13 1.5v7" stroke="currentColor" strokeWidth="1.6" />
    </svg>
  );
}

function Rails() {
  return (
    <svg width="16" height="10" aria-hidden="true" className="text-text">
      <path d="M1 3.4h14M1 6.6h14M1.8 1v8M14.2 1v8" stroke="currentColor" strokeWidth="1.6" />
    </svg>
  );
}

function Barred() {
  return (
    <svg width="24" height="10" aria-hidden="true" className="text-refused">
      <path d="M0 3.2h17M0 6.8h17" stroke="currentColor" strokeWidth="1.3" strokeDasharray="4.4 2.2" />
      <path d="M20 0v10M17 2h6M17 5h6M17 8h6" stroke="currentColor" strokeWidth="1.4" />
    </svg>
  );
}

function Dots() {
  return (
    <svg width="20" height="4" aria-hidden="true" className="text-light">
      <g fill="currentColor">
        <circle cx="3" cy="2" r="1.7" />
        <circle cx="10" cy="2" r="1.7" />
        <circle cx="17" cy="2" r="1.7" />
      </g>
    </svg>
  );
}

function Footpath() {
  return (
    <svg width="20" height="4" aria-hidden="true" className="text-soft">
      <path d="M2 2h17" stroke="currentColor" strokeWidth="2.4" strokeLinecap="round" strokeDasharray="0.5 5" />
    </svg>
  );
}

function Bars() {
  return (
    <svg width="12" height="10" aria-hidden="true" className="text-refused">
      <path d="M3 1v8M8 1v8" stroke="currentColor" strokeWidth="2.2" strokeLinecap="round" />
    </svg>
  );
}
