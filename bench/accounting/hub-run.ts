/** Child of the bench, in a network namespace of its own: the whole dashboard server, many agents, one browser. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as rest } from 'node:timers/promises';
import { type KubeObject, startMiniApiServer } from '@kubecity/mini-apiserver';
import type { CityFrame } from '@kubecity/protocol';
import { io } from 'socket.io-client';
import { end } from '../../apps/agent/testing/child-end.ts';
import { answers, countingProxy, startDashboard, until } from '../dashboard-process.ts';
import { request, scriptCommand } from '../namespace.ts';
import { peakOf } from '../peak-memory.ts';
import { crowdObjects, EDGES_PER_NODE, serviceKey } from './crowd.ts';
import type { CrowdRequest } from './crowd-run.ts';
import { cpuOf, difference } from './process-cost.ts';

export interface HubRequest {
  readonly nodes: number;
  readonly seconds: number;
}

export interface HubAnswer {
  readonly nodes: number;
  readonly edges: number;
  /** Per cent of one core: the process, its main thread. */
  readonly cpu: { readonly hub: number; readonly main: number };
  /** VmHWM, bytes. */
  readonly memory: number;
  /** Of one browser that looks at one Service: edges on the screen, rows and bytes a second. */
  readonly browser: { readonly edges: number; readonly rows: number; readonly bytes: number };
}

const TOKEN = 'a secret of the bench';

const { nodes, seconds } = request<HubRequest>();
const folder = mkdtempSync(join(tmpdir(), 'bench-hub-'));
const path = (name: string) => join(folder, name);
writeFileSync(path('token'), `${TOKEN}\n`);
const server = await startMiniApiServer({ socketPath: path('api.sock') });
for (const object of crowdObjects(nodes)) server.put(object as KubeObject);

const hub = startDashboard(path);
const pid = hub.pid as number;
await until(hub, 'the dashboard answers', () => answers('/livez'));
const wire = await countingProxy();
const edges = new Set<number>();
let rows = 0;
const browser = io(`http://127.0.0.1:${wire.port}/map`, { transports: ['websocket'] });
browser.on('connect', () => browser.emit('look', { services: [serviceKey(0)] }));
browser.on('city', ({ edges: told }: CityFrame) => {
  if (!told) return;
  if (told.reset) edges.clear();
  for (const [id] of told.define) edges.add(id);
  for (const id of told.forget) edges.delete(id);
  rows += told.rows.length;
});

const crowd = startCrowd();
const wanted = (nodes * EDGES_PER_NODE) / 40;
await until(hub, `${wanted} edges are on the screen`, () => Promise.resolve(edges.size >= wanted));
await rest(5000);

const [cpuBefore, start, rowsBefore, bytesBefore] = [cpuOf(pid), performance.now(), rows, wire.bytes];
await rest(seconds * 1000);
const took = performance.now() - start;
const cpu = difference(cpuOf(pid), cpuBefore);
const answer: HubAnswer = {
  nodes,
  edges: nodes * EDGES_PER_NODE,
  cpu: { hub: (cpu.whole / took) * 100, main: (cpu.main / took) * 100 },
  memory: peakOf(pid).bytes,
  browser: {
    edges: edges.size,
    rows: ((rows - rowsBefore) / took) * 1000,
    bytes: ((wire.bytes - bytesBefore) / took) * 1000,
  },
};
browser.close();
await end(crowd, 'SIGKILL');
await end(hub, 'SIGKILL');
await server.close();
rmSync(folder, { recursive: true, force: true });
process.stdout.write(JSON.stringify(answer));
process.exit();

function startCrowd(): ChildProcess {
  const wish: CrowdRequest = { nodes, socketPath: path('agents.sock'), token: TOKEN };
  const [file, ...args] = scriptCommand(join(import.meta.dirname, 'crowd-run.ts'), wish);
  return spawn(file, args, { stdio: ['ignore', 'inherit', 'inherit'] });
}
