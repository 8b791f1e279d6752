import { type JsonObject, type KubeObject, listAt, sameJson, stringAt } from './object.ts';
import type { PodEndpoint } from './pod-endpoint.ts';

/** The limit that Kubernetes' controller has by default. */
export const MAX_ENDPOINTS = 100;

/** What has to be written so that the slices of a Service hold exactly the endpoints they should. */
export interface SlicePlan {
  readonly create: readonly SliceContent[];
  readonly update: readonly { readonly slice: KubeObject; readonly content: SliceContent }[];
  readonly remove: readonly KubeObject[];
}

export type SliceContent = {
  readonly endpoints: JsonObject[];
  readonly ports: JsonObject[];
};

/**
 * Keeps every endpoint in the slice where it is, so that a change of one touches one slice; newcomers go where something
 * changes anyway, then where there is room, then into new slices. Endpoints with different ports never share a slice.
 * Without any endpoint one empty slice stays.
 */
export function planSlices(present: readonly KubeObject[], wanted: readonly PodEndpoint[]): SlicePlan {
  const groups = Map.groupBy(wanted, ({ ports }) => JSON.stringify(ports));
  const create: SliceContent[] = [];
  const update: { slice: KubeObject; content: SliceContent }[] = [];
  const remove: KubeObject[] = [];
  for (const [key, group] of groups) {
    const ports = group[0]?.ports ?? [];
    const own = present.filter((slice) => JSON.stringify(normalPorts(slice)) === key);
    const plan = planGroup(own, group, ports);
    create.push(...plan.create);
    update.push(...plan.update);
    remove.push(...plan.remove);
  }
  const strangers = present.filter((slice) => !groups.has(JSON.stringify(normalPorts(slice))));
  if (groups.size === 0) return emptyPlan(present);
  return reusing({ create, update, remove: [...remove, ...strangers] });
}

/** A slice that would go takes the content of one that would come: one write, and no moment without both. */
function reusing({ create, update, remove }: SlicePlan): SlicePlan {
  const reused = Math.min(create.length, remove.length);
  const rewritten = remove.slice(0, reused).flatMap((slice, index) => {
    const content = create[index];
    return content === undefined ? [] : [{ slice, content }];
  });
  return { create: create.slice(reused), update: [...update, ...rewritten], remove: remove.slice(reused) };
}

function emptyPlan(present: readonly KubeObject[]): SlicePlan {
  const nothing: SliceContent = { endpoints: [], ports: [] };
  const [first, ...others] = present;
  if (first === undefined) return { create: [nothing], update: [], remove: [] };
  const isEmpty = listAt(first, 'endpoints').length === 0 && listAt(first, 'ports').length === 0;
  return { create: [], update: isEmpty ? [] : [{ slice: first, content: nothing }], remove: others };
}

function planGroup(own: readonly KubeObject[], group: readonly PodEndpoint[], ports: JsonObject[]): SlicePlan {
  const waiting = new Map(group.map((one) => [one.uid, one.endpoint]));
  const drafts = own.map((slice) => {
    const before = listAt(slice, 'endpoints');
    const endpoints = before.flatMap((endpoint) => {
      const uid = stringAt(endpoint, 'targetRef', 'uid') ?? '';
      const now = waiting.get(uid);
      waiting.delete(uid);
      return now === undefined ? [] : [now];
    });
    return { slice, endpoints, changed: !sameJson(endpoints, before) };
  });
  const newcomers = [...waiting.values()];
  for (const draft of drafts.toSorted((a, b) => Number(b.changed) - Number(a.changed))) {
    const taken = newcomers.splice(0, MAX_ENDPOINTS - draft.endpoints.length);
    draft.endpoints.push(...taken);
    draft.changed ||= taken.length > 0;
  }
  const create: SliceContent[] = [];
  while (newcomers.length > 0) create.push({ endpoints: newcomers.splice(0, MAX_ENDPOINTS), ports });
  return {
    create,
    update: drafts
      .filter(({ endpoints, changed }) => changed && endpoints.length > 0)
      .map(({ slice, endpoints }) => ({ slice, content: { endpoints, ports } })),
    remove: drafts.filter(({ endpoints }) => endpoints.length === 0).map(({ slice }) => slice),
  };
}

const normalPorts = (slice: KubeObject) => listAt(slice, 'ports');
