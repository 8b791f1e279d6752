import { z } from 'zod';
import { address, backend, name, port, range } from './fields.ts';

/**
 * A behaviour case: Services, slices, node and configuration → what happens to the first packet of a connection. Only the
 * parts that decide something are described; descriptions and unknown fields are passed over.
 */

/** Objects of the API, as routing reads them; what is wrong in them is a matter of the case, not of the file. */
const apiObject = z.looseObject({ metadata: z.looseObject({ name, namespace: name.optional() }) });
const endpointSlice = apiObject.extend({ addressType: name });

const flow = z.looseObject({
  /** `node`: the node a pod runs on, absent = the case's own; `iif`: the interface its packets come in through. */
  from: z.looseObject({
    ip: address,
    kind: z.enum(['pod', 'node', 'external']),
    node: name.optional(),
    iif: name.optional(),
  }),
  to: z.looseObject({ ip: address, port, proto: z.enum(['TCP', 'UDP', 'SCTP']) }),
  expect: z.looseObject({
    verdict: z.enum(['dnat', 'accept', 'reject', 'drop', 'none']),
    backends: z.array(backend).default([]),
    masquerade: z.boolean().default(false),
    masqueradePerBackend: z.record(backend, z.boolean()).optional(),
  }),
  /** Earlier connections to the same service port, for session affinity. */
  history: z
    .array(z.looseObject({ from: z.looseObject({ ip: address }), backend, ageSeconds: z.number().min(0) }))
    .default([]),
  modes: z.array(name).optional(),
});

const localDetect = z.discriminatedUnion('mode', [
  z.looseObject({ mode: z.literal('ClusterCIDR'), clusterCIDRs: z.array(range) }),
  z.looseObject({ mode: z.literal('NodeCIDR'), podCIDRs: z.array(range) }),
  z.looseObject({ mode: z.literal('BridgeInterface'), bridgeInterface: name }),
  z.looseObject({ mode: z.literal('InterfaceNamePrefix'), interfaceNamePrefix: name }),
  z.looseObject({ mode: z.literal('None') }),
]);

const packetCase = z.looseObject({
  id: name,
  title: z.string().default(''),
  /** Kinds of kube-proxy that behave so; a flow's own list narrows it. */
  modes: z.array(name).default(['iptables']),
  nodeName: name,
  /** The Node's address, one per family. */
  primaryNodeIPs: z.array(address),
  /** Every address that the host owns, loopback apart. */
  nodeIPs: z.array(address),
  nodeLabels: z.record(z.string(), z.string()).default({}),
  config: z.looseObject({
    masqueradeAll: z.boolean().default(false),
    localDetect,
    nodePortAddresses: z.array(z.literal('primary').or(range)).default([]),
    localhostNodePorts: z.boolean().default(true),
  }),
  services: z.array(apiObject),
  endpointSlices: z.array(endpointSlice),
  flows: z.array(flow),
});

export const packetFile = z.looseObject({ cases: z.array(packetCase) });

export type PacketCase = z.infer<typeof packetCase> & {
  /** Why no flow can say what the case expects. */
  readonly inexpressible?: string;
};
export type Flow = z.infer<typeof flow>;
