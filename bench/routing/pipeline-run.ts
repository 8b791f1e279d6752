/** Child of the bench, in a network namespace of its own: the agent's way from objects to the kernel. */
import { writeFileSync } from 'node:fs';
import { request } from '../namespace.ts';
import { type ChangeOptions, type ChangeTimes, measureChanges, now } from './changes.ts';
import { countKernel, type KernelCount } from './machine.ts';
import { Pipeline } from './pipeline.ts';
import { node, Pods, type Size, service } from './world.ts';

export interface PipelineRequest {
  readonly size: Size;
  /** The text of the first programming is left there, for the floor. */
  readonly textFile?: string;
  /** Absent: only the first programming. */
  readonly changes?: ChangeOptions;
}

export interface PipelineAnswer {
  readonly kernel: KernelCount;
  /** Milliseconds from objects in memory to rules in the kernel. */
  readonly first: number;
  /** The same until the kernel was read back and found right. */
  readonly readBack: number;
  readonly changes?: ChangeTimes;
}

const { size, textFile, changes } = request<PipelineRequest>();
const pods = new Pods(size);
const objects = Array.from({ length: size.services }, (_, index) => [service(index), ...pods.slices(index)]).flat();
const texts: string[] = [];
const pipeline = new Pipeline({ ...(textFile !== undefined && { written: (text: string) => texts.push(text) }) });

const start = now();
pipeline.apply(node());
for (const object of objects) pipeline.apply(object);
await pipeline.reached();
const first = (pipeline.syncs.at(-1)?.end ?? Number.NaN) - start;
const readBack = pipeline.readBackAt - start;
if (textFile !== undefined) writeFileSync(textFile, texts.join(''));
const kernel = await countKernel();
const times = changes && (await measureChanges(pipeline, pods, changes));
await pipeline.stop();
process.stdout.write(
  JSON.stringify({ kernel, first, readBack, ...(times && { changes: times }) } satisfies PipelineAnswer),
);
