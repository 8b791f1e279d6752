import type { PlannedWrite } from '@kubecity/protocol';
import { type KubeRoutingOverride, kindOf, parseOverride } from '@kubecity/routing';
import { apiTime } from './api-time.ts';
import type { Write } from './plan.ts';

/** One change of one override, as a trail or an event tells it: enough to take it back. */
export interface Change extends Pick<PlannedWrite, 'kind' | 'namespace' | 'name' | 'before' | 'after'> {
  readonly id: string;
  /** As the cluster knows the person. */
  readonly who: string;
  readonly uid?: string;
}

/** @param object as it shall be, or as it was when it is to go */
export function writeOf(
  verb: PlannedWrite['verb'],
  object: KubeRoutingOverride,
  before: KubeRoutingOverride | undefined,
): Write {
  const { namespace, name } = object.metadata;
  return {
    write: {
      verb,
      kind: kindOf(object.metadata),
      ...(namespace !== undefined && { namespace }),
      name,
      ...(before && { before: specWithStart(before) }),
      ...(verb !== 'delete' && { after: object.spec }),
    },
    object,
  };
}

/** The spec with when it began, which an object that is made anew would not know. */
export function specWithStart(object: KubeRoutingOverride): unknown {
  const parsed = parseOverride(object);
  const { spec } = object;
  if (!('override' in parsed) || typeof spec !== 'object' || spec === null || 'startAt' in spec) return spec;
  const { startedAt } = parsed.override;
  return startedAt === 0 ? spec : { ...spec, startAt: apiTime(startedAt) };
}
