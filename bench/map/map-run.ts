/** Child of the bench, in a network namespace of its own: the whole dashboard server, an agent per node, a real browser. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as rest } from 'node:timers/promises';
import { type KubeObject, startMiniApiServer } from '@kubecity/mini-apiserver';
import type { CityFrame } from '@kubecity/protocol';
import { io } from 'socket.io-client';
import { end } from '../../apps/agent/testing/child-end.ts';
import { openBrowser } from '../../apps/city/testing/browser.ts';
import { cpuOf, difference, mainTime } from '../accounting/process-cost.ts';
import { answers, countingProxy, DASHBOARD_PORT, startDashboard, until } from '../dashboard-process.ts';
import { request, scriptCommand } from '../namespace.ts';
import { peakOf } from '../peak-memory.ts';
import { median } from '../statistics.ts';
import type { AgentsRequest } from './agents-run.ts';
import { MapPage } from './map-page.ts';
import type { FrameCost } from './trace.ts';
import { World } from './world.ts';

export interface MapRequest {
  readonly pods: number;
  /** Of each look at the page: still, panning, zooming, CPU, hidden. */
  readonly seconds: number;
  /** How long the heap is watched. */
  readonly minutes: number;
  /** Fresh browsers that wait for their first whole map. */
  readonly arrivals: number;
}

export interface MapAnswer {
  readonly pods: number;
  readonly edges: number;
  readonly arrival: Arrival;
  readonly still: FrameCost;
  readonly panning: FrameCost;
  readonly zooming: FrameCost;
  /**
   * Per cent of one core: all threads of the page's process, its main thread, and of that the script by the browser's own
   * count of time; at rest, with streets moving.
   */
  readonly cpu: { readonly renderer: number; readonly main: number; readonly script: number; readonly hub: number };
  readonly movingStreets: number;
  /** The nodes lens at rest, all of the city in view: streets on which something moves, and what they cost, % of one core. */
  readonly nodes: {
    readonly streets: number;
    readonly script: number;
    readonly main: number;
    readonly renderer: number;
  };
  /** Bytes a second on the wire, from the hub. */
  readonly bytesPerSecond: number;
  /** Bytes that live after a collection, at the beginning and at the end of `minutes`. */
  readonly heap: { readonly before: number; readonly after: number };
  readonly hidden: { readonly frames: number; readonly cpu: number; readonly byVisibility: boolean };
  /** Peak resident memory, bytes. */
  readonly hubMemory: number;
}

export interface Arrival {
  /** From navigation to the first whole map; medians, milliseconds. */
  readonly wholeMap: number;
  /** Until the page knew all of the city: the rest is layout and drawing. */
  readonly known: number;
  /** Longest time for which the hub's loop was blocked meanwhile, milliseconds. */
  readonly hubBlocked: number;
  /** Longest task of the page's main thread, milliseconds. */
  readonly longestTask: number;
  /** CPU time of the page's main thread until then, milliseconds: what other programs on the machine do not change. */
  readonly cpu: number;
  /** On the wire until then, pages included. */
  readonly bytes: number;
}

const TOKEN = 'a secret of the bench';

const { pods, seconds, minutes, arrivals } = request<MapRequest>();
const folder = mkdtempSync(join(tmpdir(), 'bench-map-'));
const path = (name: string) => join(folder, name);
writeFileSync(path('token'), `${TOKEN}\n`);
const world = new World(pods);
const server = await startMiniApiServer({ socketPath: path('api.sock') });
for (const object of world.objects()) server.put(object as KubeObject);

const hub = startDashboard(path);
const hubPid = hub.pid as number;
await until(hub, 'the dashboard has read the cluster', () => answers('/healthz'));
const agents = startAgents();
await waitForEdges();
progress('all edges are counted');

const wire = await countingProxy();
const browser = await openBrowser();
const address = `http://127.0.0.1:${wire.port}`;
const came: Arrival[] = [];
for (let i = 0; i < arrivals; i += 1) came.push(await arrive());
const arrival: Arrival = {
  wholeMap: median(came.map((each) => each.wholeMap)),
  known: median(came.map((each) => each.known)),
  hubBlocked: median(came.map((each) => each.hubBlocked)),
  longestTask: median(came.map((each) => each.longestTask)),
  cpu: median(came.map((each) => each.cpu)),
  bytes: median(came.map((each) => each.bytes)),
};
progress(`all known and whole map after ${came.map(inWords).join(', ')} ms`);

const page = await MapPage.open(browser, address);
await rest(5000);
const before = await page.liveHeap();
const began = performance.now();
const still = await page.frames(() => rest(seconds * 1000));
progress(`still: p95 ${still.p95.toFixed(1)} ms of script a frame`);
const panning = await page.frames(() => page.pan(seconds));
progress(`panning: p95 ${panning.p95.toFixed(1)} ms`);
const zooming = await page.frames(() => page.zoom(seconds));
progress(`zooming: p95 ${zooming.p95.toFixed(1)} ms`);
await page.showWhole();
const atRest = await cost(() => rest(seconds * 1000));
const movingStreets = await page.movingStreets();
progress(`renderer ${atRest.renderer.toFixed(0)} % of a core, ${movingStreets} moving streets`);
await page.showNodes();
await rest(3000);
const onNodes = await cost(() => rest(seconds * 1000));
const nodes = { ...onNodes, streets: await page.movingStreets() };
progress(
  `nodes lens: renderer ${onNodes.renderer.toFixed(0)} %, script ${onNodes.script.toFixed(0)} %, ${nodes.streets} moving streets`,
);
await rest(Math.max(0, minutes * 60_000 - (performance.now() - began)));
const after = await page.liveHeap();
const byVisibility = await page.hide();
await rest(2000);
const drawn = await page.framesDrawn();
const asleep = await cost(() => rest(seconds * 1000));
const hidden = { frames: (await page.framesDrawn()) - drawn, cpu: asleep.renderer, byVisibility };

const answer: MapAnswer = {
  ...{ pods, edges: world.edges, arrival, still, panning, zooming, movingStreets, nodes },
  cpu: { renderer: atRest.renderer, main: atRest.main, script: atRest.script, hub: atRest.hub },
  bytesPerSecond: atRest.bytes,
  heap: { before, after },
  hidden,
  hubMemory: peakOf(hubPid).bytes,
};
await browser.close();
await end(agents, 'SIGKILL');
await end(hub, 'SIGKILL');
await server.close();
rmSync(folder, { recursive: true, force: true });
process.stdout.write(JSON.stringify(answer));
process.exit();

/** Somebody opens the map for the first time: nothing is in the browser's cache. */
async function arrive(): Promise<Arrival> {
  await hubBlockedFor();
  const bytes = wire.bytes;
  const opened = await MapPage.open(browser, address);
  const cpu = mainTime(await opened.processId());
  const seen = await opened.arrival();
  const result = { ...seen, cpu, bytes: wire.bytes - bytes, hubBlocked: await hubBlockedFor() };
  await opened.close();
  return result;
}

/** Longest lag of the hub's loop since the last call, milliseconds: reading its figure sets it back. */
async function hubBlockedFor(): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${DASHBOARD_PORT}/metrics`)).text();
  const value = /^nodejs_eventloop_lag_max_seconds (\S+)/m.exec(text)?.[1];
  if (value === undefined) throw new Error('the dashboard does not tell nodejs_eventloop_lag_max_seconds');
  return Number(value) * 1000;
}

/** Per cent of one core and bytes a second while `act` runs. */
async function cost(act: () => Promise<unknown>) {
  const pid = await page.processId();
  const scriptBefore = await page.scriptTime();
  const [hubBefore, pageBefore, bytes, start] = [cpuOf(hubPid), cpuOf(pid), wire.bytes, performance.now()];
  await act();
  const took = performance.now() - start;
  const [own, hubs] = [difference(cpuOf(pid), pageBefore), difference(cpuOf(hubPid), hubBefore)];
  const percent = (milliseconds: number) => (milliseconds / took) * 100;
  return {
    renderer: percent(own.whole),
    main: percent(own.main),
    script: percent((await page.scriptTime()) - scriptBefore),
    hub: percent(hubs.whole),
    bytes: ((wire.bytes - bytes) / took) * 1000,
  };
}

function inWords({ known, wholeMap }: Arrival): string {
  return `${known.toFixed(0)} + ${(wholeMap - known).toFixed(0)}`;
}

function startAgents(): ChildProcess {
  const wish: AgentsRequest = { pods, socketPath: path('agents.sock'), token: TOKEN };
  const [file, ...args] = scriptCommand(join(import.meta.dirname, 'agents-run.ts'), wish);
  return spawn(file, args, { stdio: ['ignore', 'inherit', 'inherit'] });
}

async function waitForEdges(): Promise<void> {
  const seen = new Set<number>();
  const reader = io(`http://127.0.0.1:${DASHBOARD_PORT}/map`, { transports: ['websocket'] });
  reader.on('city', ({ edges }: CityFrame) => {
    for (const [id] of edges?.define ?? []) seen.add(id);
  });
  await until(hub, `${world.edges} edges are counted`, () => Promise.resolve(seen.size >= world.edges));
  reader.close();
}

function progress(text: string): void {
  process.stderr.write(`${pods} pods: ${text}\n`);
}
