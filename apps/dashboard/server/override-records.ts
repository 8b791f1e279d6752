import type { FieldManager } from '@kubecity/kube';
import type { Acknowledgement, CityRecord } from '@kubecity/protocol';
import type { KubeRoutingOverride, OverrideOutcome } from '@kubecity/routing';
import type { OpenConnections } from './traffic/backend-loads.ts';

/** What the records of overrides are made of, besides the overrides themselves. */
export interface OverrideSurroundings {
  /** Nodes that are to run an agent. */
  readonly nodes: readonly string[];
  readonly isLive: (node: string) => boolean;
  /** What a node said of an override with the last report that it read back in sync. */
  readonly acknowledgementOf: (node: string, uid: string) => Acknowledgement | undefined;
  /** Backend ids that have their weight from this override. */
  readonly backendsOf: (uid: string) => readonly string[];
  readonly openOf: (backend: string) => OpenConnections;
}

export function overrideRecord(
  outcome: OverrideOutcome,
  object: KubeRoutingOverride,
  around: OverrideSurroundings,
): CityRecord<'override'> {
  const { override } = outcome;
  const backends = [...around.backendsOf(outcome.uid)].sort();
  const acknowledged: string[] = [];
  const waitingFor: string[] = [];
  for (const node of around.nodes) {
    const done = holds(around.acknowledgementOf(node, outcome.uid), outcome);
    (done ? acknowledged : waitingFor).push(node);
  }
  return {
    uid: outcome.uid,
    namespace: outcome.namespace,
    name: outcome.name,
    service: `${outcome.namespace}/${override?.spec.service ?? wishedService(object)}`,
    generation: outcome.generation,
    createdAt: object.metadata.creationTimestamp ?? '',
    kind: override === undefined ? 'invalid' : override.spec.drain === undefined ? 'weight' : 'drain',
    weight: override?.spec.weight,
    reason: override?.spec.reason,
    by: makerOf(object),
    state: outcome.state,
    message: messageOf(outcome),
    backends,
    nodes: { desired: around.nodes.length, acknowledged, waitingFor },
    connections: {
      ...sumOpen(backends.map(around.openOf)),
      coverage: around.nodes.every(around.isLive) ? 'complete' : 'atLeast',
    },
  };
}

const BY = 'kubecity.dev/by';

/** Whom the object names as its maker; else the program that wrote its spec last, which is less but true. */
export function makerOf({ metadata }: KubeRoutingOverride): string | undefined {
  const named = metadata.annotations?.[BY];
  if (named) return named;
  const { managedFields = [] } = metadata as { readonly managedFields?: readonly FieldManager[] };
  const writers = managedFields.filter(({ subresource, manager }) => !subresource && manager);
  // the API tells whole seconds, and lists who came later behind
  return writers.reduce<FieldManager | undefined>(
    (last, one) => ((one.time ?? '') >= (last?.time ?? '') ? one : last),
    undefined,
  )?.manager;
}

/**
 * A node holds an override when it names this generation or a later one. Where the override applies, the node must have
 * applied it: a node that still knows it as `noBackends` has not.
 */
function holds(mine: Acknowledgement | undefined, { generation, state }: OverrideOutcome): boolean {
  return mine !== undefined && mine.generation >= generation && (state !== 'applied' || mine.state === 'applied');
}

/** The fault with its field before it; the message of an invalid spec names its fields already. */
function messageOf({ state, field, message }: OverrideOutcome): string | undefined {
  return field === undefined || state === 'invalid' ? message : `${field}: ${message}`;
}

function sumOpen(backends: readonly OpenConnections[]): OpenConnections {
  const sum = { moving: 0, idle: 0, closing: 0, waiting: 0 };
  for (const { moving, idle, closing, waiting } of backends) {
    sum.moving += moving;
    sum.idle += idle;
    sum.closing += closing;
    sum.waiting += waiting;
  }
  return sum;
}

function wishedService(object: KubeRoutingOverride): string {
  const service = (object.spec as { service?: unknown } | undefined)?.service;
  return typeof service === 'string' ? service : '';
}
