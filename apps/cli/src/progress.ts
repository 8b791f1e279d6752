import type { KubeRoutingOverride } from '@kubecity/routing';
import { z } from 'zod';

const count = z.int().nonnegative().catch(0);
const storedStatus = z.object({
  observedGeneration: z.int(),
  conditions: z.array(z.object({ type: z.string(), status: z.string(), reason: z.string(), message: z.string() })),
  nodes: z.object({ desired: count, acknowledged: count, waitingFor: z.array(z.string()).catch([]) }),
  connections: z.object({ moving: count, idle: count, closing: count, waiting: count, coverage: z.string() }),
  cut: count.optional(),
});

/** How far the nodes are with one override, as a dashboard wrote it into its status. */
export interface Progress {
  /** What was waited for holds: drained, or in every kernel. */
  readonly done: boolean;
  /** It will not come to that by itself; in words. */
  readonly refused?: string;
  readonly desired: number;
  readonly acknowledged: number;
  /** The first hundred by name. */
  readonly waitingFor: readonly string[];
  /** Connections that are open on its backends; those that are closing are not waited for. */
  readonly open: number;
  /** Some agents are silent, so there may be more. */
  readonly atLeast: boolean;
  /** Ended for it. */
  readonly cut: number;
  /** What the status says last, in words. */
  readonly message: string;
}

const said = ({ reason, message }: { readonly reason: string; readonly message: string }): string =>
  `${reason}: ${message}`;

/** Undefined while no dashboard has looked at the object as it is now. */
export function progressOf({ metadata, spec, status }: KubeRoutingOverride): Progress | undefined {
  const { data } = storedStatus.safeParse(status);
  if (!data || data.observedGeneration !== metadata.generation) return undefined;
  const { conditions, nodes, connections, cut = 0 } = data;
  const condition = (type: string) => conditions.find((one) => one.type === type);
  const [accepted, programmed, drained] = [condition('Accepted'), condition('Programmed'), condition('Drained')];
  const drains = (spec as { drain?: unknown } | undefined)?.drain !== undefined;
  const last = drains && programmed?.status === 'True' ? drained : programmed;
  return {
    done: (drains ? drained : programmed)?.status === 'True',
    refused:
      accepted?.status === 'False'
        ? said(accepted)
        : programmed?.reason === 'OnlyObserved'
          ? said(programmed)
          : undefined,
    desired: nodes.desired,
    acknowledged: nodes.acknowledged,
    waitingFor: nodes.waitingFor,
    open: connections.moving + connections.idle + connections.waiting,
    atLeast: connections.coverage === 'atLeast',
    cut,
    message: last?.message ?? '',
  };
}

/** `3 of 4 nodes, waiting for node-c`, then `12 connections open, 3 ended`. */
export function progressWords(progress: Progress, drains: boolean): string {
  const { desired, acknowledged, waitingFor, open, atLeast, cut } = progress;
  const some = waitingFor.slice(0, 3).join(', ');
  const more = waitingFor.length > 3 ? ` and ${waitingFor.length - 3} more` : '';
  const nodes = `${acknowledged} of ${desired} nodes${some === '' ? '' : `, waiting for ${some}${more}`}`;
  if (!drains) return nodes;
  const ended = cut === 0 ? '' : `, ${cut} ended`;
  return `${nodes}; ${atLeast ? 'at least ' : ''}${open} open${ended}`;
}
