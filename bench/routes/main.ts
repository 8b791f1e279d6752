import { parseArgs } from 'node:util';
import { aligned } from '../aligned.ts';
import { inFreshNamespace } from '../namespace.ts';
import type { Cost, RoutesAnswer } from './run.ts';
import type { Size } from './world.ts';

const HELP = `npm run bench routes -- [options]

  --peers LIST  numbers of other nodes, default 1000
  --repeat N    of each measurement, default 7; the median counts
  --json        the figures for programs
  --help

Other nodes on the node's own link (direct) or all behind its gateway (vxlan), in IPv4 alone or in both families. Times in
ms on the clock, of the process's processor time in brackets, from Node objects in memory to the kernel's last answer, in a
network namespace of its own.
  steps         requests to the kernel of the first programming
  cold          everything from nothing, the kernel read and asked for every way before
  full          the compare of every 30 s: the kernel read, every way asked for, nothing to do
  moved         one node has another address
  gone or back  one node goes, or comes
  batch         what cold writes, through ip -batch and bridge -batch, nothing read or decided: the floor
  memory        of the process, after all of it
`;

const { values } = parseArgs({
  options: {
    peers: { type: 'string', default: '1000' },
    repeat: { type: 'string', default: '7' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) process.stdout.write(HELP);
else await run();

interface Result {
  readonly size: Size;
  readonly answer: RoutesAnswer;
}

async function run(): Promise<void> {
  const repeat = positive('repeat', values.repeat);
  const script = new URL('run.ts', import.meta.url).pathname;
  const results: Result[] = [];
  for (const peers of values.peers.split(',').map((text) => positive('peers', text))) {
    for (const way of ['direct', 'vxlan'] as const) {
      for (const families of ['IPv4', 'both'] as const) {
        const size: Size = { peers, way, families };
        const { answer } = await inFreshNamespace<RoutesAnswer>(script, { size, repeat });
        results.push({ size, answer });
      }
    }
  }
  process.stdout.write(`${values.json ? JSON.stringify(results) : table(results)}\n`);
}

function table(results: readonly Result[]): string {
  const names = Object.keys(results[0]?.answer.costs ?? {});
  const rows = results.map(({ size, answer: { steps, costs, floor, memory } }) => [
    `${size.peers} ${size.way}`,
    size.families,
    String(steps),
    ...names.map((name) => cost(costs[name] as Cost)),
    floor.toFixed(0),
    `${Math.round(memory / 2 ** 20)} MiB`,
  ]);
  return aligned([['peers', 'families', 'steps', ...names, 'batch', 'memory'], ...rows]);
}

function cost({ wall, processor }: Cost): string {
  const digits = wall < 10 ? 1 : 0;
  return `${wall.toFixed(digits)} (${processor.toFixed(digits)})`;
}

function positive(name: string, text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new RangeError(`--${name} ${text}: a whole number from 1 on`);
  return number;
}
