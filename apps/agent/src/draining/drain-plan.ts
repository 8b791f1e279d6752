import { type Family, type Override, type RoutingTable, type ServicePortId, socketText } from '@kubecity/routing';
import type { CutOrder } from './cut-order.ts';

/** What the kernel of this node holds, read back. */
export interface HeldRules {
  readonly table: RoutingTable;
  /** Those that have it; the sync of another one failed. */
  readonly families: ReadonlySet<Family>;
  /** Service ports whose text the kernel refused: they route as they did before. */
  readonly isolated: ReadonlySet<ServicePortId>;
}

export interface DrainPlan {
  readonly orders: readonly CutOrder[];
  /** Unix ms of the next deadline; absent when none is to come. */
  readonly nextAt?: number;
}

type DrainOverride = Override & { readonly spec: { readonly drain: NonNullable<Override['spec']['drain']> } };

/**
 * What is to be ended now, and when that changes by time alone. Only backends count that the kernel's rules lead nobody to,
 * each for the override that holds it.
 * @param now Unix ms
 */
export function planDrains(held: HeldRules, now: number): DrainPlan {
  const drains = drainsOf(held.table);
  const deadlines = [...drains.values()].flatMap((drain) => deadlineOf(drain) ?? []);
  const nextAt = deadlines.filter((at) => at > now).sort((a, b) => a - b)[0];
  const orders = [...drains.values()].map((drain) => orderOf(drain, now)).filter(endsSome);
  if (orders.length > 0) {
    const backends = backendsOf(held);
    for (const order of orders) order.backends.push(...(backends.get(order.uid) ?? []));
  }
  return { orders: orders.filter((order) => order.backends.length > 0), ...(nextAt !== undefined && { nextAt }) };
}

function drainsOf({ outcomes }: RoutingTable): Map<string, DrainOverride> {
  const drains = new Map<string, DrainOverride>();
  for (const { state, override } of outcomes) {
    if (state === 'applied' && override && isDrain(override)) drains.set(override.uid, override);
  }
  return drains;
}

const isDrain = (override: Override): override is DrainOverride => override.spec.drain !== undefined;

function deadlineOf({ startedAt, spec: { drain } }: DrainOverride): number | undefined {
  return drain.deadlineSeconds === undefined ? undefined : startedAt + drain.deadlineSeconds * 1000;
}

type Draft = CutOrder & { readonly backends: [servicePort: string, backend: string][] };

function orderOf(override: DrainOverride, now: number): Draft {
  const { uid, generation, spec } = override;
  const { existing, udp = existing, cutPerSecond: perSecond } = spec.drain;
  const late = now >= (deadlineOf(override) ?? Number.POSITIVE_INFINITY);
  const policies = late ? ({ existing: 'cut', udp: 'cut' } as const) : { existing, udp };
  return { uid, generation, perSecond, ...policies, late, backends: [] };
}

const endsSome = ({ existing, udp }: CutOrder): boolean => existing !== 'wait' || udp !== 'wait';

/** By uid of the override that holds them. */
function backendsOf({ table, families, isolated }: HeldRules): Map<string, [servicePort: string, backend: string][]> {
  const found = new Map<string, [string, string][]>();
  for (const port of table.servicePorts.values()) {
    if (!families.has(port.family) || isolated.has(port.id)) continue;
    for (const { draining, overrideUid, address, port: number } of port.backends) {
      if (!draining || overrideUid === undefined) continue;
      const list = found.get(overrideUid) ?? [];
      list.push([port.key, socketText(address, number)]);
      found.set(overrideUid, list);
    }
  }
  return found;
}
