/** Child of the bench, in a network namespace of its own: a whole agent at its default period beside a large table. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as rest } from 'node:timers/promises';
import { type KubeObject, startMiniApiServer } from '@kubecity/mini-apiserver';
import type { TableFigures } from '@kubecity/protocol';
import { end, hasEnded } from '../../apps/agent/testing/child-end.ts';
import { request } from '../namespace.ts';
import { peakOf } from '../peak-memory.ts';
import { quantile } from '../statistics.ts';
import { FrameEar } from './frame-ear.ts';
import { childrenOf, cpuOf, difference, mainTime } from './process-cost.ts';
import { clusterObjects, MARK_PORT, NODE, POD_RANGES, SHORT_LIFE_SECONDS } from './world.ts';

export interface AgentRequest {
  readonly entries: number;
  /** New flows per second; 0: a table at rest. */
  readonly perSecond: number;
  /** How long to look at least. */
  readonly seconds: number;
  /** What the accounting may take of one core; absent: its default. */
  readonly cpuPercent?: number;
}

export interface AgentAnswer {
  /** Of the table, at the end. */
  readonly entries: number;
  readonly edges: number;
  /** Per cent of one core: the agent and the processes that it keeps, and of that its own main thread, which routes. */
  readonly cpu: { readonly whole: number; readonly main: number };
  /** Milliseconds of that thread around a frame, beyond what it takes at other times. */
  readonly mainPerDump: number;
  readonly dumps: number;
  readonly dumpMilliseconds: number;
  readonly periodMilliseconds: number;
  /** From the entry in the table to the frame that tells of it, milliseconds. */
  readonly latency: { readonly marks: number; readonly p50: number; readonly p95: number };
  /** VmHWM, bytes: of the agent's own process, and of the largest that it keeps, which counts. */
  readonly memory: { readonly own: number; readonly counting: number };
  /** Flows that were made meanwhile, and those of them that were never told of. */
  readonly made: number;
  readonly missing: number;
  readonly lost: Pick<TableFigures, 'lostDumps' | 'lostEvents' | 'endedUnseen' | 'folded' | 'unexplained'>;
}

const AGENT = join(import.meta.dirname, '../../apps/agent/kubecity-agent');
const COMPILED = join(import.meta.dirname, '../../node_modules/.cache/kubecity-compile');
/** A large table is read every 100 s. */
const PATIENCE_MS = 400_000;
const MARK_EVERY_MS = 400;
/** A window has so many dumps at least. */
const DUMPS = 2;
const SAMPLE_MS = 50;
/** The main thread's part in a dump falls into this time before and after the frame. */
const AROUND_FRAME_MS = 400;

const { entries, perSecond, seconds, cpuPercent } = request<AgentRequest>();
const folder = mkdtempSync(join(tmpdir(), 'bench-accounting-'));
const path = (name: string) => join(folder, name);
execFileSync('sysctl', ['-qw', 'net.netfilter.nf_conntrack_acct=1', 'net.ipv4.ip_forward=1']);
execFileSync('ip', ['addr', 'add', '192.168.10.1/32', 'dev', 'lo']);
execFileSync('ip', ['addr', 'add', 'fd00:18::1/128', 'dev', 'lo']);
const server = await startMiniApiServer({ socketPath: path('api.sock') });
for (const object of clusterObjects()) server.put(object as KubeObject);
const ear = new FrameEar(path('hub.sock'), MARK_PORT);

const filler = spawn(process.execPath, [join(import.meta.dirname, 'filler-run.ts')], {
  stdio: ['pipe', 'pipe', 'inherit'],
});
const answers = createInterface({ input: filler.stdout })[Symbol.asyncIterator]();
for (let left = entries; left > 0; left -= 20_000) await ask({ fill: Math.min(left, 20_000) });

const agent = startAgent();
const pid = agent.pid as number;
await until('the first frames', () => ear.inSync && (ear.table?.entries ?? 0) >= entries);
if (perSecond > 0) {
  await ask({ perSecond });
  await rest((SHORT_LIFE_SECONDS + 2) * 1000);
}
// The period finds its length by what dumps cost, and they cost more until their code is compiled: after some 50,000 rows.
const settled = ear.frames + 2 + Math.ceil(50_000 / entries);
await until('a settled period', () => ear.frames >= settled);

const [cpuBefore, framesBefore, start] = [cpuOf(pid), ear.frames, performance.now()];
const samples: { readonly at: number; readonly main: number }[] = [];
const sampling = setInterval(() => samples.push({ at: performance.now(), main: mainTime(pid) }), SAMPLE_MS);
const marked: number[] = [];
while (performance.now() - start < seconds * 1000 || ear.frames - framesBefore < DUMPS) {
  marked.push((await ask({ mark: marked.length })) as number);
  await rest(Math.random() * 2 * MARK_EVERY_MS);
}
clearInterval(sampling);
const milliseconds = performance.now() - start;
const [cpu, dumps] = [difference(cpuOf(pid), cpuBefore), ear.frames - framesBefore];

const made = perSecond > 0 ? ((await ask({ perSecond: 0 })) as number) : 0;
const last = ear.frames + 2;
await until('the last frames', () => ear.frames >= last);
const { table } = ear;
if (!table) throw new Error('there was no frame');
const latencies = marked.map((at, index) => (ear.told[index] ?? Number.POSITIVE_INFINITY) - at);
const share = (part: number) => (part / milliseconds) * 100;
const answer: AgentAnswer = {
  entries: table.entries,
  edges: ear.edges,
  cpu: { whole: share(cpu.whole + cpu.children), main: share(cpu.main) },
  mainPerDump: mainAroundFrames(),
  dumps,
  dumpMilliseconds: table.dumpMilliseconds,
  periodMilliseconds: table.periodMilliseconds,
  latency: { marks: marked.length, p50: quantile(latencies, 0.5), p95: quantile(latencies, 0.95) },
  memory: { own: peakOf(pid).bytes, counting: Math.max(...childrenOf(pid).map((child) => peakOf(child).bytes)) },
  made: made + marked.length,
  missing: made + marked.length - ear.opened(),
  lost: {
    lostDumps: table.lostDumps,
    lostEvents: table.lostEvents,
    endedUnseen: table.endedUnseen,
    folded: table.folded,
    unexplained: table.unexplained,
  },
};
await end(agent, 'SIGKILL');
await end(filler, 'SIGKILL');
await ear.close();
await server.close();
rmSync(folder, { recursive: true, force: true });
process.stdout.write(JSON.stringify(answer));
process.exit();

/** What the main thread takes around a frame, less what it takes in as much time elsewhere; the mean of all frames. */
function mainAroundFrames(): number {
  let around = { cpu: 0, time: 0 };
  let elsewhere = { cpu: 0, time: 0 };
  samples.forEach(({ at, main }, index) => {
    const before = samples[index - 1];
    if (!before) return;
    const near = ear.frameTimes.some((frame) => Math.abs(at - frame) < AROUND_FRAME_MS);
    const sum = near ? around : elsewhere;
    const more = { cpu: sum.cpu + main - before.main, time: sum.time + at - before.at };
    if (near) around = more;
    else elsewhere = more;
  });
  const usual = elsewhere.time === 0 ? 0 : elsewhere.cpu / elsewhere.time;
  return Math.max(0, around.cpu - usual * around.time) / dumps;
}

function startAgent(): ChildProcess {
  writeFileSync(path('token'), 'a secret of the bench\n');
  const flags = {
    'node-name': NODE,
    'kube-socket': path('api.sock'),
    'cluster-cidr': POD_RANGES,
    hub: `unix:${path('hub.sock')}`,
    'hub-token-file': path('token'),
    'log-level': 'error',
    ...(cpuPercent !== undefined && { 'accounting-cpu-percent': String(cpuPercent) }),
  };
  const args = Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value]);
  const env = { ...process.env, NODE: process.execPath, NODE_COMPILE_CACHE: COMPILED };
  return spawn(AGENT, args, { env, stdio: ['ignore', 'ignore', 'inherit'] });
}

async function ask(order: object): Promise<unknown> {
  filler.stdin.write(`${JSON.stringify(order)}\n`);
  const { value, done } = await answers.next();
  if (done) throw new Error('the filler has ended');
  return JSON.parse(value);
}

async function until(what: string, isSo: () => boolean): Promise<void> {
  for (const deadline = performance.now() + PATIENCE_MS; !isSo(); ) {
    if (hasEnded(agent)) throw new Error(`the agent has ended before ${what}`);
    if (performance.now() > deadline) throw new Error(`the agent: not ${what} within ${PATIENCE_MS / 1000} s`);
    await rest(20);
  }
}
