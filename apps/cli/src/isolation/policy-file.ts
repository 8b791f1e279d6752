import { readFileSync } from 'node:fs';
import { type KubeNetworkPolicy, readPolicy } from '@kubecity/isolation';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { Failure } from '../failure.ts';

const policyObject = z.looseObject({
  apiVersion: z.literal('networking.k8s.io/v1'),
  kind: z.literal('NetworkPolicy'),
  metadata: z.looseObject({
    name: z.string({ error: 'must be the name of the policy' }).min(1).max(253),
    namespace: z.string().min(1).max(253).optional(),
    labels: z.record(z.string(), z.string()).optional(),
  }),
  spec: z.unknown(),
});

export interface PolicyFile {
  readonly policies: readonly KubeNetworkPolicy[];
  /** Kinds of the other objects in it, each once. */
  readonly others: readonly string[];
}

/**
 * The policies of a file with any number of YAML documents, lists among them.
 * @param namespace of those that name none
 * @throws Failure with every fault that an API server would refuse: document, object and field
 */
export function readPolicyFile(file: string, namespace: string): PolicyFile {
  const faults: string[] = [];
  const others = new Set<string>();
  const policies = new Map<string, KubeNetworkPolicy>();
  for (const [i, object] of objectsOf(file).entries()) {
    const kind = (object as { kind?: unknown } | null)?.kind;
    if (kind !== 'NetworkPolicy') {
      others.add(typeof kind === 'string' ? kind : 'something without a kind');
      continue;
    }
    const parsed = policyObject.safeParse(object);
    if (!parsed.success) {
      for (const { path, message } of parsed.error.issues)
        faults.push(`object ${i + 1}: ${path.join('.')}: ${message}`);
      continue;
    }
    const { metadata, spec } = parsed.data;
    const policy = { metadata: { ...metadata, namespace: metadata.namespace ?? namespace }, spec };
    const id = `${policy.metadata.namespace}/${metadata.name}`;
    if (spec === undefined || spec === null) faults.push(`NetworkPolicy ${id}: spec is missing`);
    if (policies.has(id)) faults.push(`NetworkPolicy ${id} is in the file twice`);
    for (const { field, message } of readPolicy(policy).problems)
      faults.push(`NetworkPolicy ${id}: ${field} ${message}`);
    policies.set(id, policy);
  }
  if (faults.length > 0) throw new Failure('failure', faults.map((fault) => `${file}: ${fault}`).join('\n'));
  if (policies.size === 0) throw new Failure('failure', `${file} has no NetworkPolicy.`);
  return { policies: [...policies.values()], others: [...others] };
}

/** Objects of all documents, those of lists one by one. */
function objectsOf(file: string): unknown[] {
  const documents = parseAllDocuments(textOf(file));
  const fault = 'empty' in documents ? undefined : documents.flatMap(({ errors }) => errors)[0];
  if (fault) throw new Failure('failure', `${file} is no YAML: ${fault.message}`);
  const objects = 'empty' in documents ? [] : documents.map((document) => document.toJS() as unknown);
  return objects.flatMap((object) => {
    const { kind, items } = (object ?? {}) as { kind?: unknown; items?: unknown };
    if (object === null) return [];
    return typeof kind === 'string' && kind.endsWith('List') && Array.isArray(items) ? (items as unknown[]) : [object];
  });
}

/** `-` is standard input. */
function textOf(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (cause) {
    throw new Failure('failure', `${file} cannot be read: ${(cause as Error).message}`, cause);
  }
}
