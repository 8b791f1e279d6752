import type { Backend, ServicePort } from '@kubecity/routing';

/**
 * What the packets of one service port meet, said without the words of any kernel interface: the step between "who may
 * receive" and iptables text (or another backend's).
 */
export interface ServicePlan {
  readonly port: ServicePort;
  /** Behind the cluster IP. */
  readonly internal: Path;
  /** Behind node port, load balancer addresses and external IPs; absent when the Service has none of them. */
  readonly external?: ExternalPath;
  /** Filled where a path uses it. */
  readonly pools: Readonly<Partial<Record<PoolName, Pool>>>;
}

export type PoolName = 'cluster' | 'local';

export interface Path {
  readonly pool?: PoolName;
  /** What a packet meets that no pool took: refused with an ICMP error, or dropped so that a retry may find another way. */
  readonly refuse?: 'reject' | 'drop';
}

export interface ExternalPath extends Path {
  /**
   * - `everybody`: policy Cluster, the source is rewritten for every client
   * - `nobody`: policy Local, the client's address stays; insiders may use every backend
   */
  readonly masquerade: 'everybody' | 'nobody';
  /** Policy Local: pods and programs of this node are not sent away when no backend is here. */
  readonly insiders?: PoolName;
  /** Only these sources may use the load balancer addresses; absent = everybody. */
  readonly guard?: Guard;
}

export interface Guard {
  readonly ranges: readonly string[];
  /** The node is allowed, so a packet it sends to a load balancer address bound to itself is too. */
  readonly ownAddresses: boolean;
}

/** Who of a list gets connections. */
export interface Pool {
  /** May get new clients, with weights above 0. */
  readonly choices: readonly Backend[];
  /** Drained, but clients that are held by session affinity may still come back. */
  readonly keepers: readonly Backend[];
}

/** @param mayCall whether one of the node's own addresses is in a source range */
export function planServicePort(port: ServicePort, mayCall: (range: string) => boolean): ServicePlan {
  const pools = {
    cluster: poolOf(port, (backend) => backend.onCluster),
    local: poolOf(port, (backend) => backend.onLocal),
  };
  const internal = pathOf(port, port.internalTrafficPolicy, pools);
  const external = hasExternalDoor(port) ? externalPath(port, pools, mayCall) : undefined;
  const used = new Set([internal.pool, external?.pool, external?.insiders]);
  return {
    port,
    internal,
    ...(external && { external }),
    pools: {
      ...(used.has('cluster') && { cluster: pools.cluster }),
      ...(used.has('local') && { local: pools.local }),
    },
  };
}

type Pools = Readonly<Record<PoolName, Pool>>;

function hasExternalDoor(port: ServicePort): boolean {
  return port.nodePort !== undefined || port.externalIPs.length > 0 || port.loadBalancerIPs.length > 0;
}

function poolOf(port: ServicePort, on: (backend: Backend) => boolean): Pool {
  const listed = port.backends.filter(on);
  return {
    choices: listed.filter((backend) => backend.weight > 0),
    keepers: port.affinitySeconds === undefined ? [] : listed.filter((backend) => backend.keepsSticky),
  };
}

/** REJECT where no backend exists anywhere; DROP where only this node has none, so that a retry may find another way. */
function pathOf(port: ServicePort, policy: ServicePort['internalTrafficPolicy'], pools: Pools): Path {
  const name: PoolName = policy === 'Local' ? 'local' : 'cluster';
  const { choices, keepers } = pools[name];
  return {
    ...(choices.length + keepers.length > 0 && { pool: name }),
    ...(choices.length === 0 && { refuse: policy === 'Local' && port.hasEndpoints ? 'drop' : 'reject' }),
  };
}

function externalPath(port: ServicePort, pools: Pools, mayCall: (range: string) => boolean): ExternalPath {
  const local = port.externalTrafficPolicy === 'Local';
  const ranges = port.loadBalancerSourceRanges;
  const served = pools.cluster.choices.length + pools.cluster.keepers.length > 0;
  return {
    ...pathOf(port, port.externalTrafficPolicy, pools),
    masquerade: local ? 'nobody' : 'everybody',
    ...(local && served && { insiders: 'cluster' }),
    // Without any backend everybody is refused alike, as kube-proxy does.
    ...(ranges && port.hasEndpoints && { guard: { ranges, ownAddresses: ranges.some(mayCall) } }),
  };
}

/** Whether some door of it refuses whom no backend takes. */
export function refusesSomebody(port: ServicePort): boolean {
  const { internal, external } = planServicePort(port, () => false);
  return internal.refuse !== undefined || external?.refuse !== undefined;
}
