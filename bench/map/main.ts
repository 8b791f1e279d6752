import { parseArgs } from 'node:util';
import { buildPages } from '../dashboard-process.ts';
import { inFreshNamespace } from '../namespace.ts';
import { describeMachine } from '../routing/machine.ts';
import type { MapAnswer, MapRequest } from './map-run.ts';
import { arrivalTable, frameTable, nodesTable, restTable } from './table.ts';

const HELP = `npm run bench map -- [options]

  --sizes LIST     pods of the city, default 100,1000,10000
  --seconds N      of each look: at rest, panning, zooming, CPU, hidden; default 10
  --minutes N      how long the heap is watched, default 1
  --arrivals N     fresh browsers that wait for their first map, the median counts; default 3
  --no-build       the pages are as they are
  --json           the figures for programs
  --help

A whole dashboard server of its own, in a network namespace of its own, an API server with the objects, one agent for each node
(50 pods) that tells all its edges anew every second, and Debian's Chromium, 1600 × 1000, drawing with the CPU. A Service has ten
pods and is called by those of one other, over 20 edges: one street.
  arriving   from navigation until the page knows all of the city, and to the first whole map, nothing in the cache; CPU time of
             the page's main thread until then and its longest task, longest lag of the hub's loop; bytes on the wire, pages included
  frames     from the browser's own trace: CPU time of script between two frames (collector included), tasks over 50 ms
  at rest    the whole city in view, all streets moving. CPU in % of one core: of all threads of the page's process; main: of its
             main thread; script: time of script there, as the browser counts it, which other programs stretch. Heap: what lives after a collection, at the beginning and after --minutes. Hidden: frames drawn and CPU
`;

const { values } = parseArgs({
  allowNegative: true,
  options: {
    sizes: { type: 'string', default: '100,1000,10000' },
    seconds: { type: 'string', default: '10' },
    minutes: { type: 'string', default: '1' },
    arrivals: { type: 'string', default: '3' },
    build: { type: 'boolean', default: true },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) process.stdout.write(HELP);
else await run();

async function run(): Promise<void> {
  const sizes = values.sizes.split(',').map((each) => whole('sizes', each));
  const [seconds, arrivals] = [whole('seconds', values.seconds), whole('arrivals', values.arrivals)];
  const minutes = Number(values.minutes);
  if (!(minutes >= 0)) throw new RangeError(`--minutes ${values.minutes}: give a number from 0`);
  if (values.build) buildPages();
  const results: MapAnswer[] = [];
  for (const pods of sizes) {
    const wish: MapRequest = { pods, seconds, minutes, arrivals };
    const { answer } = await inFreshNamespace<MapAnswer>(`${import.meta.dirname}/map-run.ts`, wish);
    results.push(answer);
  }
  const machine = describeMachine();
  if (values.json) return console.log(JSON.stringify({ machine, results }, undefined, 2));
  console.log(machine);
  console.log(`\narriving\n${arrivalTable(results)}`);
  console.log(`\nframes\n${frameTable(results)}`);
  console.log(`\nat rest\n${restTable(results)}`);
  console.log(`\nat rest, nodes lens\n${nodesTable(results)}`);
}

function whole(option: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new RangeError(`--${option} ${text}: give whole numbers from 1`);
  return value;
}
