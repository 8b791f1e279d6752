import { type ClientPlan, type ServicePlan, shop, stray } from './shop.ts';

/** What a person may choose; see `npm run city -- --help`. */
export interface CitySize {
  readonly nodes: number;
  /** Default: the shop's. */
  readonly services?: number;
  /** Default: what the Services bring by themselves. */
  readonly pods?: number;
}

export interface NodePlan {
  readonly name: string;
  readonly zone: string;
  /** On the underlay. */
  readonly address: string;
  readonly podCIDR: string;
}

export interface CityPlan {
  readonly nodes: readonly NodePlan[];
  readonly services: readonly ServicePlan[];
  readonly clients: readonly ClientPlan[];
}

/** A pod range is 10.244.N.0/24 with N from 1, so a city ends at 200 nodes with room to spare. */
export const limits = { nodes: 200, services: 500, pods: 2000, podsPerNode: 250 };
export const networks = { cluster: '10.244.0.0/16', services: '10.96.0.0/16', underlay: '172.18.0.0/16' };

const ZONES = ['zone-1', 'zone-2'];
const SERVICES_PER_ANNEX = 10;

/** The same size gives the same city. */
export function planCity({ nodes, services = shop.length, pods }: CitySize): CityPlan {
  const built = planServices(services);
  return {
    nodes: Array.from({ length: nodes }, (_, index) => planNode(index)),
    services: dealPods(built, pods),
    clients: [withCallsTo(built, stray)],
  };
}

function planNode(index: number): NodePlan {
  return {
    name: `node-${letters(index)}`,
    zone: ZONES[index % ZONES.length] ?? '',
    address: `172.18.0.${index + 2}`,
    podCIDR: `10.244.${index + 1}.0/24`,
  };
}

/** 0 → a, 25 → z, 26 → aa: as the columns of a sheet. */
export function letters(index: number): string {
  const last = String.fromCharCode(97 + (index % 26));
  return index < 26 ? last : letters(Math.floor(index / 26) - 1) + last;
}

/** The first `count` of the shop, then annexes of ten; calls to Services that are not built are left out. */
function planServices(count: number): ServicePlan[] {
  const annexes = Array.from({ length: Math.max(0, count - shop.length) }, (_, index) => planAnnex(index));
  const built = [...shop.slice(0, count), ...annexes];
  return built.map((service) => withCallsTo(built, service));
}

function withCallsTo<Caller extends ClientPlan>(services: readonly ServicePlan[], caller: Caller): Caller {
  const names = new Set(services.map(({ name, namespace }) => `${name}.${namespace}`));
  const isThere = (called: string) => called.includes(':') || names.has(called);
  return { ...caller, calls: caller.calls.filter((call) => isThere(call.split(' ')[1] ?? '')) };
}

/** Each house of an annex calls its neighbour in a ring, and the look-up Service of the platform. */
function planAnnex(index: number): ServicePlan {
  const place = (at: number) => ({
    namespace: `annex-${Math.floor(at / SERVICES_PER_ANNEX) + 1}`,
    name: `house-${(at % SERVICES_PER_ANNEX) + 1}`,
  });
  const first = index - (index % SERVICES_PER_ANNEX);
  const neighbour = place(index + 1 < first + SERVICES_PER_ANNEX ? index + 1 : first);
  return {
    ...place(index),
    server: 'http',
    port: 80,
    replicas: 2,
    calls: [`http ${neighbour.name}.${neighbour.namespace} 2/s`, 'lookup lookup.platform 0.5/s'],
  };
}

/** Changes the numbers of replicas, one by one in turn, until the whole city has `wanted` pods; one each at least. */
function dealPods(services: readonly ServicePlan[], wanted: number | undefined): ServicePlan[] {
  const dealt = services.map((service) => ({ ...service }));
  const movable = dealt.filter(({ replicas }) => replicas > 0);
  let missing = wanted === undefined ? 0 : wanted - countPods(services);
  while (missing !== 0) {
    const turn = missing > 0 ? movable : movable.filter(({ replicas }) => replicas > 1);
    if (turn.length === 0) break;
    for (const service of turn.slice(0, Math.abs(missing))) {
      service.replicas += Math.sign(missing);
      missing -= Math.sign(missing);
    }
  }
  return dealt;
}

/** All that run when the city is up. */
export const countAllPods = ({ services, clients }: CityPlan) => countPods(services) + clients.length;

export function countPods(services: readonly ServicePlan[]): number {
  return services.reduce((sum, { replicas, faultyPod }) => sum + replicas + (faultyPod === undefined ? 0 : 1), 0);
}
