import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { aligned } from '../aligned.ts';
import { inFreshNamespace } from '../namespace.ts';
import { describeMachine } from '../routing/machine.ts';
import { parseSize, sizeText } from '../routing/world.ts';
import type { ClusterAnswer, ClusterRequest } from './agent-run.ts';

const HELP = `npm run bench cluster -- [options]

  --sizes LIST     Services x endpoints of each, every endpoint a pod; default 1000x5,10000x5
  --seconds N      how long each stretch is measured, default 20
  --changes N      pods that change in a second, default 50
  --timeout N      seconds that the start may take, default 600
  --json           the figures for programs
  --help

One whole agent on an API server that has every object of a large cluster, pods of 4 kB each among them. MiB and % of one core:
  from start  seconds until all was listed and every rule is in the kernel; cpu: seconds of a core for it
  peak, now   memory of the agent (VmHWM, VmRSS after everything); accounting: its other process
  rest        with nothing going on; churn: while pods change that nothing here depends on
  after 5 s   what the end of an outage of the API costs: lists of everything, questions for one object
`;

const { values } = parseArgs({
  options: {
    sizes: { type: 'string', default: '1000x5,10000x5' },
    seconds: { type: 'string', default: '20' },
    changes: { type: 'string', default: '50' },
    timeout: { type: 'string', default: '600' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const HEAD = 'size,pods MiB,from start,cpu,peak,now,accounting,rest %,churn %,lists after 5 s,probes,%'.split(',');

async function run(): Promise<void> {
  const results: { size: string; answer: ClusterAnswer }[] = [];
  for (const size of values.sizes.split(',').map(parseSize)) {
    const asked: ClusterRequest = {
      size,
      timeoutMs: Number(values.timeout) * 1000,
      seconds: Number(values.seconds),
      podChangesPerSecond: Number(values.changes),
    };
    const { answer } = await inFreshNamespace<ClusterAnswer>(join(import.meta.dirname, 'agent-run.ts'), asked);
    results.push({ size: sizeText(size), answer });
  }
  if (values.json) process.stdout.write(`${JSON.stringify(results)}\n`);
  else process.stdout.write(`${describeMachine()}\n${aligned([HEAD, ...results.map(row)])}\n`);
}

const mebibytes = (bytes: number) => (bytes / 2 ** 20).toFixed(0);
const seconds = (milliseconds: number) => (milliseconds / 1000).toFixed(1);

function row({ size, answer }: { size: string; answer: ClusterAnswer }): string[] {
  const { podBytes, fromStart, startCpu, memory, restPercent, churnPercent, outage } = answer;
  return [
    size,
    mebibytes(podBytes),
    seconds(fromStart),
    seconds(startCpu.whole + startCpu.children),
    ...[memory.peak, memory.now, memory.accounting].map(mebibytes),
    ...[restPercent, churnPercent].map((percent) => percent.toFixed(1)),
    String(outage.lists),
    String(outage.probes),
    outage.percent.toFixed(1),
  ];
}

if (values.help) process.stdout.write(HELP);
else await run();
