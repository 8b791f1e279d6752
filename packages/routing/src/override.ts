import { z } from 'zod';
import { cleanAddress } from './address.ts';
import type { KubeRoutingOverride } from './objects.ts';
import type { Problem } from './problem.ts';

/** The neutral weight: what a backend has when no override names it. */
export const NEUTRAL_WEIGHT = 100;
/** The largest weight an override may ask for. */
export const MAX_WEIGHT = 1000;

const name = z.string().min(1).max(253);

/** Compared with canonical text; what is no address names nobody. */
const address = z
  .string()
  .min(1)
  .max(45)
  .transform((text) => cleanAddress(text)?.text ?? text);

const selectBackends = z
  .strictObject({
    selector: z.strictObject({ matchLabels: z.record(z.string().min(1).max(317), z.string().max(63)) }).optional(),
    podNames: z.array(name).max(1000).optional(),
    nodeNames: z.array(name).max(1000).optional(),
    zones: z.array(name).max(100).optional(),
    addresses: z.array(address).max(1000).optional(),
  })
  .optional();

/**
 * What a `RoutingOverride` may say today: a weight for each backend it names, or a drain that waits for what is open.
 * A field that is not here is refused by name, never ignored.
 */
export const overrideSpec = z
  .strictObject({
    service: name,
    ports: z.array(z.string().max(63)).max(100).optional(),
    backends: selectBackends,
    weight: z.int().min(0).max(MAX_WEIGHT).optional(),
    drain: z
      .strictObject({
        existing: z.enum(['wait']).default('wait'),
        /** Clients that session affinity holds on a draining backend: may they come back until their window ends? */
        sticky: z.enum(['keep', 'expire']).default('expire'),
      })
      .optional(),
    allowEmpty: z.boolean().default(false),
    reason: z.string().max(1024).optional(),
  })
  .refine((spec) => (spec.weight === undefined) !== (spec.drain === undefined), {
    message: 'exactly one of weight and drain must be given',
    path: ['weight'],
  });

export type OverrideSpec = z.infer<typeof overrideSpec>;

/** A `RoutingOverride` that passed its schema. */
export interface Override {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly generation: number;
  /** RFC 3339, from the API server; decides who is younger. */
  readonly createdAt: string;
  readonly spec: OverrideSpec;
}

export type ParsedOverride = { readonly override: Override } | { readonly problems: readonly Problem[] };

/** Parses one `RoutingOverride`. Each fault becomes a problem that names the object and the field. */
export function parseOverride(object: KubeRoutingOverride): ParsedOverride {
  const { metadata } = object;
  const parsed = overrideSpec.safeParse(object.spec);
  if (!parsed.success) {
    return {
      problems: parsed.error.issues.map((issue) => ({
        kind: 'RoutingOverride',
        namespace: metadata.namespace ?? '',
        name: metadata.name,
        field: ['spec', ...issue.path.map(String)].join('.'),
        message: issue.message,
      })),
    };
  }
  return {
    override: {
      uid: metadata.uid ?? `${metadata.namespace}/${metadata.name}`,
      namespace: metadata.namespace ?? '',
      name: metadata.name,
      generation: metadata.generation ?? 1,
      createdAt: metadata.creationTimestamp ?? '',
      spec: parsed.data,
    },
  };
}
