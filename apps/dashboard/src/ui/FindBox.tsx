'use client';
import { Dialog } from 'radix-ui';
import { readViews } from '../live/saved-views.ts';
import { useView } from '../live/view-store.ts';
import { Palette } from './find/Palette.tsx';

/** The command palette over the page: ⌘K or /. */
export function FindBox() {
  const finding = useView((state) => state.finding);
  const close = () => useView.setState({ finding: false });
  return (
    <Dialog.Root open={finding} onOpenChange={(open) => open || close()}>
      <Dialog.Portal>
        <Dialog.Overlay className="fixed inset-0 z-50 bg-[#05070f]/40" />
        <Dialog.Content
          aria-describedby={undefined}
          onOpenAutoFocus={readViews}
          className="rising fixed top-[12vh] left-1/2 z-50 w-[640px] max-w-[92vw] -translate-x-1/2 overflow-hidden rounded-[14px] border border-line bg-panel shadow-cast"
        >
          <Dialog.Title className="sr-only">Find a place in the city, or do something</Dialog.Title>
          <Palette close={close} />
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
