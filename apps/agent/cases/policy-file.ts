import type { PolicyCase } from '@kubecity/isolation/testing';
import { z } from 'zod';
import { address, name, port } from './fields.ts';

/** Cases of NetworkPolicies: a cluster, connections that are tried, and what comes of them, also after changes. */

const labels = z.record(z.string(), z.string());
const protocol = z.enum(['TCP', 'UDP', 'SCTP']);
const namespace = z.looseObject({ name, labels: labels.default({}) });
const pod = z.looseObject({
  ns: name,
  name,
  labels: labels.default({}),
  ip: address,
  ips: z.array(address).optional(),
  node: name.optional(),
  phase: name.optional(),
  hostNetwork: z.boolean().optional(),
  containerPorts: z.array(z.looseObject({ port, proto: name, name: name.optional() })).optional(),
});
/** What is wrong in a spec is a matter of the case. */
const policy = z.looseObject({ metadata: z.looseObject({ name, namespace: name.optional() }), spec: z.unknown() });
const probe = z.looseObject({
  from: name,
  to: name,
  port,
  proto: protocol,
  expect: z.enum(['allow', 'deny']),
  family: z.enum(['IPv4', 'IPv6']).optional(),
  via: z.looseObject({ service: name, ip: address, port }).optional(),
});
const podId = z.string().regex(/^[^/]+\/[^/]+$/, 'must be NAMESPACE/POD');
const operation = z.discriminatedUnion('op', [
  z.looseObject({ op: z.literal('setPodLabels'), pod: podId, labels }),
  z.looseObject({ op: z.literal('setPodPhase'), pod: podId, phase: name }),
  z.looseObject({ op: z.literal('putPod'), pod }),
  z.looseObject({ op: z.literal('deletePod'), pod: podId }),
  z.looseObject({ op: z.literal('setNamespaceLabels'), namespace: name, labels }),
  z.looseObject({ op: z.literal('putNamespace'), namespace }),
  z.looseObject({ op: z.literal('deleteNamespace'), namespace: name }),
  z.looseObject({ op: z.literal('putPolicy'), policy }),
  z.looseObject({ op: z.literal('deletePolicy'), namespace: name, name }),
]);
const policyCase = z.looseObject({
  id: name,
  title: z.string().default(''),
  nodes: z.array(z.looseObject({ name, ips: z.array(address) })).optional(),
  namespaces: z.array(namespace),
  pods: z.array(pod),
  policies: z.array(policy),
  probes: z.array(probe),
  steps: z.array(z.looseObject({ apply: z.array(operation), probes: z.array(probe) })).optional(),
});

export const policyFile = z.looseObject({ cases: z.array(policyCase) }) satisfies z.ZodType<{ cases: PolicyCase[] }>;

/** Cases about policies have probes where cases about packets have flows. */
export function isPolicyFile(json: unknown): boolean {
  const cases = (json as { cases?: unknown } | null)?.cases;
  return Array.isArray(cases) && cases.length > 0 && cases.every((each) => each?.probes !== undefined);
}
