import type { KubeRoutingOverride, RoutingTable } from '@kubecity/routing';
import { BY_ANNOTATION, CHANGE_ANNOTATION, kindOf, parseOverride } from '@kubecity/routing';
import { covers, effectWords, specOf } from '@kubecity/steering';
import { shortDuration } from '../duration.ts';
import type { View } from '../output.ts';
import { type Progress, progressOf } from '../progress.ts';

export interface OverrideRow {
  readonly kind: 'RoutingOverride' | 'ClusterRoutingOverride';
  readonly namespace?: string;
  readonly name: string;
  readonly effect: string;
  readonly on: string;
  /** What the objects make of it at this moment, by the rules that the agents follow. */
  readonly state: RoutingTable['outcomes'][number]['state'];
  readonly message?: string;
  /** As a dashboard wrote it; absent where none did. */
  readonly progress?: Progress;
  readonly by?: string;
  readonly change?: string;
  /** Unix ms. */
  readonly startedAt?: number;
  readonly expiresAt?: number;
  readonly reason?: string;
}

export function overrideRows(objects: readonly KubeRoutingOverride[], { outcomes }: RoutingTable): OverrideRow[] {
  const byName = new Map(outcomes.map((outcome) => [`${outcome.namespace}/${outcome.name}`, outcome]));
  return objects.map((object) => {
    const { namespace, name, annotations } = object.metadata;
    const parsed = parseOverride(object);
    const override = 'override' in parsed ? parsed.override : undefined;
    const outcome = byName.get(`${namespace ?? ''}/${name}`);
    return {
      kind: kindOf(object.metadata),
      namespace,
      name,
      effect: effectWords(specOf(object)),
      on: covers(object),
      state: outcome?.state ?? 'invalid',
      message: outcome?.message,
      progress: progressOf(object),
      by: annotations?.[BY_ANNOTATION],
      change: annotations?.[CHANGE_ANNOTATION],
      startedAt: override?.startedAt,
      expiresAt: override?.spec.expiresAt,
      reason: override?.spec.reason,
    };
  });
}

/** @param now Unix ms */
export const overrideView = (none: string, now: number): View<OverrideRow> => ({
  none,
  name: ({ kind, name }) => `${kind === 'RoutingOverride' ? 'override' : 'cluster-override'}/${name}`,
  columns: [
    { head: 'NAMESPACE', cell: ({ namespace }) => namespace },
    { head: 'NAME', cell: ({ name }) => name },
    { head: 'EFFECT', cell: ({ effect }) => effect },
    { head: 'ON', cell: ({ on }) => on },
    { head: 'STATE', cell: ({ state }) => state },
    { head: 'NODES', cell: ({ progress }) => progress && `${progress.acknowledged} of ${progress.desired}` },
    {
      head: 'OPEN',
      cell: ({ progress }) => progress && `${progress.atLeast ? '≥ ' : ''}${progress.open}`,
      right: true,
    },
    {
      head: 'EXPIRES',
      cell: ({ expiresAt }) => expiresAt && (expiresAt <= now ? 'over' : shortDuration(expiresAt - now)),
    },
    { head: 'AGE', cell: ({ startedAt }) => startedAt && shortDuration(now - startedAt) },
    { head: 'BY', cell: ({ by }) => by },
    { head: 'REASON', cell: ({ reason }) => reason, wide: true },
    { head: 'CHANGE', cell: ({ change }) => change, wide: true },
    { head: 'MESSAGE', cell: ({ message }) => message, wide: true },
  ],
});
