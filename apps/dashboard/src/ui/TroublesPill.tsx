'use client';
import { CircleCheck, TriangleAlert } from 'lucide-react';
import { Popover } from 'radix-ui';
import { plural, second } from '../city/format.ts';
import type { Since } from '../city/since.ts';
import type { Trouble } from '../city/troubles.ts';
import { useCity } from '../live/city-store.ts';
import { useTroubles } from '../live/use-troubles.ts';
import { goTo, useView } from '../live/view-store.ts';

/** How many things are wrong in the city; opened, which, since when, the worst first. */
export function TroublesPill() {
  const open = useView((state) => state.troubles);
  const arrived = useCity((state) => state.arrived);
  const { troubles, sinceOf } = useTroubles();
  if (!arrived) return null;
  const wrong = troubles.filter(({ tone }) => tone === 'wrong').length;
  const words = wrong === 0 ? 'Nothing is wrong' : plural(wrong, 'thing is', 'things are');
  return (
    <Popover.Root open={open} onOpenChange={(troubles) => useView.setState({ troubles })}>
      <Popover.Trigger
        data-testid="troubles"
        title="What is wrong, the worst first (x)"
        aria-label={wrong === 0 ? words : `${words} wrong`}
        className={`touchable flex h-8 shrink-0 items-center gap-1.5 rounded-control px-2 text-sm whitespace-nowrap max-[1023px]:px-1 transition-colors duration-150 hover:bg-hover ${wrong > 0 ? 'font-medium text-drain-ink' : 'text-soft'}`}
      >
        {wrong > 0 ? (
          <TriangleAlert className="size-3.5" aria-hidden="true" />
        ) : (
          <CircleCheck className="size-3.5" aria-hidden="true" />
        )}
        {wrong > 0 && wrong}
        {wrong > 0 && <span className="sr-only min-[1700px]:not-sr-only"> wrong</span>}
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          align="end"
          sideOffset={6}
          data-testid="troubles-list"
          aria-label="What is wrong"
          className="rising z-40 max-h-[70vh] w-[480px] max-w-[95vw] overflow-y-auto rounded-card border border-line bg-panel p-3 shadow-cast"
        >
          {troubles.length === 0 ? (
            <p className="text-sm">Nothing is wrong, as far as agents and the API server tell.</p>
          ) : (
            <ul>
              {troubles.slice(0, SHOWN).map((trouble) => (
                <Line key={trouble.key} trouble={trouble} since={sinceOf(trouble.key)} />
              ))}
            </ul>
          )}
          {troubles.length > SHOWN && (
            <p className="mt-1 px-2 text-sm text-soft">and {plural(troubles.length - SHOWN, 'lesser one')}</p>
          )}
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

/** More at once nobody reads; mending the worst brings the others up. */
const SHOWN = 50;

function Line({ trouble, since }: { readonly trouble: Trouble; readonly since: Since | undefined }) {
  const { words, tone, selection } = trouble;
  return (
    <li>
      <button
        type="button"
        onClick={() => {
          useView.setState({ troubles: false });
          goTo(selection);
        }}
        className="touchable flex w-full flex-col rounded-control px-2 py-1.5 text-left text-sm transition-colors duration-150 hover:bg-hover"
      >
        <span className={`wrap-anywhere ${tone === 'wrong' ? 'font-medium' : 'text-soft'}`}>{words}</span>
        {since && <span className="text-xs text-soft">{sinceWords(since)}</span>}
      </button>
    </li>
  );
}

const sinceWords = ({ at, atLeast }: Since): string =>
  atLeast ? `since ${second(at)} at least: this page was opened then` : `since ${second(at)}`;
