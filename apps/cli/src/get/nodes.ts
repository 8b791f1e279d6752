import type { KubeNode } from '@kubecity/routing';
import { percent } from '../figures.ts';
import type { View } from '../output.ts';
import type { BackendRow } from './backends.ts';

export interface NodeRow {
  readonly name: string;
  readonly zone?: string;
  readonly ready: boolean;
  readonly schedulable: boolean;
  /** Over all service ports. */
  readonly backends: number;
  /** Of these, those to which no new connections go by an override. */
  readonly draining: number;
  readonly overrides: readonly string[];
}

export function nodeRows(nodes: readonly KubeNode[], backends: readonly BackendRow[]): NodeRow[] {
  const byNode = Map.groupBy(backends, ({ node }) => node);
  return nodes.map(({ metadata: { name, labels }, spec, status }) => {
    const own = byNode.get(name) ?? [];
    return {
      name,
      zone: labels?.['topology.kubernetes.io/zone'],
      ready: status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false,
      schedulable: spec?.unschedulable !== true,
      backends: own.length,
      draining: own.filter(({ draining }) => draining).length,
      overrides: [...new Set(own.flatMap(({ override }) => override ?? []))].sort(),
    };
  });
}

const part = (count: number, of: number): string => (of === 0 ? '0' : `${count} (${percent(count / of)})`);

export const nodeView = (none: string): View<NodeRow> => ({
  none,
  name: ({ name }) => `node/${name}`,
  columns: [
    { head: 'NAME', cell: ({ name }) => name },
    { head: 'ZONE', cell: ({ zone }) => zone },
    {
      head: 'STATE',
      cell: ({ ready, schedulable }) => `${ready ? 'ready' : 'notReady'}${schedulable ? '' : ', cordoned'}`,
    },
    { head: 'BACKENDS', cell: ({ backends }) => backends, right: true },
    { head: 'DRAINING', cell: ({ draining, backends }) => part(draining, backends), right: true },
    { head: 'OVERRIDES', cell: ({ overrides }) => overrides.join(', '), wide: true },
  ],
});
