import { join } from 'node:path';
import { inFreshNamespace } from '../namespace.ts';
import { quantile } from '../statistics.ts';
import type { PipelineRequest } from './pipeline-run.ts';
import type { ProcessRequest } from './process-run.ts';

/** `direct` is the address of a pod: no Service, but it passes by the rules all the same. */
export const TARGETS = ['direct', 'first', 'middle', 'last'] as const;
export type Target = (typeof TARGETS)[number];

/** Microseconds of a new TCP connection. */
export interface Latency {
  readonly services: number;
  readonly who: 'kubecity' | 'kube-proxy';
  readonly targets: Readonly<Record<Target, { readonly p50: number; readonly p99: number }>>;
}

export interface LabRequest {
  /** The script that fills the rules of each node, and what to ask of it. */
  readonly nodes: readonly { readonly services: number; readonly script: string; readonly request: unknown }[];
  /** To each target of each node. */
  readonly connections: number;
}

export type LabAnswer = readonly {
  readonly node: number;
  readonly target: Target;
  readonly microseconds: readonly number[];
}[];

export interface LatencyOptions {
  readonly services: readonly number[];
  readonly connections: number;
  /** Path of a kube-proxy to measure too. */
  readonly kubeProxy?: string;
  readonly timeoutMs: number;
  readonly onProgress: (text: string) => void;
}

/** Sizes and programs stand side by side in one lab. */
export async function measureLatency(options: LatencyOptions): Promise<Latency[]> {
  const { services, connections, kubeProxy, timeoutMs, onProgress } = options;
  const programs = kubeProxy ? (['kubecity', 'kube-proxy'] as const) : (['kubecity'] as const);
  const nodes = services.flatMap((services) =>
    programs.map((who) => ({
      who,
      services,
      ...filling({ size: { services, endpoints: 1 }, timeoutMs, ...(who === 'kube-proxy' && { kubeProxy }) }),
    })),
  );
  onProgress(`connection latency: ${nodes.map(({ who, services }) => `${who} with ${services} Services`).join(', ')}`);
  const lab = join(import.meta.dirname, 'latency-lab.ts');
  const { answer } = await inFreshNamespace<LabAnswer>(lab, { nodes, connections } satisfies LabRequest);
  return nodes.map(({ who, services }, node) => ({
    who,
    services,
    targets: summary(answer.filter((each) => each.node === node)),
  }));
}

function filling({ size, kubeProxy, timeoutMs }: ProcessRequest) {
  const script = (name: string) => join(import.meta.dirname, name);
  if (kubeProxy === undefined) {
    return { script: script('pipeline-run.ts'), request: { size } satisfies PipelineRequest };
  }
  return { script: script('process-run.ts'), request: { size, kubeProxy, timeoutMs } satisfies ProcessRequest };
}

function summary(answer: LabAnswer): Latency['targets'] {
  const figures = answer.map(({ target, microseconds }) => [
    target,
    { p50: quantile(microseconds, 0.5), p99: quantile(microseconds, 0.99) },
  ]);
  return Object.fromEntries(figures) as Latency['targets'];
}
