'use client';
import type { AgentAnswer } from '@kubecity/protocol';
import { differenceWords, rulesText } from '../../city/rule-difference.ts';
import { CopyText } from './CopyText.tsx';
import { ChainLines } from './RuleLines.tsx';
import { refusedWords } from './refused-words.ts';

interface Props {
  readonly service: string;
  readonly node: string;
  readonly answer: AgentAnswer;
}

/** What one node answered. */
export function NodeRules({ service, node, answer }: Props) {
  if (answer.kind === 'refused') {
    return (
      <p className="text-drain-ink" role="alert" data-testid="rules-fault">
        {refusedWords(node, answer)} <span className="text-soft">({answer.code})</span>
      </p>
    );
  }
  if (answer.kind !== 'rules') return <p className="text-drain-ink">The agent answered another question.</p>;
  if (answer.chains.length === 0) return <p className="text-soft">This kernel holds no rule of the Service.</p>;
  return (
    <>
      <div className="mb-3 flex items-center gap-3">
        <p className="flex-1" data-testid="rules-difference">
          The kernel of {node}: <b className="font-semibold">{differenceWords(answer.chains)}</b>
        </p>
        <CopyText text={() => rulesText(service, node, answer.at, answer.chains)} />
      </div>
      {answer.truncated && <p className="mb-2 text-sm text-light-ink">There are more rules than one answer carries.</p>}
      {answer.chains.map((chain) => (
        <ChainLines key={`${chain.family} ${chain.table} ${chain.chain}`} chain={chain} />
      ))}
    </>
  );
}
