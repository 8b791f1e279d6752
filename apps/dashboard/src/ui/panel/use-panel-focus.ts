import { type RefObject, useEffect, useRef } from 'react';
import { TITLE_ID } from './Title.tsx';

/** Whether the last thing that a person touched was a key. */
let byKeyboard = false;

/** Listens for keys and pointers from before a panel opens. */
export function useLastTouch(): void {
  useEffect(() => {
    const touched = (event: Event) => {
      byKeyboard = event.type === 'keydown';
    };
    for (const kind of ['keydown', 'pointerdown']) window.addEventListener(kind, touched, true);
    return () => {
      for (const kind of ['keydown', 'pointerdown']) window.removeEventListener(kind, touched, true);
    };
  }, []);
}

/**
 * Opened by keyboard, the panel takes the focus to its title, and gives it back where it was when it closes. When it shows
 * another thing it does so only if the focus was in it: whoever walks a table with the keys stays there.
 * @param key of what is shown
 */
export function usePanelFocus(key: string): RefObject<HTMLElement | null> {
  const panel = useRef<HTMLElement>(null);
  const first = useRef(true);
  useEffect(() => {
    const before = document.activeElement;
    return () => {
      // React has taken the panel away already: a focus that was in it is now nowhere
      const lost = document.activeElement === null || document.activeElement === document.body;
      if (lost && before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another thing is shown
  useEffect(() => {
    const focus = document.activeElement;
    const nowhere = focus === null || focus === document.body;
    const mine = nowhere || panel.current?.contains(focus);
    if (byKeyboard && (first.current || mine)) document.getElementById(TITLE_ID)?.focus({ preventScroll: true });
    panel.current?.scrollTo({ top: 0 });
    first.current = false;
  }, [key]);
  return panel;
}
