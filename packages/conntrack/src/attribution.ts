import type { EdgeKey } from '@kubecity/protocol';
import type { Directory } from './directory.ts';
import { backendPod, type Party } from './party.ts';

/**
 * News of pods and Services reach us later than their first connections. For so long after its first sight a flow is left
 * unbound when news could change to whom it belongs.
 */
export const PATIENCE_MS = 3000;

/** What tells to whom a flow belongs. Addresses are numbers of the directory's table. */
export interface Ends {
  /** IP protocol number. */
  readonly protocol: number;
  /** Its destination was translated on this node (DST_NAT). */
  readonly translated: boolean;
  readonly client: number;
  /** Whom the client meant, before translation. */
  readonly destination: number;
  readonly destinationPort: number;
  /** Who answers. */
  readonly backend: number;
  /** Unix ms, 0 = not known. */
  readonly startedAt: number;
}

export interface Attribution {
  readonly client: Party;
  /** `''`: past every Service. */
  readonly servicePort: string;
  readonly pod: EdgeKey['pod'];
}

/**
 * To whom a flow belongs that is seen first at `now`:
 * - `elsewhere`: another node counts it, or it is not the cluster's; for good
 * - `unexplained`: translated to a destination of which we know nothing (yet)
 * - `wait`: unclear while we have `patience`
 *
 * A connection is in the table of every node it passes. Each node decides from its own entry alone, and so that one counts:
 * 1. translated to a service port or, without one, to a pod: here. A connection is translated on one node only, the one
 *    where it enters the cluster's routing. The others see it as the client's, or as this node's (masqueraded).
 * 2. not translated, and to a pod: on the node of the client when that is a pod or a node, else on the node of the pod.
 * 3. anything else: nowhere.
 *
 * Thus a connection would count twice that one node translates and passes on, with the client's address left on it, to
 * another node that counts by 2. Its answers would not find back through the first node, so nobody routes like that.
 */
export function attribute(
  directory: Directory,
  ends: Ends,
  now: number,
  patience: boolean,
): Attribution | 'elsewhere' | 'unexplained' | 'wait' {
  const { startedAt } = ends;
  const servicePort = ends.translated
    ? directory.servicePort(ends.protocol, ends.destination, ends.destinationPort)
    : undefined;
  const backend = directory.pod(ends.backend, now, startedAt);
  if (servicePort === undefined) {
    if (!backend) return patience ? 'wait' : ends.translated ? 'unexplained' : 'elsewhere';
    // A Service that we do not know yet would explain it better.
    if (ends.translated && patience) return 'wait';
  }
  const known = directory.known(ends.client, now, startedAt);
  if (patience) {
    if (!known && directory.mayBePod(ends.client)) return 'wait';
    if (!backend && directory.mayBePod(ends.backend)) return 'wait';
  }
  if (!ends.translated && (known ?? backend)?.node !== directory.node) return 'elsewhere';
  return {
    client: known ?? directory.outside(ends.client),
    servicePort: servicePort ?? '',
    pod: backend && backendPod(backend),
  };
}
