import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildPages } from '../dashboard-process.ts';
import { inFreshNamespace } from '../namespace.ts';
import { describeMachine } from '../routing/machine.ts';
import type { AgentAnswer, AgentRequest } from './agent-run.ts';
import type { DumpAnswer, DumpRequest } from './dump-run.ts';
import type { HubAnswer, HubRequest } from './hub-run.ts';
import { type AgentResult, agentTable, dumpTable, hubTable } from './table.ts';

const HELP = `npm run bench accounting -- [options]

  --sizes LIST       entries of the connection table, default 10000,100000,500000
  --rates LIST       new flows per second beside them, default 0,5000; each lives for 10 s
  --seconds N        how long to look at an agent (two dumps at least) or the hub, default 40
  --cpu-percent N    what the agent's accounting may take of one core, instead of its default
  --runs N           dumps of each way, the median counts; default 9
  --agents N         of the hub's crowd, default 200
  --only WHAT        dump, agent or hub
  --raise-limit      raise the machine's net.netfilter.nf_conntrack_max while it runs, where sizes need it
  --quick            small sizes only, a few seconds each: does the bench work?
  --json             the figures for programs
  --help

Everything happens in network namespaces of its own, but for --raise-limit: the limit is the machine's. Entries are made
through netlink: 200 clients, 100 Services of ten backends, every fifth connection over IPv6; 1,000 edges.
  dump      one dump of the table in this bench's own process: bare (nobody decodes it, the floor), decoded to numbers,
            decoded and counted to a frame; beside them conntrack -L, both families
  agent     a whole agent at its default period. CPU in % of one core: of all its processes; main: of the thread that routes;
            MiB: peak (VmHWM) of its own process, and of the one that counts. p50, p95: from the entry in the table to the frame that tells of it; missing: flows made and never told of
  hub       the whole dashboard server, a crowd of agents with 200 edges each, all changed in each frame, a frame a second;
            one browser looks at one Service, whose edges are on the screen
`;

const { values } = parseArgs({
  options: {
    sizes: { type: 'string' },
    rates: { type: 'string', default: '0,5000' },
    seconds: { type: 'string' },
    runs: { type: 'string' },
    'cpu-percent': { type: 'string' },
    agents: { type: 'string' },
    only: { type: 'string' },
    'raise-limit': { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const LIMIT = '/proc/sys/net/netfilter/nf_conntrack_max';
/** Beside the entries at rest: what a busy table has of short ones, and marks. */
const ROOM = 100_000;
const script = (name: string) => join(import.meta.dirname, name);

if (values.help) process.stdout.write(HELP);
else await run();

async function run(): Promise<void> {
  const { only, quick } = values;
  if (only !== undefined && !['dump', 'agent', 'hub'].includes(only)) {
    throw new RangeError(`--only ${only}: dump, agent or hub`);
  }
  const sizes = list('sizes', values.sizes ?? (quick ? '5000' : '10000,100000,500000'), 1);
  const rates = list('rates', values.rates, 0);
  const seconds = whole('seconds', values.seconds ?? (quick ? '5' : '40'), 1);
  const wants = (part: string) => only === undefined || only === part;
  const machine = describeMachine();
  const restore = wants('dump') || wants('agent') ? makeRoom(Math.max(...sizes) + ROOM) : () => {};
  try {
    const dumps = wants('dump') ? await benchDumps(sizes, whole('runs', values.runs ?? (quick ? '3' : '9'), 1)) : [];
    const agents = wants('agent') ? await benchAgents(sizes, rates, seconds) : [];
    const hub = wants('hub')
      ? await benchHub(whole('agents', values.agents ?? (quick ? '40' : '200'), 40), seconds)
      : undefined;
    if (values.json) return console.log(JSON.stringify({ machine, dumps, agents, hub }, undefined, 2));
    console.log(machine);
    if (dumps.length > 0) console.log(`\none dump\n${dumpTable(dumps)}`);
    if (agents.length > 0) console.log(`\nthe agent\n${agentTable(agents)}`);
    if (hub) console.log(`\nthe hub\n${hubTable(hub)}`);
  } finally {
    restore();
  }
}

async function benchDumps(sizes: readonly number[], runs: number): Promise<DumpAnswer[]> {
  const results: DumpAnswer[] = [];
  for (const entries of sizes) {
    const wish: DumpRequest = { entries, runs };
    const { answer } = await inFreshNamespace<DumpAnswer>(script('dump-run.ts'), wish);
    onProgress(dumpTable([answer]));
    results.push(answer);
  }
  return results;
}

async function benchAgents(
  sizes: readonly number[],
  rates: readonly number[],
  seconds: number,
): Promise<AgentResult[]> {
  const results: AgentResult[] = [];
  const percent = values['cpu-percent'];
  const cpuPercent = percent === undefined ? {} : { cpuPercent: whole('cpu-percent', percent, 1) };
  for (const entries of sizes) {
    for (const perSecond of rates) {
      const asked: AgentRequest = { entries, perSecond, seconds, ...cpuPercent };
      const { answer } = await inFreshNamespace<AgentAnswer>(script('agent-run.ts'), asked);
      const result = { ...answer, asked };
      onProgress(agentTable([result]));
      results.push(result);
    }
  }
  return results;
}

async function benchHub(nodes: number, seconds: number): Promise<HubAnswer> {
  buildPages();
  const wish: HubRequest = { nodes, seconds };
  const { answer } = await inFreshNamespace<HubAnswer>(script('hub-run.ts'), wish);
  return answer;
}

/**
 * The limit of every namespace is that of the machine.
 * @returns what puts it back
 * @throws Error when it is too low and may not be raised
 */
function makeRoom(entries: number): () => void {
  const limit = Number(readFileSync(LIMIT, 'utf8'));
  if (limit === 0 || limit >= entries) return () => {};
  if (!values['raise-limit']) {
    throw new Error(
      `the machine allows ${limit} connections, ${entries} are needed: --raise-limit, or smaller --sizes`,
    );
  }
  writeFileSync(LIMIT, String(entries));
  const restore = () => writeFileSync(LIMIT, String(limit));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      restore();
      process.exit(1);
    });
  }
  return restore;
}

function onProgress(text: string): void {
  process.stderr.write(`${text}\n`);
}

function list(option: string, text: string, least: number): number[] {
  return text.split(',').map((each) => whole(option, each, least));
}

function whole(option: string, text: string, least: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least) {
    throw new RangeError(`--${option} ${text}: give whole numbers from ${least}`);
  }
  return value;
}
