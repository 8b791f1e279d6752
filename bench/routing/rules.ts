import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inFreshNamespace } from '../namespace.ts';
import { median } from '../statistics.ts';
import type { ChangeOptions, ChangeTimes } from './changes.ts';
import type { FloorAnswer, FloorRequest } from './floor-run.ts';
import type { KernelCount } from './machine.ts';
import type { PipelineAnswer, PipelineRequest } from './pipeline-run.ts';
import type { ProcessAnswer, ProcessRequest } from './process-run.ts';
import { type Size, sizeText } from './world.ts';

/** What one way of programming did with one size. Milliseconds and bytes; absent where it does not apply. */
export interface RulesResult {
  readonly size: string;
  readonly who: 'kubecity' | 'iptables-restore' | 'whole agent' | 'kube-proxy';
  readonly kernel?: KernelCount;
  /** First programming, until the kernel has it. */
  readonly first?: number;
  readonly readBack?: number;
  /** From the start of the process, lists from the API server included. */
  readonly fromStart?: number;
  readonly changes?: ChangeTimes;
  readonly memory?: number;
  /** Of the iptables-restore that it ran. */
  readonly restoreMemory?: number;
  /** Why there are no figures. */
  readonly failed?: string;
}

export interface RulesOptions {
  readonly size: Size;
  readonly repeat: number;
  readonly rollingPods: number;
  /** Path of a kube-proxy to measure too. */
  readonly kubeProxy?: string;
  readonly timeoutMs: number;
  readonly onProgress: (text: string) => void;
}

const script = (name: string) => join(import.meta.dirname, name);
const RESTORE = 'iptables-restore'.slice(0, 15);

/** Fills the cache of compiled code, so that the first agent is like all others. */
export async function warmAgent(timeoutMs: number): Promise<void> {
  const size = { services: 1, endpoints: 1 };
  const { failed } = await wholeProgram({ size, repeat: 1, rollingPods: 1, timeoutMs, onProgress: () => undefined });
  if (failed !== undefined) throw new Error(failed);
}

/** The agent and the floor take turns, each time in a fresh process and namespace; then the whole programs have theirs, once. */
export async function measureRules(options: RulesOptions): Promise<RulesResult[]> {
  const { size, repeat, kubeProxy, onProgress } = options;
  const folder = mkdtempSync(join(tmpdir(), 'bench-routing-'));
  const textFile = join(folder, 'restore.txt');
  const agents: PipelineAnswer[] = [];
  const floors: number[] = [];
  let floorMemory = 0;
  try {
    for (let round = 1; round <= repeat; round++) {
      onProgress(`${sizeText(size)}: first programming, ${round} of ${repeat}`);
      agents.push((await inFreshNamespace<PipelineAnswer>(script('pipeline-run.ts'), ask({ size, textFile }))).answer);
      const floor = await inFreshNamespace<FloorAnswer>(script('floor-run.ts'), { textFile } satisfies FloorRequest);
      floors.push(floor.answer);
      floorMemory = Math.max(floorMemory, floor.peaks.get(RESTORE) ?? 0);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  onProgress(`${sizeText(size)}: changes`);
  const changing = await inFreshNamespace<PipelineAnswer>(
    script('pipeline-run.ts'),
    ask({ size, changes: changeOptions(options, 300) }),
  );
  agents.push(changing.answer);
  const results: RulesResult[] = [
    {
      size: sizeText(size),
      who: 'kubecity',
      kernel: changing.answer.kernel,
      first: median(agents.map(({ first }) => first)),
      readBack: median(agents.map(({ readBack }) => readBack)),
      ...(changing.answer.changes && { changes: changing.answer.changes }),
      memory: changing.peaks.get('MainThread') ?? 0,
      restoreMemory: changing.peaks.get(RESTORE) ?? 0,
    },
    { size: sizeText(size), who: 'iptables-restore', first: median(floors), restoreMemory: floorMemory },
  ];
  results.push(await wholeProgram(options));
  if (kubeProxy !== undefined) results.push(await wholeProgram(options, kubeProxy));
  return results;
}

const ask = (request: PipelineRequest): PipelineRequest => request;

/** @param restMs longer than the pause that the program makes between two syncs by itself */
function changeOptions({ size, rollingPods }: RulesOptions, restMs: number): ChangeOptions {
  return { size, repeat: 5, rolling: { pods: rollingPods, perSecond: 50 }, restMs };
}

/** A program with everything that belongs to it, fed by an API server: the agent, or the kube-proxy at this path. */
async function wholeProgram(options: RulesOptions, kubeProxy?: string): Promise<RulesResult> {
  const { size, timeoutMs, onProgress } = options;
  const head = { size: sizeText(size), who: kubeProxy === undefined ? 'whole agent' : 'kube-proxy' } as const;
  onProgress(`${head.size}: ${head.who}`);
  try {
    const { answer, peaks } = await inFreshNamespace<ProcessAnswer>(script('process-run.ts'), {
      size,
      ...(kubeProxy !== undefined && { kubeProxy }),
      timeoutMs,
      // kube-proxy's own pause between two syncs is a second, ours 100 ms.
      changes: changeOptions(options, kubeProxy === undefined ? 500 : 2_500),
    } satisfies ProcessRequest);
    const { memory, ...times } = answer;
    return { ...head, ...times, memory, restoreMemory: peaks.get(RESTORE) ?? 0 };
  } catch (error) {
    return { ...head, failed: error instanceof Error ? error.message : String(error) };
  }
}
