import type { Peers } from '@kubecity/routes';
import type { Compared } from './route-sync.ts';

/** One compare, and what led to it. */
export interface Turn extends Compared {
  readonly peers: Peers;
  /** Nothing was asked of us that had not been: what was done mends what others did, or what was lost. */
  readonly isRepair: boolean;
  readonly milliseconds: number;
}
