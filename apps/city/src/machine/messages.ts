import type { CityPlan } from '../plan/city-plan.ts';

/** What launcher and machine say to each other over the machine's IPC channel. */

/** Launcher → machine, once. */
export interface BuildMessage {
  readonly build: { readonly plan: CityPlan; readonly seed: number; readonly root: string };
}

/** Machine → launcher. */
export type MachineMessage =
  /** The underlay and every node's namespace are there. */
  | { readonly event: 'network-built' }
  /** The agent of this node has programmed its kernel, or did not manage to in time. */
  | { readonly event: 'agent'; readonly node: string; readonly healthy: boolean }
  | { readonly event: 'failed'; readonly message: string };
