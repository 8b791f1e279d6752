/** Child of the bench, in a network namespace of its own: from objects to the kernel, and what changes cost. */
import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import {
  type IsolationChange,
  IsolationCompiler,
  IsolationTracker,
  MOST_REFUSALS,
  parseMemories,
  REFUSAL_DIRECTORY,
  REFUSAL_TABLES,
  REFUSED,
} from '@kubecity/isolation';
import { ipset, iptables } from '@kubecity/netfilter';
import {
  changesOf,
  countRules,
  diff,
  EMPTY_KERNEL,
  filterRulesPassed,
  isEmpty,
  stateOf,
  type Transaction,
} from '@kubecity/ruleset';
import { writeIsolation } from '../../apps/agent/src/isolation/isolation-writer.ts';
import { destroySets } from '../../apps/agent/src/rules/cleanup.ts';
import { request } from '../namespace.ts';
import { median, quantile, since } from '../statistics.ts';
import { NODE, namespaces, pod, policy, type Size } from './world.ts';

export interface IsolationAnswer {
  readonly chains: number;
  readonly rules: number;
  readonly sets: number;
  readonly members: number;
  /** Milliseconds. */
  readonly first: Cost;
  readonly changes: Readonly<Record<string, Cost>>;
  /** Rules of table filter that a first packet is compared with. */
  readonly passed: { readonly open: number; readonly median: number; readonly most: number };
  /** Counters of all gates, and a full memory of refused pairs: milliseconds of processor time of one reading. */
  readonly readings: { readonly counters: number; readonly refused: number; readonly remembered: number };
  /** Bytes: resident after everything, sets and rules not counted. */
  readonly memory: number;
}

export interface Cost {
  /** Objects → text. */
  readonly decide: number;
  /** ipset and iptables-restore, their processes included. */
  readonly kernel: number;
  /** Processor time of all of it, which does not grow when others keep the machine busy. */
  readonly processor: number;
}

const { size, repeat } = request<{ readonly size: Size; readonly repeat: number }>();
const sets = ipset();
const rules = iptables();
const tracker = new IsolationTracker(NODE);
const compiler = new IsolationCompiler({ family: 'IPv4', refusal: 'drop', closedRanges: ['10.100.0.0/24'] });

async function write(tell: () => void, started = true): Promise<Cost> {
  const before = processorTime();
  const start = process.hrtime.bigint();
  tell();
  const change: IsolationChange = tracker.take();
  const update = compiler.update(change);
  const { ruleset } = compiler;
  const transaction: Transaction = started ? changesOf(ruleset, update.chains) : diff(EMPTY_KERNEL, stateOf(ruleset));
  const decide = since(start);
  const written = process.hrtime.bigint();
  await writeIsolation({ rules: transaction, sets: update.sets, ruleset }, sets, async (render) => {
    if (!isEmpty(transaction)) await rules.restore(render(transaction));
  });
  const kernel = since(written);
  const processor = processorTime() - before;
  // Not part of it: a set goes when the kernel has let go of it, and nobody waits for that.
  await destroySets(sets, update.sets.destroy);
  return { decide, kernel, processor };
}

/** Milliseconds that this process and its children that ended have used (proc_pid_stat(5): cutime, cstime, in ticks of 10 ms). */
function processorTime(): number {
  const { user, system } = process.cpuUsage();
  const fields = readFileSync('/proc/self/stat', 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  const ticks = Number(fields[13]) + Number(fields[14]);
  return (user + system) / 1000 + ticks * 10;
}

/** The middle one of several. */
async function measure(tell: (turn: number) => void): Promise<Cost> {
  const costs: Cost[] = [];
  for (let turn = 0; turn < repeat; turn++) costs.push(await write(() => tell(turn)));
  const middle = (pick: (cost: Cost) => number) => median(costs.map(pick));
  return {
    decide: middle(({ decide }) => decide),
    kernel: middle(({ kernel }) => kernel),
    // Of children it is counted in ticks, too coarse for one change.
    processor: costs.reduce((sum, { processor }) => sum + processor, 0) / repeat,
  };
}

const objects = {
  namespaces: namespaces(),
  pods: Array.from({ length: size.pods }, (_, i) => pod(i, size)),
  policies: Array.from({ length: size.policies }, (_, i) => policy(i)),
};
const first = await write(() => {
  for (const one of objects.namespaces) tracker.setNamespace(one);
  for (const one of objects.pods) tracker.setPod(one);
  for (const one of objects.policies) tracker.setPolicy(one);
}, false);
const { chains, rules: count } = countRules(compiler.ruleset);
const members = [...compiler.sets.values()].reduce((sum, set) => sum + [...set.members.keys()].length, 0);

const changes = {
  // Gone and back in turn.
  'local pod': await measure((turn) =>
    turn % 2 === 0 ? tracker.deletePod(pod(7, size)) : tracker.setPod(pod(7, size)),
  ),
  'remote pod': await measure((turn) => {
    const remote = pod(size.localPods + 11, size);
    if (turn % 2 === 0) tracker.deletePod(remote);
    else tracker.setPod(remote);
  }),
  label: await measure((turn) => tracker.setPod(pod(size.localPods + 12, size, turn % 10))),
  policy: await measure((turn) => tracker.setPolicy(policy(3, 9100 + turn))),
  namespace: await measure((turn) =>
    tracker.setNamespace({ metadata: { name: 'space-4', labels: { team: `other-${turn}` } } }),
  ),
};

const world = {
  localAddresses: [],
  sets: new Map([...compiler.sets].map(([name, { members: held }]) => [name, asSet(held)])),
};
const passed = (destination: string) =>
  filterRulesPassed(
    compiler.ruleset,
    { from: 'external', source: '198.51.100.9', destination, protocol: 'tcp', port: 1 },
    world,
  );
const toPods = objects.pods.slice(0, size.localPods).map(({ status }) => passed(status?.podIPs?.[0]?.ip ?? ''));

/** Processor time of one of several: ticks are too coarse for a single one. */
async function reading(read: () => Promise<unknown>): Promise<number> {
  const times = 20;
  await read();
  const before = processorTime();
  for (let i = 0; i < times; i++) await read();
  return (processorTime() - before) / times;
}

/** As many refused pairs as the kernel remembers: what this process sends is refused, too, for once. */
async function refuseMany(): Promise<void> {
  execFileSync('ip', ['link', 'set', 'lo', 'up']);
  await rules.restore(`*filter\n-A OUTPUT -p udp -j ${REFUSED}\nCOMMIT\n`);
  const socket = createSocket('udp4');
  for (let port = 1; port <= MOST_REFUSALS; port++) {
    await new Promise((sent) => socket.send('?', port, '127.0.0.1', sent));
  }
  socket.close();
}

const chainsOfGates = [...compiler.countedGates()].map(({ chain }) => chain);
const counters = await reading(() => rules.listCounted('filter', chainsOfGates));
await refuseMany();
const remembered = async () =>
  parseMemories(await readFile(`/proc/net/${REFUSAL_DIRECTORY.IPv4}/${REFUSAL_TABLES.UDP}`, 'utf8')).length;

const answer: IsolationAnswer = {
  chains,
  rules: count,
  sets: compiler.sets.size,
  members,
  first,
  changes,
  passed: { open: passed('10.200.0.1'), median: median(toPods), most: quantile(toPods, 1) },
  readings: { counters, refused: await reading(remembered), remembered: await remembered() },
  memory: process.memoryUsage.rss(),
};
process.stdout.write(JSON.stringify(answer));

function asSet(members: { has(member: string): boolean }) {
  return { has: (member: string) => members.has(member), size: 1 };
}
