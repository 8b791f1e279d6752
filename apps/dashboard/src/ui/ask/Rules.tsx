'use client';
import type { AgentAnswer, KernelChain } from '@kubecity/protocol';
import { ScrollText } from 'lucide-react';
import { Tabs } from 'radix-ui';
import { count, plural, size } from '../../city/format.ts';
import { Button } from '../Button.tsx';
import { AnswerDialog, AnswerState } from './AnswerDialog.tsx';
import { useAnswer } from './use-answer.ts';

/** The rules of one Service as the kernels of all nodes hold them at this moment, with their packet counters. */
export function Rules({ service }: { readonly service: string }) {
  return (
    <AnswerDialog
      testId="rules"
      title={`Rules of ${service}`}
      detail="As each kernel holds them now, read back by its agent. Only the first packet of a connection meets them."
      button={
        <Button data-testid="show-rules">
          <ScrollText className="size-3.5" aria-hidden="true" />
          Rules
        </Button>
      }
    >
      <Nodes service={service} />
    </AnswerDialog>
  );
}

function Nodes({ service }: { readonly service: string }) {
  const asked = useAnswer({ kind: 'rules', service });
  const nodes = asked.answer?.nodes ?? [];
  const failed = nodes.filter(({ answer }) => answer.kind !== 'rules');
  const summary = asked.answer && (
    <>
      <b className="font-semibold">{plural(nodes.length - failed.length, 'node')}</b> answered
      {failed.length > 0 && <span className="text-light-ink"> · {plural(failed.length, 'node')} did not</span>}
    </>
  );
  return (
    <>
      <AnswerState {...asked} summary={summary} />
      {nodes.length > 0 && (
        <Tabs.Root
          key={nodes.map(({ node }) => node).join(' ')}
          defaultValue={nodes[0]?.node}
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
                <span className={`text-xs ${answer.kind === 'rules' ? 'text-soft' : 'text-drain-ink'}`}>
                  {answer.kind === 'rules' ? count(rulesIn(answer.chains)) : 'no answer'}
                </span>
              </Tabs.Trigger>
            ))}
          </Tabs.List>
          {nodes.map(({ node, answer }) => (
            <Tabs.Content key={node} value={node} className="min-w-0 flex-1 overflow-auto px-5 py-3 outline-none">
              <NodeRules answer={answer} />
            </Tabs.Content>
          ))}
        </Tabs.Root>
      )}
    </>
  );
}

const rulesIn = (chains: readonly KernelChain[]): number => chains.reduce((sum, { rules }) => sum + rules.length, 0);

function NodeRules({ answer }: { readonly answer: AgentAnswer }) {
  if (answer.kind === 'refused') {
    return (
      <p className="text-drain-ink" role="alert" data-testid="rules-fault">
        {answer.message} <span className="text-soft">({answer.code})</span>
      </p>
    );
  }
  if (answer.kind !== 'rules') return <p className="text-drain-ink">The agent answered another question.</p>;
  if (answer.chains.length === 0) return <p className="text-soft">This kernel holds no rule of the Service.</p>;
  return (
    <>
      {answer.truncated && <p className="mb-2 text-sm text-light-ink">There are more rules than one answer carries.</p>}
      {answer.chains.map((chain) => (
        <Chain key={`${chain.family} ${chain.table} ${chain.chain}`} chain={chain} />
      ))}
    </>
  );
}

function Chain({ chain }: { readonly chain: KernelChain }) {
  return (
    <section className="mb-4">
      <h3 className="mb-1 flex items-baseline gap-2">
        <span className="code font-semibold">{chain.chain}</span>
        <span className="text-sm text-soft">
          {chain.family} · {chain.table} · {plural(chain.rules.length, 'rule')}
        </span>
      </h3>
      <table className="w-full border-collapse text-sm">
        <thead>
          <tr className="border-b border-line text-xs text-soft">
            <th className="w-20 py-1 pr-3 text-right font-medium">Packets</th>
            <th className="w-20 py-1 pr-4 text-right font-medium">Bytes</th>
            <th className="py-1 text-left font-medium">Rule</th>
          </tr>
        </thead>
        <tbody>
          {chain.rules.map(({ rule, packets, bytes }, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a rule's place in its chain is what it is
            <tr key={i} className="border-b border-line/60 align-top" data-testid="kernel-rule">
              <td className={`py-1 pr-3 text-right ${packets === 0 ? 'text-soft' : 'font-medium'}`}>
                {count(packets)}
              </td>
              <td className="py-1 pr-4 text-right text-soft">{size(bytes)}</td>
              <td className="code py-1 wrap-anywhere">{rule}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
