'use client';
import { RefreshCw, X } from 'lucide-react';
import { Dialog } from 'radix-ui';
import type { ReactNode } from 'react';
import { age } from '../../city/format.ts';
import { Button } from '../Button.tsx';
import { useNow } from '../use-now.ts';

interface Props {
  readonly title: string;
  readonly detail: ReactNode;
  /** What opens it. */
  readonly button: ReactNode;
  readonly children: ReactNode;
  readonly testId: string;
}

/** A large sheet over the map for what was asked of the nodes. It asks each time it is opened. */
export function AnswerDialog({ title, detail, button, children, testId }: Props) {
  return (
    <Dialog.Root>
      <Dialog.Trigger asChild>{button}</Dialog.Trigger>
      <Dialog.Portal>
        <Dialog.Overlay className="fixed inset-0 z-50 bg-[#05070f]/40" />
        <Dialog.Content
          aria-describedby={undefined}
          data-testid={testId}
          className="rising fixed inset-x-0 top-[8vh] bottom-[8vh] z-50 mx-auto flex w-[1080px] max-w-[94vw] flex-col overflow-hidden rounded-[14px] border border-line bg-panel shadow-cast"
        >
          <div className="flex items-start gap-3 border-b border-line px-5 py-3.5">
            <div className="min-w-0 flex-1">
              <Dialog.Title className="truncate text-figure font-semibold">{title}</Dialog.Title>
              <p className="text-sm text-soft wrap-anywhere">{detail}</p>
            </div>
            <Dialog.Close
              aria-label="Close"
              className="touchable grid size-7 place-items-center rounded-control text-soft hover:bg-hover hover:text-text"
            >
              <X className="size-4" />
            </Dialog.Close>
          </div>
          {children}
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

interface StateProps {
  readonly asking: boolean;
  readonly at: number;
  readonly fault?: string;
  readonly again: () => void;
  /** What has come, in a few words; nothing before. */
  readonly summary?: ReactNode;
}

/** How the asking went, the age of the answer, and the way to ask again. */
export function AnswerState({ asking, at, fault, again, summary }: StateProps) {
  const now = useNow(1000);
  return (
    <div className="flex min-h-10 shrink-0 items-center gap-3 border-b border-line px-5 py-1.5 text-sm" role="status">
      <p className="min-w-0 flex-1">
        {summary}
        {asking && <span className="breathing text-soft"> {at > 0 ? '· asking again…' : 'Asking the nodes…'}</span>}
        {!asking && fault === undefined && <span className="text-soft"> · {age(now - at)} ago</span>}
        {fault !== undefined && !asking && (
          <span className="text-drain-ink" data-testid="answer-fault">
            {' '}
            {fault}
          </span>
        )}
      </p>
      <Button onClick={again} disabled={asking} data-testid="ask-again">
        <RefreshCw className="size-3.5" aria-hidden="true" />
        Ask again
      </Button>
    </div>
  );
}
