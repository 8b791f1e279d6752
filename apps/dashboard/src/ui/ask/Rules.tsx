'use client';
import type { AgentAnswer, KernelChain } from '@kubecity/protocol';
import { ScrollText } from 'lucide-react';
import { Tabs } from 'radix-ui';
import { type ReactNode, useState } from 'react';
import { count, plural } from '../../city/format.ts';
import { differencesIn } from '../../city/rule-difference.ts';
import { useCity } from '../../live/city-store.ts';
import { Button } from '../Button.tsx';
import { AnswerDialog, AnswerState } from './AnswerDialog.tsx';
import { NodeRules } from './NodeRules.tsx';
import { useAnswer } from './use-answer.ts';

interface Props {
  readonly service: string;
  /** Opens with this node. */
  readonly node?: string;
}

/** With more nodes than this, only the chosen one is asked: the others would have nothing to compare it with. */
const ASKED_AT_ONCE = 20;

/**
 * The rules of one Service as the kernels of the nodes hold them at this moment, with their packet counters, and what of
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

function Nodes(props: Props) {
  const many = useCity((state) => state.stream.city.node.size > ASKED_AT_ONCE);
  return many ? <OneByOne {...props} /> : <AllAtOnce {...props} />;
}

function AllAtOnce({ service, node: first }: Props) {
  const asked = useAnswer({ kind: 'rules', service });
  const [chosen, choose] = useState(first);
  const nodes = asked.answer?.nodes ?? [];
  const failed = nodes.filter(({ answer }) => answer.kind !== 'rules').length;
  const differing = nodes.filter(({ answer }) => answer.kind === 'rules' && differencesIn(answer.chains)).length;
  const shown = nodes.find(({ node }) => node === chosen) ?? nodes[0];
  const summary = asked.answer && (
    <>
      <b className="font-semibold">{plural(nodes.length - failed, 'node')}</b> answered
      {differing > 0 && <span className="text-drain-ink"> · {plural(differing, 'node differs', 'nodes differ')}</span>}
      {failed > 0 && <span className="text-light-ink"> · {plural(failed, 'node')} did not</span>}
    </>
  );
  return (
    <>
      <AnswerState {...asked} summary={summary} />
      {shown && (
        <NodeTabs
          nodes={nodes.map(({ node, answer }) => ({ node, mark: <NodeMark answer={answer} /> }))}
          chosen={shown.node}
          choose={choose}
        >
          <NodeRules service={service} node={shown.node} answer={shown.answer} />
        </NodeTabs>
      )}
    </>
  );
}

function OneByOne({ service, node: first }: Props) {
  const nodes = useCity((state) => state.stream.city.node);
  const names = [...nodes.keys()].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  const [chosen = names[0] ?? '', choose] = useState(first);
  return (
    <NodeTabs nodes={names.map((node) => ({ node }))} chosen={chosen} choose={choose} activationMode="manual">
      <AskedNode key={chosen} service={service} node={chosen} />
    </NodeTabs>
  );
}

function AskedNode({ service, node }: { readonly service: string; readonly node: string }) {
  const asked = useAnswer({ kind: 'rules', service, node });
  const answer = asked.answer?.nodes[0]?.answer;
  return (
    <>
      <div className="-mx-5 -mt-3 mb-3">
        <AnswerState {...asked} summary={<b className="font-semibold">{node}</b>} />
      </div>
      {answer && <NodeRules service={service} node={node} answer={answer} />}
    </>
  );
}

interface TabsProps {
  readonly nodes: readonly { readonly node: string; readonly mark?: ReactNode }[];
  readonly chosen: string;
  readonly choose: (node: string) => void;
  /** `manual`: the arrow keys pass by a node without asking it. */
  readonly activationMode?: 'automatic' | 'manual';
  /** Of the chosen node. */
  readonly children: ReactNode;
}

function NodeTabs({ nodes, chosen, choose, children, activationMode }: TabsProps) {
  return (
    <Tabs.Root
      activationMode={activationMode}
      value={chosen}
      onValueChange={choose}
      className="flex min-h-0 flex-1"
      orientation="vertical"
    >
      <Tabs.List className="w-48 shrink-0 overflow-y-auto border-r border-line p-2" aria-label="Nodes">
        {nodes.map(({ node, mark }) => (
          <Tabs.Trigger
            key={node}
            value={node}
            data-testid={`rules-of-${node}`}
            className="flex w-full items-baseline justify-between gap-2 rounded-control px-2.5 py-1.5 text-left hover:bg-hover data-[state=active]:bg-selected"
          >
            <span className="truncate">{node}</span>
            {mark}
          </Tabs.Trigger>
        ))}
      </Tabs.List>
      <Tabs.Content value={chosen} className="min-w-0 flex-1 overflow-auto px-5 py-3 outline-none">
        {children}
      </Tabs.Content>
    </Tabs.Root>
  );
}

function NodeMark({ answer }: { readonly answer: AgentAnswer }) {
  if (answer.kind !== 'rules') return <span className="text-xs text-drain-ink">no answer</span>;
  const differences = differencesIn(answer.chains);
  if (differences) return <span className="text-xs text-drain-ink">± {count(differences)}</span>;
  return <span className="text-xs text-soft">{count(rulesIn(answer.chains))}</span>;
}

const rulesIn = (chains: readonly KernelChain[]): number => chains.reduce((sum, { rules }) => sum + rules.length, 0);
