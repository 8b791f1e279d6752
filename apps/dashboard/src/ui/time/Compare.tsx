'use client';
import { X } from 'lucide-react';
import { Tabs } from 'radix-ui';
import { type Change, type Comparison, differenceWords, endsOfChange } from '../../city/compare.ts';
import type { Selection } from '../../city/find.ts';
import { count, plural, rate, second, span } from '../../city/format.ts';
import { type Moment, meanOf, WINDOW } from '../../city/moment.ts';
import { useCity } from '../../live/city-store.ts';
import { useRewind } from '../../live/rewind.ts';
import { useComparison } from '../../live/use-comparison.ts';
import { goTo } from '../../live/view-store.ts';
import { placeName } from '../place-name.ts';

/** Rows at a time: what changed least is told as a number. */
const SHOWN = 60;

/** Then against now, by Service and by street: what grew, what shrank, what is new and what is gone. */
export function Compare() {
  const comparing = useRewind((state) => state.comparing);
  return comparing ? <Card /> : null;
}

function Card() {
  const moment = useCity((state) => state.moment);
  const comparison = useComparison();
  if (!moment || !comparison) return null;
  return (
    <section
      aria-label="Then and now"
      data-testid="comparison"
      className="rising absolute top-3 left-3 z-10 flex max-h-[calc(100%-24px)] w-[388px] max-w-[calc(100%-24px)] flex-col rounded-card border border-line bg-panel shadow-cast"
    >
      <Tabs.Root defaultValue="services" className="flex min-h-0 flex-col">
        <div className="flex items-center gap-2 px-3.5 pt-2.5">
          <h2 className="flex-1 font-semibold">{second(moment.at)} and now</h2>
          <Tabs.List className="flex rounded-[10px] bg-sunk p-0.5" aria-label="Compare by">
            {(['services', 'streets'] as const).map((value) => (
              <Tabs.Trigger
                key={value}
                value={value}
                className="touchable h-7 rounded-control px-2.5 text-sm font-medium text-soft capitalize hover:text-text data-[state=active]:bg-tab data-[state=active]:text-text"
              >
                {value}
              </Tabs.Trigger>
            ))}
          </Tabs.List>
          <button
            type="button"
            aria-label="Close the comparison"
            title="Close (v)"
            onClick={() => useRewind.setState({ comparing: false })}
            className="touchable grid size-8 place-items-center rounded-control text-soft hover:bg-hover hover:text-text"
          >
            <X className="size-4" />
          </button>
        </div>
        <Caution moment={moment} />
        <Tabs.Content value="services" className="flex min-h-0 flex-col">
          <Changes of={comparison.services} all={comparison.all} folded={moment.folded > 0} />
        </Tabs.Content>
        <Tabs.Content value="streets" className="flex min-h-0 flex-col">
          <Changes of={comparison.streets} all={comparison.all} folded={moment.folded > 0} />
        </Tabs.Content>
      </Tabs.Root>
    </section>
  );
}

/** What keeps the two from being quite the same measure. */
function Caution({ moment }: { readonly moment: Moment }) {
  return (
    <p className="px-3.5 pt-1 pb-2 text-xs text-soft">
      New connections per second: means of {span(meanOf(moment))} then and {span(WINDOW)} now. Differences within chance
      are not shown.
      {moment.folded > 0 && ` ${plural(moment.folded, 'small edge')} of then not kept: “new” may have been small`}
    </p>
  );
}

interface ChangesProps {
  readonly of: readonly Change[];
  readonly all: Comparison['all'];
  readonly folded: boolean;
}

function Changes({ of, all, folded }: ChangesProps) {
  const rest = of.slice(SHOWN);
  const news = rest.filter(({ kind }) => kind !== 'alike').length;
  return (
    // Focusable, so that it can be scrolled with the keyboard alone.
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls
    <section className="min-h-0 overflow-y-auto border-t border-line pb-1" tabIndex={0} aria-label="Changes">
      <table className="w-full tabular-nums">
        <thead className="sticky top-0 bg-panel text-xs text-soft">
          <tr>
            <th className="px-3.5 py-1 text-left font-medium">Where</th>
            <th className="px-1 text-right font-medium">then</th>
            <th className="px-1 text-right font-medium">now</th>
            <th className="px-3.5 text-right font-medium">change</th>
          </tr>
        </thead>
        <tbody>
          <Row name="All" of={{ ...all, id: '' }} folded={false} />
          {of.slice(0, SHOWN).map((change) => (
            <ChangeRow key={change.id} of={change} folded={folded} />
          ))}
        </tbody>
      </table>
      {rest.length > 0 && (
        <p className="px-3.5 py-1.5 text-sm text-soft">
          {[
            ...(news > 0 ? [plural(news, 'smaller change')] : []),
            ...(rest.length > news ? [`${count(rest.length - news)} more about the same`] : []),
          ].join(', ')}
        </p>
      )}
    </section>
  );
}

function ChangeRow({ of, folded }: { readonly of: Change; readonly folded: boolean }) {
  const survey = useCity((state) => state.survey);
  const ends = endsOfChange(of);
  const place = (id: string) => (id === '' ? 'a pod that is gone' : placeName(survey, id));
  const name = ends ? `${place(ends.from)} → ${place(ends.to)}` : placeName(survey, of.id);
  const selection: Selection = ends ? { kind: 'road', id: of.id } : { kind: 'service', id: name };
  return <Row name={name} of={of} folded={folded} choose={() => goTo(selection)} />;
}

interface RowProps {
  readonly name: string;
  readonly of: Change;
  readonly folded: boolean;
  readonly choose?: () => void;
}

function Row({ name, of, folded, choose }: RowProps) {
  const { was, is, kind } = of;
  return (
    <tr className="border-t border-line/60" data-testid="change" data-kind={kind}>
      <th scope="row" className="max-w-44 px-3.5 py-0.5 text-left font-normal">
        {choose ? (
          <button
            type="button"
            onClick={choose}
            className="touchable block h-7 max-w-full truncate text-left hover:underline"
          >
            {name}
          </button>
        ) : (
          <b className="block py-1 font-semibold">{name}</b>
        )}
      </th>
      <td className="px-1 text-right text-soft">{was ? rate(was.openedPerSecond) : '–'}</td>
      <td className="px-1 text-right text-soft">{is ? rate(is.openedPerSecond) : '–'}</td>
      <td className={`px-3.5 text-right whitespace-nowrap ${kind === 'alike' ? 'text-sm text-soft' : 'font-medium'}`}>
        {(kind === 'new' || kind === 'gone') && (
          <span className="mr-1.5 rounded-full border border-line px-1.5 text-xs text-soft">
            {kind === 'new' && folded ? 'new?' : kind}
          </span>
        )}
        {differenceWords(of, rate)}
      </td>
    </tr>
  );
}
