'use client';
import { CircleAlert, CircleCheck, X } from 'lucide-react';
import { Toast } from 'radix-ui';
import { dismissNotice, useSteering } from './steering.ts';

/** What became of the wishes: done, or refused with what to do. */
export function Toasts() {
  const notices = useSteering((state) => state.notices);
  return (
    <Toast.Provider swipeDirection="left" label="Notice">
      {notices.map(({ id, tone, title, detail }) => (
        <Toast.Root
          key={id}
          duration={tone === 'error' ? 12_000 : 5000}
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
            {detail !== '' && <Toast.Description className="mt-0.5 text-sm text-soft">{detail}</Toast.Description>}
          </div>
          <Toast.Close
            className="touchable -m-1.5 grid size-8 shrink-0 place-items-center rounded-control text-soft hover:bg-hover"
            aria-label="Close"
          >
            <X className="size-3.5" />
          </Toast.Close>
        </Toast.Root>
      ))}
      <Toast.Viewport className="pointer-events-none fixed bottom-32 left-4 z-40 flex flex-col gap-2" />
    </Toast.Provider>
  );
}
