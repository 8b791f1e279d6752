import { create } from 'zustand';

/** What of the city the map looks at closely: its traffic is told every second. */
export interface Looking {
  /** `namespace/name` */
  readonly services: 'all' | readonly string[];
}

export const useLooking = create<Looking>(() => ({ services: 'all' }));
