import {
  ensureObject,
  isObject,
  type JsonObject,
  type KubeObject,
  listAt,
  numberAt,
  objectAt,
  setDefault,
  stringAt,
} from '../object.ts';
import type { RuleContext } from '../resource-type.ts';
import { ApiError } from '../status.ts';

/** An update may leave out what the server allocated: it keeps the addresses and node ports it had. */
export function carryOverService(service: KubeObject, old: KubeObject): void {
  const spec = ensureObject(service, 'spec');
  const was = objectAt(old, 'spec');
  if (spec.type === 'ExternalName') {
    // Sent back unchanged by whoever only changed the type.
    for (const field of ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy', 'internalTrafficPolicy']) {
      if (JSON.stringify(spec[field]) === JSON.stringify(was[field])) delete spec[field];
    }
    return;
  }
  if (was.type === 'ExternalName') return;
  for (const field of ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy']) {
    const value = was[field];
    if (value !== undefined) setDefault(spec, field, value);
  }
  if (!wantsNodePorts(spec)) {
    for (const port of listAt(spec, 'ports')) {
      const same = samePort(listAt(was, 'ports'), port as JsonObject);
      if (isObject(port) && same?.nodePort === port.nodePort) delete port.nodePort;
    }
    return;
  }
  for (const port of listAt(spec, 'ports')) {
    if (!isObject(port)) continue;
    const same = samePort(listAt(was, 'ports'), port);
    if (same?.nodePort !== undefined) setDefault(port, 'nodePort', same.nodePort);
  }
  if (was.healthCheckNodePort !== undefined && spec.externalTrafficPolicy === 'Local') {
    setDefault(spec, 'healthCheckNodePort', was.healthCheckNodePort);
  }
}

/** Allocates what is missing. @throws ApiError InternalError when the range is used up, as kube-apiserver does */
export function completeService(service: KubeObject, old: KubeObject | undefined, context: RuleContext): void {
  const spec = ensureObject(service, 'spec');
  if (old === undefined || service.status === undefined) service.status = { loadBalancer: {} };
  if (spec.type === 'ExternalName') return;
  if (!spec.clusterIP)
    spec.clusterIP = listAt(spec, 'clusterIPs')[0] ?? context.serviceAddresses.freeIp() ?? usedUp('IPs');
  spec.clusterIPs = [spec.clusterIP];
  if (!wantsNodePorts(spec)) return;
  const taken = new Set(listAt(spec, 'ports').map((port) => numberAt(port, 'nodePort') ?? 0));
  const take = () => {
    const port = context.serviceAddresses.freePort(taken) ?? usedUp('node ports');
    taken.add(port);
    return port;
  };
  for (const port of listAt(spec, 'ports')) if (isObject(port) && !port.nodePort) port.nodePort = take();
  const local = spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local';
  if (local && !spec.healthCheckNodePort) spec.healthCheckNodePort = take();
}

function wantsNodePorts(spec: JsonObject): boolean {
  return spec.type === 'NodePort' || (spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false);
}

function samePort(ports: readonly unknown[], port: JsonObject): JsonObject | undefined {
  return ports.find(
    (one): one is JsonObject =>
      isObject(one) && one.port === port.port && (one.protocol ?? 'TCP') === (stringAt(port, 'protocol') ?? 'TCP'),
  );
}

function usedUp(what: string): never {
  throw new ApiError(
    'InternalError',
    `Internal error occurred: failed to allocate a serviceIP: range is full (${what})`,
  );
}
