'use client';
import type { Explanation } from '@kubecity/protocol';
import { ChevronRight } from 'lucide-react';
import { useEffect, useMemo, useState } from 'react';
import { count, percent, plural } from '../../city/format.ts';
import { isForbidden, isolationSentences, judgementSentences } from '../../city/judgement-words.ts';
import type { PacketDestination, PacketSource } from '../../city/packet-ends.ts';
import {
  caveatsOf,
  decidedAt,
  type EndRow,
  type ExplainedPacket,
  endRows,
  packetText,
  reasonWords,
  sourceSentences,
  trailOf,
  verdictWords,
  wayOf,
} from '../../city/packet-words.ts';
import { useCity } from '../../live/city-store.ts';
import { goTo, useView } from '../../live/view-store.ts';
import { Button } from '../Button.tsx';
import { AnswerState } from './AnswerDialog.tsx';
import { CopyText } from './CopyText.tsx';
import { refusedWords } from './refused-words.ts';
import { useAnswer } from './use-answer.ts';

interface Props {
  readonly source: PacketSource;
  readonly destination: PacketDestination;
  /** Asks for another client. */
  readonly askFor: (source: PacketSource) => void;
}

/** Asks the node, tells the answer and draws it on the map. */
export function PacketAnswer({ source, destination, askFor }: Props) {
  const asked = useAnswer({ kind: 'explain', source, destination });
  const answer = asked.answer?.answer;
  const node = asked.answer?.node ?? '';
  const packet = useMemo<ExplainedPacket | undefined>(
    () => (answer?.kind === 'explain' ? { node, source, destination, explanation: answer } : undefined),
    [answer, node, source, destination],
  );
  const fault = asked.fault ?? (answer?.kind === 'refused' ? refusedWords(node, answer) : undefined);
  return (
    <>
      <AnswerState
        {...asked}
        fault={fault}
        summary={
          packet && (
            <>
              By the rules of <b>{node}</b>
            </>
          )
        }
      />
      {packet && <Told packet={packet} askFor={askFor} />}
    </>
  );
}

function Told({ packet, askFor }: { readonly packet: ExplainedPacket } & Pick<Props, 'askFor'>) {
  const past = useCity((state) => state.moment !== undefined);
  const city = useCity((state) => state.stream.city);
  const { explanation } = packet;
  const reason = reasonWords(city, packet);
  const owner = decidedAt(city, packet);
  return (
    <div className="px-4 py-3">
      <Trail packet={packet} />
      <p className="text-figure font-semibold" data-testid="why-verdict">
        {verdictWords(packet)}
      </p>
      {reason !== undefined && <p className="mt-1 text-drain-ink">{reason}</p>}
      {sourceSentences(packet).map((sentence) => (
        <p key={sentence} className="mt-1">
          {sentence}
        </p>
      ))}
      {isolationSentences(explanation.ends).map(({ words, refuses }) => (
        <p key={words} className={`mt-1 ${refuses ? 'text-drain-ink' : ''}`} data-testid="why-isolation">
          {words}
        </p>
      ))}
      {caveatsOf(packet).map((sentence) => (
        <p key={sentence} className="mt-1 text-soft">
          {sentence}
        </p>
      ))}
      {past && <p className="mt-1 text-light-ink">The map shows the past; the rules are those of now.</p>}
      {owner !== undefined && (
        <p className="mt-1">
          The address is one of {owner}: its rules decide.
          <Button
            tone="bare"
            data-testid="why-there"
            onClick={() => askFor({ kind: 'outside', address: explanation.source, node: owner })}
          >
            Ask there
          </Button>
        </p>
      )}
      <h3 className="mt-4 mb-1.5 flex items-baseline justify-between text-sm font-semibold">
        Where it ends
        <span className="font-normal text-soft">chance · rules compared</span>
      </h3>
      <ul className="flex flex-col gap-0.5">
        {endRows(city, packet).map((row) => (
          <End key={`${row.end.kind} ${row.end.to} ${row.end.rewriting}`} row={row} explanation={explanation} />
        ))}
      </ul>
      {explanation.rest.ends > 0 && (
        <p className="mt-1.5 px-2 text-soft">
          and {plural(explanation.rest.ends, 'other')}, {percent(explanation.rest.chance)} together
        </p>
      )}
      <Unknown explanation={explanation} />
      <div className="mt-4">
        <CopyText text={() => packetText(city, packet)} />
      </div>
    </div>
  );
}

/** Draws the way on the map as long as it is told. */
function Trail({ packet }: { readonly packet: ExplainedPacket }) {
  const lens = useView((state) => (state.view === 'nodes' ? 'nodes' : 'services'));
  useEffect(() => {
    const trail = trailOf(useCity.getState().stream.city, lens, packet);
    useView.setState({ trail });
    return () => useView.setState((state) => (state.trail === trail ? { trail: undefined } : {}));
  }, [packet, lens]);
  return null;
}

function End({ row, explanation }: { readonly row: EndRow; readonly explanation: Explanation }) {
  const [shown, setShown] = useState(false);
  const { name, detail, chance, end, podUid } = row;
  const refused = end.kind === 'reject' || end.kind === 'drop' || isForbidden(end);
  return (
    <li data-testid="why-end">
      <button
        type="button"
        aria-expanded={shown}
        onClick={() => setShown(!shown)}
        className="relative flex w-full items-center gap-2 overflow-hidden rounded-control px-2 py-1.5 text-left hover:bg-hover"
      >
        <span
          aria-hidden="true"
          className={`absolute inset-y-0.5 left-0 rounded-control ${refused ? 'bg-drain/15' : 'bg-live/15'}`}
          style={{ width: `${chance * 100}%` }}
        />
        <ChevronRight
          className={`relative size-3.5 shrink-0 text-soft transition-transform duration-150 ${shown ? 'rotate-90' : ''}`}
          aria-hidden="true"
        />
        <span className="relative min-w-0 flex-1">
          <span className={`block truncate ${podUid === undefined ? '' : 'code'}`}>{name}</span>
          {detail !== '' && <span className="code block truncate text-xs text-soft">{detail}</span>}
        </span>
        <span className="relative text-right">
          <span className="block font-medium">{percent(chance)}</span>
          <span className="block text-xs text-soft">{count(end.compared)}</span>
        </span>
      </button>
      {shown && (
        <div className="mb-2 ml-4 border-l border-line pl-3" data-testid="why-way">
          {podUid !== undefined && (
            <Button tone="bare" className="-ml-2" onClick={() => goTo({ kind: 'pod', id: podUid })}>
              Go to this pod
            </Button>
          )}
          {end.isolation &&
            judgementSentences(end.isolation).map(({ words, refuses }) => (
              <p key={words} className={`mb-1 ${refuses ? 'text-drain-ink' : 'text-soft'}`}>
                {words}
              </p>
            ))}
          <Way explanation={explanation} row={row} />
        </div>
      )}
    </li>
  );
}

function Way({ explanation, row }: { readonly explanation: Explanation; readonly row: EndRow }) {
  return (
    <ol className="flex flex-col gap-1.5">
      {wayOf(explanation, row.end).map(({ table, chain, rules }, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a chain may be passed twice, its place is what it is
        <li key={i}>
          <p className="text-xs text-soft">
            <span className="code font-semibold text-text">{chain}</span> · {table}
          </p>
          {rules.map((rule) => (
            <p key={rule} className="code text-xs wrap-anywhere">
              {rule}
            </p>
          ))}
        </li>
      ))}
    </ol>
  );
}

function Unknown({ explanation }: { readonly explanation: Explanation }) {
  if (explanation.unknown.length === 0) return null;
  return (
    <>
      <h3 className="mt-4 mb-1 text-sm font-semibold text-light-ink">Rules that are not known</h3>
      {explanation.unknown.map(({ table, chain, rule }) => (
        <p key={`${table} ${chain} ${rule}`} className="code mb-1 text-xs wrap-anywhere">
          <span className="text-soft">
            {table} {chain}{' '}
          </span>
          {rule}
        </p>
      ))}
    </>
  );
}
