'use client';
import type { AgentAnswer, KernelChain } from '@kubecity/protocol';
import { ScrollText } from 'lucide-react';
import { Tabs } from 'radix-ui';
import { count, plural } from '../../city/format.ts';
import { differencesIn, differenceWords, rulesText } from '../../city/rule-difference.ts';
import { Button } from '../Button.tsx';
import { AnswerDialog, AnswerState } from './AnswerDialog.tsx';
import { CopyText } from './CopyText.tsx';
import { ChainLines } from './RuleLines.tsx';
import { refusedWords } from './refused-words.ts';
import { useAnswer } from './use-answer.ts';

interface Props {
  readonly service: string;
  /** Opens with this node. */
  readonly node?: string;
}

/**
 * The rules of one Service as the kernels of all nodes hold them at this moment, with their packet counters, and what of
 * them differs from what the node wishes.
 */
export function Rules({ service, node }: Props) {
  return (
    <AnswerDialog
      testId="rules"
      title={`Rules of ${service}`}
      detail="As each kernel holds them now, beside what its agent wishes. Only the first packet of a connection meets them."
      button={
        <Button data-testid="show-rules">
          <ScrollText className="size-3.5" aria-hidden="true" />
          Rules
        </Button>
      }
    >
      <Nodes service={service} node={node} />
    </AnswerDialog>
  );
}

function Nodes({ service, node: first }: Props) {
  const asked = useAnswer({ kind: 'rules', service });
  const nodes = asked.answer?.nodes ?? [];
  const failed = nodes.filter(({ answer }) => answer.kind !== 'rules');
  const differing = nodes.filter(({ answer }) => answer.kind === 'rules' && differencesIn(answer.chains)).length;
  const summary = asked.answer && (
    <>
      <b className="font-semibold">{plural(nodes.length - failed.length, 'node')}</b> answered
      {differing > 0 && <span className="text-drain-ink"> · {plural(differing, 'node differs', 'nodes differ')}</span>}
      {failed.length > 0 && <span className="text-light-ink"> · {plural(failed.length, 'node')} did not</span>}
    </>
  );
  return (
    <>
      <AnswerState {...asked} summary={summary} />
      {nodes.length > 0 && (
        <Tabs.Root
          key={nodes.map(({ node }) => node).join(' ')}
          defaultValue={nodes.find(({ node }) => node === first)?.node ?? nodes[0]?.node}
          className="flex min-h-0 flex-1"
          orientation="vertical"
        >
          <Tabs.List className="w-48 shrink-0 overflow-y-auto border-r border-line p-2" aria-label="Nodes">
            {nodes.map(({ node, answer }) => (
              <Tabs.Trigger
                key={node}
                value={node}
                data-testid={`rules-of-${node}`}
                className="flex w-full items-baseline justify-between gap-2 rounded-control px-2.5 py-1.5 text-left hover:bg-hover data-[state=active]:bg-selected"
              >
                <span className="truncate">{node}</span>
                <NodeMark answer={answer} />
              </Tabs.Trigger>
            ))}
          </Tabs.List>
          {nodes.map(({ node, answer }) => (
            <Tabs.Content key={node} value={node} className="min-w-0 flex-1 overflow-auto px-5 py-3 outline-none">
              <NodeRules service={service} node={node} answer={answer} />
            </Tabs.Content>
          ))}
        </Tabs.Root>
      )}
    </>
  );
}

function NodeMark({ answer }: { readonly answer: AgentAnswer }) {
  if (answer.kind !== 'rules') return <span className="text-xs text-drain-ink">no answer</span>;
  const differences = differencesIn(answer.chains);
  if (differences) return <span className="text-xs text-drain-ink">± {count(differences)}</span>;
  return <span className="text-xs text-soft">{count(rulesIn(answer.chains))}</span>;
}

const rulesIn = (chains: readonly KernelChain[]): number => chains.reduce((sum, { rules }) => sum + rules.length, 0);

interface NodeProps {
  readonly service: string;
  readonly node: string;
  readonly answer: AgentAnswer;
}

function NodeRules({ service, node, answer }: NodeProps) {
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
