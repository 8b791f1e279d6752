import { bitsOf, type ServicePort } from '@kubecity/routing';
import { stickySpread } from './affinity.ts';
import { type ChainKind, servicePortChains } from './names.ts';
import type { CompileOptions } from './options.ts';
import type { ExternalPath, Pool, ServicePlan } from './plan.ts';
import { CLOSED, comment, FROM_LOCAL, host, reject, setMark, toPort, words } from './rule.ts';
import type { Chain } from './ruleset.ts';
import { spread } from './spread.ts';

/**
 * Where the rule of a door stands:
 * - nat: `services` (addresses), `nodePorts`
 * - filter: `refuse` (cluster IPs), `external` (other addresses), `externalPorts` (node ports), `guard` (load balancer
 *   addresses with source ranges), `health` (health check node ports)
 */
export type DoorPlace = 'services' | 'nodePorts' | 'refuse' | 'external' | 'externalPorts' | 'guard' | 'health';

/** One rule that leads a door's packets somewhere. */
export interface Door {
  readonly place: DoorPlace;
  /** Absent where the port alone decides. */
  readonly address?: string;
  /** Of the address, see `bitsOf`: worked out once, since every change of any door plants the tree anew. */
  readonly bits?: string;
  /** A cluster IP: whoever comes to it from outside the cluster is masqueraded. */
  readonly internal?: true;
  readonly protocol: ServicePort['protocol'];
  readonly port: number;
  readonly rule: string;
}

/** Everything one service port adds to the kernel text. */
export interface Part {
  readonly port: ServicePort;
  /** In nat. */
  readonly chains: ReadonlyMap<string, Chain>;
  readonly doors: readonly Door[];
  readonly sets: readonly string[];
}

/** Plan → text of one service port. */
export function partOf(plan: ServicePlan, options: CompileOptions): Part {
  const { port, external } = plan;
  const chains = new Map<string, Chain>();
  const sets = new Set<string>();
  const nameOf = servicePortChains(port);
  for (const name of ['cluster', 'local'] as const) {
    const pool = plan.pools[name];
    if (!pool) continue;
    addPool(chains, sets, port, nameOf(POOL_CHAIN[name]), pool, options);
  }
  if (external) addExternal(chains, port, external, nameOf, options);
  return { port, chains, doors: doorsOf(plan, nameOf, options), sets: [...sets] };
}

const POOL_CHAIN = { cluster: 'S', local: 'L' } as const;

/** Where rules of others follow, what ran to the end of one of our chains must not reach them. */
const closing = ({ inFront }: CompileOptions): Chain => (inFront ? [`-g ${CLOSED}`] : []);

function addPool(
  chains: Map<string, Chain>,
  sets: Set<string>,
  port: ServicePort,
  chain: string,
  pool: Pool,
  options: CompileOptions,
): void {
  if (port.affinitySeconds !== undefined) {
    const sticky = stickySpread(port, pool);
    for (const set of sticky.sets) sets.add(set);
    // Only keepers take nobody new.
    chains.set(chain, pool.choices.length > 0 ? sticky.rules : [...sticky.rules, ...closing(options)]);
    return;
  }
  const { rules, branches } = spread(chain, port.protocol.toLowerCase(), pool.choices);
  chains.set(chain, rules);
  for (const [branch, text] of branches) chains.set(branch, text);
}

/** Source of a packet from a pod of the cluster (or this node, by interface); undefined where nobody can tell. */
function fromPod({ localDetect }: CompileOptions): string | undefined {
  switch (localDetect.kind) {
    case 'none':
      return undefined;
    case 'cidr':
      return `-s ${localDetect.cidr}`;
    case 'bridge':
      return `-i ${localDetect.name}`;
    case 'interfacePrefix':
      return `-i ${localDetect.prefix}+`;
  }
}

function addExternal(
  chains: Map<string, Chain>,
  port: ServicePort,
  external: ExternalPath,
  nameOf: (kind: ChainKind) => string,
  options: CompileOptions,
): void {
  const mark = setMark(options.masqueradeMark);
  const rules: string[] = [];
  if (external.masquerade === 'everybody' && external.pool) rules.push(mark);
  if (external.insiders) {
    const all = `-g ${nameOf(POOL_CHAIN[external.insiders])}`;
    const pods = fromPod(options);
    if (pods !== undefined) rules.push(words(pods, all));
    rules.push(words(FROM_LOCAL, mark), words(FROM_LOCAL, all));
  }
  if (external.pool) rules.push(`-g ${nameOf(POOL_CHAIN[external.pool])}`);
  if (rules.length === 0) return;
  if (!external.pool) rules.push(...closing(options));
  const chain = nameOf('E');
  chains.set(chain, rules);
  const { guard } = external;
  if (!guard || port.loadBalancerIPs.length === 0) return;
  const allowed = guard.ownAddresses ? [...guard.ranges, ...port.loadBalancerIPs.map(host)] : guard.ranges;
  chains.set(nameOf('D'), [...allowed.map((range) => `-s ${range} -g ${chain}`), ...closing(options)]);
}

function doorsOf(
  { port, internal, external }: ServicePlan,
  nameOf: (kind: ChainKind) => string,
  options: CompileOptions,
): Door[] {
  const doors: Door[] = [];
  const { protocol } = port;
  const label = comment(`${port.namespace}/${port.name}:${port.portName}`);
  const at = (place: DoorPlace, address: string, target: string, more: { internal?: true } = {}) => {
    const rule = words(`-d ${host(address)}`, toPort(protocol, port.port), label, target);
    doors.push({ place, address, bits: bitsOf(address), protocol, port: port.port, rule, ...more });
  };
  const refusal = (verdict: 'reject' | 'drop') => (verdict === 'drop' ? '-j DROP' : reject(options.family));

  if (internal.pool) {
    at('services', port.clusterIP, `-g ${nameOf(POOL_CHAIN[internal.pool])}`, { internal: true });
  } else for (const end of closing(options)) at('services', port.clusterIP, end);
  if (internal.refuse) at('refuse', port.clusterIP, refusal(internal.refuse));
  if (external) {
    const { guard, refuse } = external;
    const served = (external.pool ?? external.insiders) !== undefined;
    for (const target of served ? [`-g ${nameOf('E')}`] : closing(options)) {
      for (const address of port.externalIPs) at('services', address, target);
      for (const address of port.loadBalancerIPs) {
        at('services', address, served && guard ? `-g ${nameOf('D')}` : target);
      }
      if (port.nodePort !== undefined) {
        const rule = words(toPort(protocol, port.nodePort), label, target);
        doors.push({ place: 'nodePorts', protocol, port: port.nodePort, rule });
      }
    }
    if (guard) for (const address of port.loadBalancerIPs) at('guard', address, '-j DROP');
    if (refuse) {
      for (const address of [...port.externalIPs, ...port.loadBalancerIPs]) at('external', address, refusal(refuse));
      if (port.nodePort !== undefined) {
        const rule = words(toPort(protocol, port.nodePort), label, refusal(refuse));
        doors.push({ place: 'externalPorts', protocol, port: port.nodePort, rule });
      }
    }
  }
  if (port.healthCheckNodePort !== undefined) {
    const rule = words(toPort('TCP', port.healthCheckNodePort), label, '-j ACCEPT');
    doors.push({ place: 'health', protocol: 'TCP', port: port.healthCheckNodePort, rule });
  }
  return doors;
}
