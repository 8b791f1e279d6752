'use client';
import { CircleAlert, CircleCheck, Undo2, X } from 'lucide-react';
import { Toast } from 'radix-ui';
import { Button } from './Button.tsx';
import { dismissNotice, type Notice, useNotices } from './notices.ts';

/** What became of the wishes: done, with the way back, or refused with what to do. */
export function Toasts() {
  const notices = useNotices((state) => state.notices);
  return (
    <Toast.Provider swipeDirection="left" label="Notice">
      {notices.map((notice) => (
        <NoticeToast key={notice.id} notice={notice} />
      ))}
      <Toast.Viewport className="pointer-events-none fixed bottom-32 left-4 z-[60] flex flex-col gap-2" />
    </Toast.Provider>
  );
}

function NoticeToast({ notice: { id, tone, title, detail, offer } }: { readonly notice: Notice }) {
  return (
    <Toast.Root
      // Long enough to see on the map what it did, and to take it back.
      duration={offer ? 20_000 : tone === 'error' ? 12_000 : 5000}
      onOpenChange={(open) => open || dismissNotice(id)}
      className="rising pointer-events-auto flex w-96 gap-2.5 rounded-card border border-line bg-raised p-3 shadow-cast"
      data-testid={`notice-${tone}`}
    >
      {tone === 'error' ? (
        <CircleAlert className="mt-px size-4 shrink-0 text-drain" aria-hidden="true" />
      ) : (
        <CircleCheck className="mt-px size-4 shrink-0 text-live" aria-hidden="true" />
      )}
      <div className="min-w-0 flex-1">
        <Toast.Title className="font-medium wrap-anywhere">{title}</Toast.Title>
        {detail !== '' && (
          <Toast.Description className="mt-0.5 text-sm text-soft wrap-anywhere">{detail}</Toast.Description>
        )}
        {offer && (
          <Toast.Action asChild altText={offer.alternative}>
            <Button className="mt-2" onClick={offer.run} data-testid="notice-undo">
              <Undo2 className="size-3.5" aria-hidden="true" />
              {offer.label}
            </Button>
          </Toast.Action>
        )}
      </div>
      <Toast.Close
        className="touchable -m-1.5 grid size-8 shrink-0 place-items-center rounded-control text-soft hover:bg-hover"
        aria-label="Close"
      >
        <X className="size-3.5" />
      </Toast.Close>
    </Toast.Root>
  );
}
