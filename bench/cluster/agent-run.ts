/** Child of the bench, in a network namespace of its own: a whole agent on an API server with all objects of a large cluster. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { clusterRoutingOverrideCrd, routingOverrideCrd } from '@kubecity/kube';
import { ApiError, type KubeObject, startMiniApiServer } from '@kubecity/mini-apiserver';
import { type CpuTimes, childrenOf, cpuOf, difference } from '../accounting/process-cost.ts';
import { request } from '../namespace.ts';
import { peakOf } from '../peak-memory.ts';
import { MeasuredRouter } from '../routing/measured-router.ts';
import { agentCommand } from '../routing/programs.ts';
import { node, Pods, type Size, service } from '../routing/world.ts';
import { pod } from './pod.ts';

export interface ClusterRequest {
  readonly size: Size;
  readonly timeoutMs: number;
  /** Each stretch that is measured. */
  readonly seconds: number;
  readonly podChangesPerSecond: number;
}

export interface ClusterAnswer {
  /** Of all pods as JSON, bytes. */
  readonly podBytes: number;
  /** Milliseconds from the agent's start until all was read and every rule written. */
  readonly fromStart: number;
  readonly startCpu: CpuTimes;
  /** Bytes: the highest, and at the end; of the agent and of its accounting. */
  readonly memory: { readonly peak: number; readonly now: number; readonly accounting: number };
  /** Of one core, percent: at rest, and while pods change. */
  readonly restPercent: number;
  readonly churnPercent: number;
  /** After five seconds without an API server. */
  readonly outage: { readonly lists: number; readonly probes: number; readonly percent: number };
}

const { size, timeoutMs, seconds, podChangesPerSecond } = request<ClusterRequest>();
const count = size.services * size.endpoints;
const seen = { lists: 0, probes: 0 };
let away = false;
const token = randomBytes(24).toString('base64url');
const server = await startMiniApiServer({
  listen: { host: '127.0.0.1', port: 0 },
  users: [{ token, name: 'agent', groups: ['system:masters'], access: 'admin' }],
  intercept: ({ verb, query }) => {
    if (away) throw new ApiError('Timeout', 'the store does not answer');
    if (verb === 'list') seen[query.limit === 1 ? 'probes' : 'lists'] += 1;
  },
});
const put = (object: object) => server.put(object as KubeObject);
put(node());
for (const definition of [routingOverrideCrd, clusterRoutingOverrideCrd]) put(definition);
const slices = new Pods(size);
for (let index = 0; index < size.services; index++) {
  put(service(index));
  for (const slice of slices.slices(index)) put(slice);
}
let podBytes = 0;
for (let index = 0; index < count; index++) {
  const made = pod(index, size);
  podBytes += JSON.stringify(made).length;
  put(made);
}

const folder = mkdtempSync(join(tmpdir(), 'bench-cluster-'));
writeFileSync(join(folder, 'kubeconfig'), server.kubeconfig('agent'), { mode: 0o600 });
const start = Date.now();
const router = new MeasuredRouter(agentCommand(folder));
await router.reached(start, timeoutMs);
const fromStart = Date.now() - start;
const startCpu = cpuOf(router.pid);
// what follows its start: the accounting's first dumps, the collector
await sleep(15_000);

const percent = async (work: () => Promise<void>): Promise<number> => {
  const [before, from] = [cpuOf(router.pid), Date.now()];
  await work();
  const spent = difference(cpuOf(router.pid), before);
  return ((spent.whole + spent.children) / (Date.now() - from)) * 100;
};
const restPercent = await percent(() => sleep(seconds * 1000));
const churnPercent = await percent(async () => {
  for (let tick = 0; tick < seconds * 10; tick++) {
    for (let i = 0; i < podChangesPerSecond / 10; i++) {
      const index = (tick * 7919 + i * 104_729) % count;
      const made = pod(index, size);
      put({ ...made, metadata: { ...made.metadata, annotations: { tick: String(tick) } } });
    }
    await sleep(100);
  }
});
away = true;
server.cut();
await sleep(5000);
Object.assign(seen, { lists: 0, probes: 0 });
const outagePercent = await percent(async () => {
  away = false;
  await sleep(Math.max(seconds, 20) * 1000);
});
const [accounting = 0] = childrenOf(router.pid);
const answer: ClusterAnswer = {
  podBytes,
  fromStart,
  startCpu,
  memory: { peak: router.peakMemory(), now: residentOf(router.pid), accounting: peakOf(accounting).bytes },
  restPercent,
  churnPercent,
  outage: { ...seen, percent: outagePercent },
};
await router.stop();
rmSync(folder, { recursive: true, force: true });
await server.close();
process.stdout.write(JSON.stringify(answer));

function residentOf(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0') * 1024;
}
