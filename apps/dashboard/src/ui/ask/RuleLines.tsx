'use client';
import type { KernelChain } from '@kubecity/protocol';
import { count, plural, size } from '../../city/format.ts';
import { linesOf, type RuleLine } from '../../city/rule-difference.ts';

/** What a line is, besides as wished: a sign, a word and its colour, never the colour alone. */
const MARKS = {
  same: undefined,
  told: undefined,
  missing: { sign: '−', word: 'missing', ink: 'text-drain-ink', ground: 'bg-drain/8' },
  foreign: { sign: '+', word: 'not ours', ink: 'text-light-ink', ground: 'bg-light/8' },
  changed: { sign: '±', word: 'changed', ink: 'text-weight-ink', ground: 'bg-weight/8' },
  moved: { sign: '↕', word: 'moved', ink: 'text-weight-ink', ground: 'bg-weight/8' },
} as const;

/** One chain as the kernel holds it, with its counters and what differs from the wish. */
export function ChainLines({ chain }: { readonly chain: KernelChain }) {
  const lines = linesOf(chain);
  const gone = chain.rules.length === 0 && lines.length > 0;
  return (
    <section className="mb-4">
      <h3 className="mb-1 flex items-baseline gap-2">
        <span className="code font-semibold">{chain.chain}</span>
        <span className="text-sm text-soft">
          {chain.family} · {chain.table} · {plural(chain.rules.length, 'rule')}
          {gone && ': the kernel has none of them'}
        </span>
      </h3>
      <table className="w-full border-collapse text-sm">
        <thead>
          <tr className="border-b border-line text-xs text-soft">
            <th className="w-20 py-1 pr-3 text-right font-medium">Packets</th>
            <th className="w-20 py-1 pr-4 text-right font-medium">Bytes</th>
            <th className="w-20 py-1 pr-2 text-left font-medium">Wish</th>
            <th className="py-1 text-left font-medium">Rule</th>
          </tr>
        </thead>
        <tbody>
          {lines.map((line, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a rule's place in its chain is what it is
            <Line key={i} line={line} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Line({ line: { kind, found, wished } }: { readonly line: RuleLine }) {
  const mark = MARKS[kind];
  return (
    <tr
      className={`border-b border-line/60 align-top ${mark?.ground ?? ''}`}
      data-testid="kernel-rule"
      data-kind={kind}
    >
      <td className={`py-1 pr-3 text-right ${found?.packets ? 'font-medium' : 'text-soft'}`}>
        {found ? count(found.packets) : '–'}
      </td>
      <td className="py-1 pr-4 text-right text-soft">{found ? size(found.bytes) : '–'}</td>
      <td className={`py-1 pr-2 text-xs leading-5 whitespace-nowrap ${mark?.ink ?? 'text-soft'}`}>
        {mark ? `${mark.sign} ${mark.word}` : kind === 'same' ? 'as wished' : ''}
      </td>
      <td className="code py-1 wrap-anywhere">
        {found?.rule}
        {wished !== undefined && (
          <span className={`block ${found ? 'text-soft' : ''}`}>{found ? `wished: ${wished}` : wished}</span>
        )}
      </td>
    </tr>
  );
}
