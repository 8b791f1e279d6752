import { parseArgs } from 'node:util';
import { type Latency, measureLatency } from './latency.ts';
import { describeMachine } from './machine.ts';
import { measureRules, type RulesResult, warmAgent } from './rules.ts';
import { latencyTable, rulesTable } from './table.ts';
import { parseSize } from './world.ts';

const HELP = `npm run bench routing -- [options]

  --sizes LIST       Services x endpoints of each, default 100x4,1000x4,5000x4,10000x10,1x5000
  --repeat N         fresh starts of each size, the median counts; default 5 up to 5,000 endpoints, 3 beyond
  --services LIST    numbers of Services for the connection latency, default 10,1000,10000
  --connections N    to each target of the connection latency, default 4000
  --only WHAT        rules or latency
  --kube-proxy PATH  a kube-proxy binary: measures it beside us, on the same objects
  --timeout SECONDS  how long it may take for one step, default 600
  --quick            small sizes only, once: does the bench work?
  --json             the figures for programs
  --help

Everything happens in network namespaces of its own. Times in ms (latency in µs), memory in MiB:
  kubecity is the agent's way from objects to the kernel alone, iptables-restore the same text without it; whole agent
  and kube-proxy are processes on an API server of ours.
  first       from objects in memory to rules in the kernel (processes: what their metrics say of their syncs)
  read back   the same, until the kernel was read and found right
  from start  from the start of the process, lists from the API server included
  1 endpoint, 1 Service, zone
              one pod replaced; one Service added (at most 10 endpoints); the zone label of the node
              changed, which moves every Service
  rolling     500 pods replaced, 50 in a second: from the last event to the kernel, and the longest of all
  memory      peak (VmHWM) of the program, and of the iptables-restore that it runs
`;

const { values } = parseArgs({
  options: {
    sizes: { type: 'string' },
    repeat: { type: 'string' },
    services: { type: 'string' },
    connections: { type: 'string' },
    only: { type: 'string' },
    'kube-proxy': { type: 'string' },
    timeout: { type: 'string', default: '600' },
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) process.stdout.write(HELP);
else await run();

async function run(): Promise<void> {
  // In a user namespace nobody may enlarge a netlink socket's buffer, and iptables-nft sends a table as one message.
  if (process.getuid?.() !== 0)
    throw new Error('the routing bench needs root: others cannot write so many rules at once');
  const { only } = values;
  if (only !== undefined && only !== 'rules' && only !== 'latency') {
    throw new RangeError(`--only ${only}: rules or latency`);
  }
  const machine = describeMachine();
  const rules = only === 'latency' ? [] : await benchRules();
  const latency = only === 'rules' ? [] : await benchLatency();
  if (values.json) return console.log(JSON.stringify({ machine, rules, latency }, undefined, 2));
  console.log(machine);
  if (rules.length > 0) console.log(`\n${rulesTable(rules)}`);
  if (latency.length > 0) console.log(`\nnew TCP connection, µs\n${latencyTable(latency)}`);
}

async function benchRules(): Promise<RulesResult[]> {
  const { quick } = values;
  const sizes = values.sizes ?? (quick ? '100x4,1x100' : '100x4,1000x4,5000x4,10000x10,1x5000');
  const results: RulesResult[] = [];
  await warmAgent(peer().timeoutMs);
  for (const size of sizes.split(',').map(parseSize)) {
    const usual = quick ? 1 : size.services * size.endpoints <= 5_000 ? 5 : 3;
    const repeat = values.repeat === undefined ? usual : count('repeat', values.repeat);
    const ofSize = await measureRules({ ...peer(), size, repeat, rollingPods: quick ? 50 : 500, onProgress });
    // The large sizes take long, and somebody may lose patience.
    onProgress(rulesTable(ofSize));
    results.push(...ofSize);
  }
  return results;
}

function benchLatency(): Promise<Latency[]> {
  const services = (values.services ?? (values.quick ? '10,100' : '10,1000,10000')).split(',');
  const connections = count('connections', values.connections ?? (values.quick ? '200' : '4000'));
  return measureLatency({
    ...peer(),
    services: services.map((text) => count('services', text)),
    connections,
    onProgress,
  });
}

function peer(): { kubeProxy?: string; timeoutMs: number } {
  const kubeProxy = values['kube-proxy'];
  return { ...(kubeProxy !== undefined && { kubeProxy }), timeoutMs: count('timeout', values.timeout) * 1000 };
}

function onProgress(text: string): void {
  process.stderr.write(`${text}\n`);
}

function count(option: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new RangeError(`--${option} ${text}: give whole numbers from 1`);
  return value;
}
