import { create } from 'zustand';

/** What a notice offers to do, once. */
export interface Offer {
  readonly label: string;
  /** Said to a screen reader, who may be elsewhere by then. */
  readonly alternative: string;
  readonly run: () => void;
}

export interface Notice {
  readonly id: number;
  readonly tone: 'done' | 'error';
  readonly title: string;
  readonly detail: string;
  readonly offer?: Offer;
}

export const useNotices = create<{ readonly notices: readonly Notice[] }>(() => ({ notices: [] }));

let last = 0;
export function notify(notice: Omit<Notice, 'id'>): void {
  last += 1;
  const added = { ...notice, id: last };
  // Four fit beside the map; older ones have been read or will not be.
  useNotices.setState(({ notices }) => ({ notices: [...notices, added].slice(-4) }));
}

export const dismissNotice = (id: number): void =>
  useNotices.setState(({ notices }) => ({ notices: notices.filter((notice) => notice.id !== id) }));
