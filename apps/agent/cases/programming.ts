import {
  buildRoutingTable,
  cleanRange,
  type Family,
  familyOf,
  type KubeEndpointSlice,
  type KubeService,
  type RoutingTable,
  type ServicePort,
} from '@kubecity/routing';
import { affinitySet, type CompileOptions, compile, DEFAULT_MASQUERADE_MARK, type Ruleset } from '@kubecity/ruleset';
import type { ProxyConfig } from '../src/config/agent-config.ts';
import { compileOptions } from '../src/rules/compile-options.ts';
import type { Flow, PacketCase } from './packet-case.ts';

/** What an agent on the case's node would put into its kernel. */
export interface Programming {
  readonly table: RoutingTable;
  readonly options: Readonly<Record<Family, CompileOptions>>;
  readonly rulesets: Readonly<Record<Family, Ruleset>>;
}

export const FAMILIES: readonly Family[] = ['IPv4', 'IPv6'];

export function program(each: PacketCase): Programming {
  const zone = each.nodeLabels['topology.kubernetes.io/zone'];
  const table = buildRoutingTable({
    services: each.services as readonly KubeService[],
    endpointSlices: each.endpointSlices as readonly KubeEndpointSlice[],
    overrides: [],
    pods: [],
    node: { name: each.nodeName, ...(zone !== undefined && { zone }) },
  });
  const options = { IPv4: optionsOf(each, 'IPv4'), IPv6: optionsOf(each, 'IPv6') };
  return {
    table,
    options,
    rulesets: { IPv4: compile(table, options.IPv4), IPv6: compile(table, options.IPv6) },
  };
}

/** The agent's own way from settings and Node to options: a case proves that too. */
function optionsOf({ nodeName, config, primaryNodeIPs }: PacketCase, family: Family): CompileOptions {
  const detect = config.localDetect;
  const ranges = (text: readonly string[]) => text.flatMap((range) => cleanRange(range)?.text ?? []);
  const cidrOf = (wanted: Family) =>
    detect.mode === 'ClusterCIDR' ? ranges(detect.clusterCIDRs).find((range) => familyOf(range) === wanted) : undefined;
  const [v4, v6] = [cidrOf('IPv4'), cidrOf('IPv6')];
  const proxy: ProxyConfig = {
    clusterCIDRs: { ...(v4 !== undefined && { IPv4: v4 }), ...(v6 !== undefined && { IPv6: v6 }) },
    localDetect: localDetectOf(detect),
    masqueradeAll: config.masqueradeAll,
    masqueradeMark: DEFAULT_MASQUERADE_MARK,
    nodePortAddresses: config.nodePortAddresses.includes('primary') ? ['primary'] : ranges(config.nodePortAddresses),
    localhostNodePorts: config.localhostNodePorts,
    nodeIPs: [],
  };
  const podCIDRs = detect.mode === 'NodeCIDR' ? ranges(detect.podCIDRs) : [];
  return compileOptions(family, proxy, { name: nodeName, addresses: primaryNodeIPs, podCIDRs }, { tcpLiberal: false });
}

function localDetectOf(detect: PacketCase['config']['localDetect']): ProxyConfig['localDetect'] {
  switch (detect.mode) {
    case 'ClusterCIDR':
      return { mode: 'clusterCIDR' };
    case 'NodeCIDR':
      return { mode: 'nodeCIDR' };
    case 'BridgeInterface':
      return { mode: 'bridgeInterface', bridgeInterface: detect.bridgeInterface };
    case 'InterfaceNamePrefix':
      return { mode: 'interfaceNamePrefix', interfaceNamePrefix: detect.interfaceNamePrefix };
    case 'None':
      return { mode: 'none' };
  }
}

/** The interface of the node that a client's packets come in through, where the case does not say. */
export function interfaceOf({ config, nodeName }: PacketCase, { from }: Flow): string {
  if (from.iif !== undefined) return from.iif;
  const isHere = from.kind === 'pod' && (from.node === undefined || from.node === nodeName);
  if (!isHere) return 'eth0';
  const detect = config.localDetect;
  if (detect.mode === 'BridgeInterface') return detect.bridgeInterface;
  return detect.mode === 'InterfaceNamePrefix' ? `${detect.interfaceNamePrefix}0` : 'podbr0';
}

/** An address of the node in this flow: what it owns, and what a program on it sends from (a bound virtual address). */
export function localAddressesOf({ nodeIPs }: PacketCase, { from }: Flow): string[] {
  return from.kind === 'node' ? [...new Set([...nodeIPs, from.ip])] : nodeIPs;
}

/** Whether the flow's packet is for the node itself, as long as no rule rewrites it. */
export function staysHere(each: PacketCase, flow: Flow): boolean {
  const { ip } = flow.to;
  return localAddressesOf(each, flow).includes(ip) || ip === '::1' || ip.startsWith('127.');
}

/** A client that session affinity still remembers when the flow begins. */
export interface Remembered {
  readonly port: ServicePort;
  /** `address:port` */
  readonly backend: string;
  readonly set: string;
  readonly client: string;
  readonly secondsLeft: number;
}

/** Whether a service port that the flow calls has session affinity. */
export function remembers({ table }: Programming, { to }: Flow): boolean {
  return stickyPort(table, to) !== undefined;
}

/** What the flow's history leaves behind: connections within the window, at backends that still are in the rules. */
export function memoryOf({ table, rulesets }: Programming, flow: Flow): Remembered[] {
  const port = stickyPort(table, flow.to);
  if (port?.affinitySeconds === undefined) return [];
  const { affinitySeconds, family } = port;
  return flow.history.flatMap(({ from, backend, ageSeconds }) => {
    const at = backend.lastIndexOf(':');
    const address = backend.slice(0, at).replace(/^\[|\]$/g, '');
    const set = affinitySet(port, { address, port: Number(backend.slice(at + 1)) });
    const secondsLeft = Math.ceil(affinitySeconds - ageSeconds);
    const isKept = secondsLeft > 0 && rulesets[family].sets.has(set);
    return isKept ? [{ port, backend, set, client: from.ip, secondsLeft }] : [];
  });
}

function stickyPort({ servicePorts }: RoutingTable, to: Flow['to']): ServicePort | undefined {
  const family = familyOf(to.ip);
  const isMeant = (each: ServicePort) => each.family === family && each.affinitySeconds !== undefined;
  return [...servicePorts.values()].find((each) => isMeant(each) && leadsTo(each, to));
}

function leadsTo(each: ServicePort, to: Flow['to']): boolean {
  if (each.protocol !== to.proto) return false;
  if (each.nodePort === to.port) return true;
  return each.port === to.port && [each.clusterIP, ...each.externalIPs, ...each.loadBalancerIPs].includes(to.ip);
}
