/** Child of the bench, in a network namespace of its own: one dump of a large table, bare and with all that is made of it. */
import { execFileSync } from 'node:child_process';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Directory, EdgeFrames, FlowDecoder, FlowLedger } from '@kubecity/conntrack';
import { openConntrack } from '@kubecity/netlink';
import { request } from '../namespace.ts';
import { median } from '../statistics.ts';
import { TableFiller } from './table-filler.ts';
import { connection, directoryChanges, NODE } from './world.ts';

export interface DumpRequest {
  readonly entries: number;
  readonly runs: number;
}

/** Milliseconds, medians. CPU is user and system of the process, all threads. */
export interface Cost {
  readonly wall: number;
  readonly cpu: number;
}

export interface DumpAnswer {
  readonly entries: number;
  readonly edges: number;
  /** Nobody decodes it. */
  readonly bare: Cost;
  /** Decoded to numbers. */
  readonly decoded: Cost;
  /** Decoded and counted: deltas, edges, the frame. */
  readonly accounted: Cost;
  /** The first one, which meets no flow that it knows. */
  readonly first: Cost;
  /** `conntrack -L | wc -l`, both families. */
  readonly naive: Cost;
  /** Bytes that the ledger of so many flows holds. */
  readonly ledgerBytes: number;
}

const { entries, runs } = request<DumpRequest>();
execFileSync('sysctl', ['-qw', 'net.netfilter.nf_conntrack_acct=1']);
const filler = new TableFiller();
for (let made = 0; made < entries; made += 10_000) {
  const count = Math.min(10_000, entries - made);
  await filler.create(Array.from({ length: count }, (_, index) => connection(made + index)));
}
filler.close();

const source = openConntrack();
const directory = new Directory({ node: NODE });
directory.apply(directoryChanges(), Date.now());
const ledger = new FlowLedger({ directory });
const frames = new EdgeFrames(ledger);
const decoder = new FlowDecoder(() => {});
const accountant = new FlowDecoder((row) => ledger.add(row));

async function account(): Promise<void> {
  const at = Date.now();
  ledger.begin(at);
  await source.dump((bytes) => accountant.read(bytes));
  ledger.end(true);
  frames.next(at, FIGURES, { services: 'all' });
}
const FIGURES = {
  ...{ entries: 0, max: 0, insertFailed: 0, dropped: 0, earlyDropped: 0, lostDumps: 0, lostEvents: 0 },
  ...{ dumpMilliseconds: 0, periodMilliseconds: 0 },
};

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
const before = heldBytes();
const first = await cost(account);
const ledgerBytes = heldBytes() - before;
const ways = {
  bare: () => source.dump(() => {}),
  decoded: () => source.dump((bytes) => decoder.read(bytes)),
  accounted: account,
};
const costs: Record<keyof typeof ways | 'naive', Cost[]> = { bare: [], decoded: [], accounted: [], naive: [] };
// In turns: what disturbs the machine disturbs all of them.
for (let run = 0; run < runs; run += 1) {
  for (const [name, way] of Object.entries(ways)) costs[name as keyof typeof ways].push(await cost(way));
  costs.naive.push(naive());
}
const table = await source.stats();
source.close();
process.stdout.write(
  JSON.stringify({
    ...{ entries: table.entries, edges: ledger.edges.size, first, ledgerBytes },
    ...{ bare: middle(costs.bare), decoded: middle(costs.decoded) },
    ...{ accounted: middle(costs.accounted), naive: middle(costs.naive) },
  } satisfies DumpAnswer),
);

async function cost(act: () => Promise<unknown>): Promise<Cost> {
  const cpu = process.cpuUsage();
  const start = performance.now();
  await act();
  const wall = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  return { wall, cpu: (user + system) / 1000 };
}

function naive(): Cost {
  const start = performance.now();
  const list = 'for f in ipv4 ipv6; do conntrack -L -f $f -o extended 2>&-; done | wc -l >&2; times';
  const times = execFileSync('sh', ['-c', list], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  const wall = performance.now() - start;
  // Second line of `times`: user and system of the children, as 0m0.12s.
  const children = times.trim().split('\n')[1] as string;
  const seconds = [...children.matchAll(/(\d+)m([\d.]+)s/g)].map(([, m, s]) => Number(m) * 60 + Number(s));
  return { wall, cpu: seconds.reduce((sum, each) => sum + each, 0) * 1000 };
}

function heldBytes(): number {
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

function middle(costs: readonly Cost[]): Cost {
  return { wall: median(costs.map(({ wall }) => wall)), cpu: median(costs.map(({ cpu }) => cpu)) };
}
