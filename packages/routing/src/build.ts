import type { NodeIdentity } from './endpoints.ts';
import type { KubeEndpointSlice, KubePod, KubeRoutingOverride, KubeService, ObjectMeta } from './objects.ts';
import type { RoutingTable } from './table.ts';
import { RoutingTracker } from './tracker.ts';

export interface RoutingInput {
  readonly services: Iterable<KubeService>;
  readonly endpointSlices: Iterable<KubeEndpointSlice>;
  readonly overrides: Iterable<KubeRoutingOverride>;
  readonly pods: Iterable<KubePod>;
  /** For their floors; absent = none says one. */
  readonly namespaces?: Iterable<{ readonly metadata: ObjectMeta }>;
  /** The reader's node, for traffic policy Local and topology hints; absent = nothing is local and nobody is hinted. */
  readonly node?: NodeIdentity;
  /** False = `spec.externalIPs` opens no door. */
  readonly allowExternalIPs?: boolean;
  /** Unix ms, for ramps and expiries; absent = before all of them. */
  readonly now?: number;
}

/** The whole table from nothing: what the incremental `RoutingTracker` must always equal. */
export function buildRoutingTable(input: RoutingInput): RoutingTable {
  const tracker = new RoutingTracker(input.node);
  tracker.allowExternalIPs(input.allowExternalIPs ?? true);
  tracker.setTime(input.now ?? 0);
  for (const namespace of input.namespaces ?? []) tracker.setNamespace(namespace);
  for (const pod of input.pods) tracker.setPod(pod);
  for (const service of input.services) tracker.setService(service);
  for (const slice of input.endpointSlices) tracker.setEndpointSlice(slice);
  for (const override of input.overrides) tracker.setOverride(override);
  return tracker.take().table;
}
