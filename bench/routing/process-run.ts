/** Child of the bench, in a network namespace of its own: a whole program on an API server with the objects of the world. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type KubeObject, startMiniApiServer } from '@kubecity/mini-apiserver';
import { request } from '../namespace.ts';
import { type ChangeOptions, type ChangeTimes, measureChanges, now } from './changes.ts';
import { countKernel, type KernelCount } from './machine.ts';
import { MeasuredRouter } from './measured-router.ts';
import { agentCommand, ipv4KubeProxyCommand } from './programs.ts';
import { node, Pods, type Size, service } from './world.ts';

export interface ProcessRequest {
  /** Path of a kube-proxy; absent: the agent. */
  readonly kubeProxy?: string;
  readonly size: Size;
  readonly timeoutMs: number;
  /** Absent: only the first programming. */
  readonly changes?: ChangeOptions;
}

export interface ProcessAnswer {
  readonly kernel: KernelCount;
  /** Milliseconds of its syncs until every rule was there. */
  readonly first: number;
  /** From the start of the process. */
  readonly fromStart: number;
  readonly changes?: ChangeTimes;
  /** Peak (VmHWM) of the program, bytes. */
  readonly memory: number;
}

const { kubeProxy, size, timeoutMs, changes } = request<ProcessRequest>();
const token = randomBytes(24).toString('base64url');
const server = await startMiniApiServer({
  listen: { host: '127.0.0.1', port: 0 },
  users: [{ token, name: 'router', groups: ['system:masters'], access: 'admin' }],
});
// Objects that routing reads are a part of what an API server keeps of any object.
const put = (object: object) => server.put(object as KubeObject);
const pods = new Pods(size);
put(node());
for (let index = 0; index < size.services; index++) {
  put(service(index));
  for (const slice of pods.slices(index)) put(slice);
}

const folder = mkdtempSync(join(tmpdir(), 'bench-routing-'));
writeFileSync(join(folder, 'kubeconfig'), server.kubeconfig('router'), { mode: 0o600 });
const command = kubeProxy === undefined ? agentCommand(folder) : ipv4KubeProxyCommand(kubeProxy, folder);

const start = now();
const router = new MeasuredRouter(command);
await router.reached(start, timeoutMs);
// What follows the sync that wrote the last rule only writes the same again.
const complete = router.syncs.findIndex(({ rules }) => rules === router.syncs.at(-1)?.rules);
const first = router.syncs.slice(0, complete + 1).reduce((sum, sync) => sum + sync.end - sync.start, 0);
const fromStart = (router.syncs[complete]?.end ?? Number.NaN) - start;
const kernel = await countKernel();
const times =
  changes &&
  (await measureChanges(
    { apply: put, syncs: router.syncs, reached: (moment) => router.reached(moment, timeoutMs) },
    pods,
    changes,
  ));
const memory = router.peakMemory();
await router.stop();
rmSync(folder, { recursive: true, force: true });
await server.close();
process.stdout.write(
  JSON.stringify({ kernel, first, fromStart, memory, ...(times && { changes: times }) } satisfies ProcessAnswer),
);
