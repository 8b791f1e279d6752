import type { SteerTarget } from '@kubecity/protocol';
import type { City } from '../city.ts';
import { plural } from '../format.ts';
import type { Backend } from '../services.ts';

/** Tables whose rows can be chosen together. */
export const BULK_TABS = ['backends', 'pods', 'nodes'] as const;
export type BulkTab = (typeof BULK_TABS)[number];
export const isBulkTab = (tab: string): tab is BulkTab => (BULK_TABS as readonly string[]).includes(tab);

export type Bulk = { readonly target: SteerTarget } | { readonly refused: string };

/** The API takes so many names in one list. */
const MOST = 1000;

/**
 * What rows that were chosen together are as one target: one request is one object and one undo. What one object cannot
 * say is refused with the way out. Rows that are gone are left out.
 */
export function bulkTarget(city: Pick<City, 'backend' | 'pod' | 'node'>, tab: BulkTab, ids: readonly string[]): Bulk {
  const bulk = tab === 'backends' ? ofBackends(city, ids) : tab === 'pods' ? ofPods(city, ids) : ofNodes(city, ids);
  if ('refused' in bulk) return bulk;
  return ids.length > MOST
    ? { refused: `One override names at most ${MOST} of them: choose fewer, or a label.` }
    : bulk;
}

const GONE: Bulk = { refused: 'What was chosen is gone.' };

function ofBackends({ backend }: Pick<City, 'backend'>, ids: readonly string[]): Bulk {
  const chosen = ids.flatMap((id): Backend[] => {
    const one = backend.get(id);
    return one ? [{ ...one, id }] : [];
  });
  const [first] = chosen;
  if (!first) return GONE;
  const services = [...new Set(chosen.map(({ service }) => service))];
  if (services.length > 1) {
    const named = services.slice(0, 3).join(', ');
    return {
      refused: `They belong to ${plural(services.length, 'Service')} (${named}${services.length > 3 ? ', …' : ''}), and one override with names is about one. Choose backends of one Service, their pods under Pods, or their nodes under Nodes.`,
    };
  }
  const podNames = [...new Set(chosen.flatMap(({ podName }) => podName ?? []))];
  const addresses = [...new Set(chosen.map(({ address }) => address))];
  const [namespace = '', name = ''] = first.service.split('/');
  const backends = chosen.every(({ podName }) => podName !== undefined) ? { podNames } : { addresses };
  return { target: { kind: 'service', namespace, name, backends } };
}

function ofPods({ pod }: Pick<City, 'pod'>, ids: readonly string[]): Bulk {
  const chosen = ids.flatMap((id) => pod.get(id) ?? []);
  const [first] = chosen;
  if (!first) return GONE;
  const namespaces = [...new Set(chosen.map(({ namespace }) => namespace))];
  if (namespaces.length > 1) {
    return {
      refused: `They are in ${plural(namespaces.length, 'namespace')} (${namespaces.slice(0, 3).join(', ')}), and one override with pod names is about one. Choose pods of one namespace, or a node.`,
    };
  }
  const { namespace, name } = first;
  if (chosen.length === 1) return { target: { kind: 'pod', namespace, name } };
  return { target: { kind: 'chosen', namespace, backends: { podNames: chosen.map((one) => one.name) } } };
}

function ofNodes({ node }: Pick<City, 'node'>, ids: readonly string[]): Bulk {
  const nodeNames = ids.filter((id) => node.has(id));
  const [name] = nodeNames;
  if (name === undefined) return GONE;
  if (nodeNames.length === 1) return { target: { kind: 'node', name } };
  return { target: { kind: 'chosen', backends: { nodeNames } } };
}
