'use client';
import type { FlowDetail } from '@kubecity/protocol';
import { useVirtualizer } from '@tanstack/react-virtual';
import { Network } from 'lucide-react';
import { useMemo, useRef } from 'react';
import { backendAddress, backendName, clientName } from '../../city/edge-rows.ts';
import type { Edge } from '../../city/edges.ts';
import { flowsFirst, ofClient } from '../../city/flows.ts';
import { age, count, plural, size } from '../../city/format.ts';
import { useCity } from '../../live/city-store.ts';
import { Button } from '../Button.tsx';
import { AnswerDialog, AnswerState } from './AnswerDialog.tsx';
import { useAnswer } from './use-answer.ts';

/** The single connections of one edge's backend, as the kernels of the nodes hold them now. */
export function Connections({ edge }: { readonly edge: Edge }) {
  const city = useCity((state) => state.survey.city);
  return (
    <AnswerDialog
      testId="connections"
      title={`Connections to ${backendName(city, edge)}`}
      detail={
        <>
          {edge.servicePort === '' ? 'past every Service' : edge.servicePort} ·{' '}
          <span className="code">{backendAddress(edge)}</span> · those of {clientName(city, edge)} first
        </>
      }
      button={
        <Button data-testid="show-connections">
          <Network className="size-3.5" aria-hidden="true" />
          Connections
        </Button>
      }
    >
      <List edge={edge} />
    </AnswerDialog>
  );
}

const TEMPLATE = '86px 96px minmax(180px,1.4fr) minmax(180px,1.4fr) 64px 84px 84px 92px 92px';
const HEADS = ['State', 'Node', 'From', 'To', 'Proto', 'First seen', 'Packets', 'To backend', 'To client'] as const;
const ROW = 28;

function List({ edge }: { readonly edge: Edge }) {
  const asked = useAnswer({ kind: 'flows', servicePort: edge.servicePort, backend: backendAddress(edge) });
  const scroller = useRef<HTMLDivElement>(null);
  const flows = useMemo(() => flowsFirst(asked.answer?.flows ?? [], edge), [asked.answer, edge]);
  const own = flows.filter((flow) => ofClient(flow, edge));
  const over = own.filter(({ state }) => state === 'over').length;
  const virtual = useVirtualizer({
    count: flows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 15,
  });
  const { answer } = asked;
  const summary = answer && (
    <>
      <b className="font-semibold">{plural(own.length - over, 'connection')}</b> of this client
      {over > 0 && ` and ${count(over)} that are over`}, {count(flows.length - own.length)} of others
      {answer.total > flows.length && ` · ${count(flows.length)} of ${count(answer.total)} are listed, the busiest`}
      {answer.silent.length > 0 && (
        <span className="text-light-ink" data-testid="silent-nodes">
          {' '}
          · at least: no answer from {answer.silent.join(', ')}
        </span>
      )}
    </>
  );
  return (
    <>
      <AnswerState {...asked} summary={summary} />
      <div ref={scroller} className="min-h-0 flex-1 overflow-auto">
        <div className="min-w-[980px]">
          <div
            className="sticky top-0 grid h-8 items-center border-b border-line bg-panel px-5 text-xs font-medium text-soft"
            style={{ gridTemplateColumns: TEMPLATE }}
          >
            {HEADS.map((head, i) => (
              <span key={head} className={i > 4 ? 'text-right' : ''}>
                {head}
              </span>
            ))}
          </div>
          <ul className="relative" style={{ height: virtual.getTotalSize() }}>
            {virtual.getVirtualItems().map((item) => {
              const flow = flows[item.index] as (typeof flows)[number];
              return (
                <li
                  key={item.key}
                  data-testid="connection"
                  className={`absolute inset-x-0 grid items-center border-b border-line/60 px-5 ${ofClient(flow, edge) ? '' : 'text-soft'}`}
                  style={{ gridTemplateColumns: TEMPLATE, height: ROW, top: item.start }}
                >
                  <Line flow={flow} node={flow.node} at={asked.at} />
                </li>
              );
            })}
          </ul>
          {answer && flows.length === 0 && (
            <p className="py-10 text-center text-soft">No connection is open to this backend now.</p>
          )}
        </div>
      </div>
    </>
  );
}

const STATES = {
  moving: 'text-live-ink',
  idle: '',
  closing: 'text-soft',
  waiting: 'text-light-ink',
  over: 'text-soft',
} as const;

interface LineProps {
  readonly flow: FlowDetail;
  readonly node: string;
  readonly at: number;
}

function Line({ flow, node, at }: LineProps) {
  const bytes = (n: number) => (flow.counted ? size(n) : '–');
  return (
    <>
      <span className={STATES[flow.state]}>{flow.state}</span>
      <span className="truncate">{node}</span>
      <span className="code truncate" title={flow.source}>
        {flow.source}
      </span>
      <span className="code truncate" title={flow.destination}>
        {flow.destination}
      </span>
      <span>{flow.protocol}</span>
      <span className="text-right">{age(at - flow.since)} ago</span>
      <span
        className="text-right"
        title={
          flow.counted ? undefined : 'Older than the kernel’s byte counters: nf_conntrack_acct was switched on later'
        }
      >
        {flow.counted ? count(flow.packetsToBackend + flow.packetsToClient) : 'no counters'}
      </span>
      <span className="text-right">{bytes(flow.bytesToBackend)}</span>
      <span className="text-right">{bytes(flow.bytesToClient)}</span>
    </>
  );
}
