'use client';
import type { NodeDifference } from '@kubecity/protocol';
import { ChevronRight } from 'lucide-react';
import { count } from '../../city/format.ts';
import { changesOf, differenceText, nodeWords } from '../../city/steer/rules.ts';
import { CopyText } from '../ask/CopyText.tsx';

/** More are in the copied text. */
const MOST = 50;

/** What each node would write into its kernel, folded. */
export function Rules({ nodes }: { readonly nodes: readonly NodeDifference[] }) {
  if (nodes.length === 0) return null;
  return (
    <section className="mb-4" aria-label="Rules by node">
      <div className="mb-1 flex items-center justify-between gap-3">
        <h3 className="font-semibold">Rules by node</h3>
        <CopyText text={() => nodes.map(differenceText).join('\n')} />
      </div>
      {nodes.slice(0, MOST).map((difference) => (
        <Node key={difference.node} difference={difference} />
      ))}
      {nodes.length > MOST && (
        <p className="mt-1 text-sm text-soft">and {count(nodes.length - MOST)} more nodes in the copied text</p>
      )}
    </section>
  );
}

function Node({ difference }: { readonly difference: NodeDifference }) {
  const { node, chains = [] } = difference;
  const words = (
    <>
      <span className="font-medium">{node}</span>
      <span className={difference.chains ? 'text-soft' : 'text-light-ink'}>{nodeWords(difference)}</span>
    </>
  );
  if (chains.length === 0) {
    return <p className="flex min-h-8 items-baseline gap-2 py-1 pl-6 text-sm wrap-anywhere">{words}</p>;
  }
  return (
    <details className="group" data-testid={`difference-${node}`}>
      <summary className="flex min-h-8 cursor-pointer list-none items-baseline gap-2 rounded-control py-1 text-sm hover:bg-hover">
        <ChevronRight
          className="size-4 shrink-0 self-center transition-transform group-open:rotate-90"
          aria-hidden="true"
        />
        {words}
      </summary>
      {chains.map((chain) => (
        <div key={`${chain.family} ${chain.table} ${chain.chain}`} className="mb-2 ml-6">
          <p className="text-xs text-soft">
            {chain.family} · {chain.table} · <span className="code">{chain.chain}</span>
          </p>
          <ol className="code mt-0.5 overflow-hidden rounded-control border border-line text-xs">
            {changesOf(chain).map(({ sign, rule }, i) => (
              <li
                // biome-ignore lint/suspicious/noArrayIndexKey: a rule's place in its chain is what it is
                key={i}
                className={`flex gap-2 px-2 py-0.5 wrap-anywhere ${sign === '+' ? 'bg-live/10' : sign === '-' ? 'bg-drain/10' : 'text-soft'}`}
              >
                <span className="shrink-0 select-none" aria-hidden="true">
                  {sign === ' ' ? ' ' : sign}
                </span>
                <span className="sr-only">{sign === '+' ? 'comes' : sign === '-' ? 'goes' : 'stays'}</span>
                <span>{rule}</span>
              </li>
            ))}
          </ol>
        </div>
      ))}
    </details>
  );
}
