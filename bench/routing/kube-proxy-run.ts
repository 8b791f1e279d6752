/** Child of the bench, in a network namespace of its own: a kube-proxy on an API server with the objects of the world. */
import { randomBytes } from 'node:crypto';
import { type KubeObject, startMiniApiServer } from '@kubecity/mini-apiserver';
import { request } from '../namespace.ts';
import { type ChangeOptions, type ChangeTimes, measureChanges, now } from './changes.ts';
import { KubeProxyProcess } from './kube-proxy-process.ts';
import { countKernel, type KernelCount } from './machine.ts';
import { node, Pods, type Size, service } from './world.ts';

export interface KubeProxyRequest {
  readonly binary: string;
  readonly size: Size;
  readonly timeoutMs: number;
  /** Absent: only the first programming. */
  readonly changes?: ChangeOptions;
}

export interface KubeProxyAnswer {
  readonly kernel: KernelCount;
  /** Milliseconds of its syncs until everything was there. */
  readonly first: number;
  /** From the start of the process. */
  readonly fromStart: number;
  readonly changes?: ChangeTimes;
}

const { binary, size, timeoutMs, changes } = request<KubeProxyRequest>();
const token = randomBytes(24).toString('base64url');
const server = await startMiniApiServer({
  listen: { host: '127.0.0.1', port: 0 },
  users: [{ token, name: 'kube-proxy', groups: ['system:masters'], access: 'admin' }],
});
// Objects that routing reads are a part of what an API server keeps of any object.
const put = (object: object) => server.put(object as KubeObject);
const pods = new Pods(size);
put(node());
for (let index = 0; index < size.services; index++) {
  put(service(index));
  for (const slice of pods.slices(index)) put(slice);
}

const start = now();
const proxy = new KubeProxyProcess(binary, server.kubeconfig('kube-proxy'));
await proxy.reached(start, timeoutMs);
const first = proxy.syncs.reduce((sum, sync) => sum + sync.end - sync.start, 0);
const fromStart = (proxy.syncs.at(-1)?.end ?? Number.NaN) - start;
const kernel = await countKernel();
const times =
  changes &&
  (await measureChanges(
    { apply: put, syncs: proxy.syncs, reached: (moment) => proxy.reached(moment, timeoutMs) },
    pods,
    changes,
  ));
proxy.stop();
await server.close();
process.stdout.write(
  JSON.stringify({ kernel, first, fromStart, ...(times && { changes: times }) } satisfies KubeProxyAnswer),
);
