import type { Family } from '@kubecity/routing';
import type { KernelState } from './kernel-state.ts';
import type { OwnNode, Peer, RefusedPeer } from './peers.ts';
import type { Way } from './way.ts';

export interface RouteSettings {
  /** `direct`: only where no gateway lies between; `auto`: through VXLAN where one does. */
  readonly mode: 'direct' | 'auto';
  readonly vxlanId: number;
  /** UDP. */
  readonly vxlanPort: number;
}

export interface RoutePlanInput {
  readonly own: OwnNode;
  readonly peers: readonly Peer[];
  readonly refused: readonly RefusedPeer[];
  /** By address of a peer: what the kernel answered when it was asked for the way there. */
  readonly ways: ReadonlyMap<string, Way>;
  readonly kernel: KernelState;
  readonly settings: RouteSettings;
  /** Why the kernel would not make the tunnel of a family, if it was tried. */
  readonly refusedTunnels?: Readonly<Partial<Record<Family, string>>>;
}
