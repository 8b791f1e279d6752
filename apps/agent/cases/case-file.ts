import { cleanAddress } from '@kubecity/routing';
import { z } from 'zod';
import { backendText } from './expectation.ts';
import { casesOfTopology, isTopologyFile, topologyFile } from './topology-file.ts';

/**
 * A file of behaviour cases: Services, slices, node and configuration → what happens to the first packet of a
 * connection. Only the parts that decide something are described; descriptions and unknown fields are passed over.
 */

const address = z.string().transform((text, context) => {
  const clean = cleanAddress(text);
  if (clean) return clean.text;
  context.addIssue({ code: 'custom', message: `not an IP address: ${JSON.stringify(text)}` });
  return z.NEVER;
});
const backend = z.string().transform((text, context) => {
  const clean = backendText(text);
  if (clean !== undefined) return clean;
  context.addIssue({ code: 'custom', message: `not address:port: ${JSON.stringify(text)}` });
  return z.NEVER;
});
const port = z.int().min(1).max(65_535);
const name = z.string().min(1);
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
  z.looseObject({ mode: z.literal('ClusterCIDR'), clusterCIDRs: z.array(name) }),
  z.looseObject({ mode: z.literal('NodeCIDR'), podCIDRs: z.array(name) }),
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
    nodePortAddresses: z.array(name).default([]),
    localhostNodePorts: z.boolean().default(true),
  }),
  services: z.array(apiObject),
  endpointSlices: z.array(endpointSlice),
  flows: z.array(flow),
});

const packetFile = z.looseObject({ cases: z.array(packetCase) });

export type PacketCase = z.infer<typeof packetCase> & {
  /** Why no flow can say what the case expects. */
  readonly inexpressible?: string;
};
export type Flow = z.infer<typeof flow>;

/** A file that is not JSON, or not of this format. The message has one line per faulty field. */
export class CaseFileError extends Error {
  override readonly name = 'CaseFileError';
}

/** Reads `packet-flow.json`, `topology.json` or any other file of one of the two shapes. */
export function parseCaseFile(file: string, text: string): PacketCase[] {
  const json = parseJson(file, text);
  if (!isTopologyFile(json)) return valid(file, packetFile, json).cases;
  return casesOfTopology(valid(file, topologyFile, json));
}

function parseJson(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new CaseFileError(`${file}: not JSON: ${(cause as Error).message}`, { cause });
  }
}

function valid<T>(file: string, schema: z.ZodType<T>, json: unknown): T {
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.map((issue) => `${file}: ${placeOf(issue.path, json)}: ${issue.message}`);
  throw new CaseFileError(lines.join('\n'), { cause: parsed.error });
}

/** `cases[3] (cip-ports).flows[0].to.port` */
function placeOf(path: readonly PropertyKey[], json: unknown): string {
  let place = '';
  let here = json as Record<PropertyKey, unknown> | undefined;
  for (const step of path) {
    here = here?.[step] as Record<PropertyKey, unknown> | undefined;
    place += typeof step === 'number' ? `[${step}]` : `${place === '' ? '' : '.'}${String(step)}`;
    if (typeof step === 'number' && typeof here?.id === 'string') place += ` (${here.id})`;
  }
  return place === '' ? 'the file' : place;
}
