import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { resources } from '@kubecity/kube';
import type { SteerRequest } from '@kubecity/protocol';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { Knocks } from './lab/knocks.ts';
import { LONG, patiently, SteeredCity } from './lab/steered-city.ts';

/** A Service of four backends that must keep half of them: who refuses the third drain, and what happens when one dies. */
vi.setConfig(LONG);
const town = new SteeredCity();
const { city, hub } = town;
const KUBECITY = fileURLToPath(new URL('../../cli/kubecity', import.meta.url));
const PODS = ['p1', 'p2', 'p3', 'p4'];
const HTTP = ['10.96.0.10', 80] as const;
let knocks: Knocks;

const putCart = (unready: readonly string[] = []) =>
  town.putService('cart', 10, PODS, { unready, annotations: { 'kubecity.dev/floor': '50%' } });

beforeAll(async () => {
  await town.open();
  for (const [index, pod] of PODS.entries()) {
    await town.addBackend(index % 2 === 0 ? 'node-b' : 'node-c', pod, 10 + index);
  }
  putCart();
  knocks = new Knocks(city.net, PODS);
  await town.start();
});
afterAll(() => town.close());

const drainOf = (pod: string): SteerRequest => ({
  action: 'steer',
  target: { kind: 'service', namespace: 'shop', name: 'cart', backends: { podNames: [pod] } },
  effect: { kind: 'drain' },
});
const nameOf = (pod: string) => `cart-drain-${pod}`;

/** Runs the command to its end. */
async function kubecity(...args: readonly string[]): Promise<{ readonly code: number | null; readonly words: string }> {
  const child = spawn(KUBECITY, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, NODE: process.execPath },
  });
  const words = await text(child.stderr);
  if (child.exitCode === null) await once(child, 'exit');
  return { code: child.exitCode, words };
}

/** Who gets new connections, from any node. */
async function takers(): Promise<string[]> {
  const tally = await knocks.tally(town.clients, HTTP, 1000);
  return Object.keys(tally).filter((pod) => (tally[pod] ?? 0) > 0);
}

it('lets half of them be drained', async () => {
  for (const pod of ['p1', 'p2']) {
    expect(await hub.steer(drainOf(pod))).toMatchObject({ status: 200, answer: { ok: true } });
    await town.holds(nameOf(pod));
  }
  expect(await takers()).toEqual(['p3', 'p4']);
});

it('refuses the third at the dashboard: 409, with what would happen, and nothing is written', async () => {
  const { status, answer } = await hub.steer(drainOf('p3'));
  expect(status).toBe(409);
  expect(answer).toMatchObject({ ok: false, code: 'would-empty' });
  // Who permits it takes up with the one before: half of them stay in any case.
  const [table] = answer.preview?.tables ?? [];
  expect(table?.active).toEqual({ before: 2, after: 2, floor: 2, of: 4 });
  const after = Object.fromEntries(table?.rows.map(({ pod, after }) => [pod, after.weight]) ?? []);
  expect(after).toEqual({ p1: 0, p2: 100, p3: 0, p4: 100 });
  const { items } = await town.kube.list(resources.routingOverrides);
  expect(items).toHaveLength(2);
});

it.each(['straight at the API', 'through the dashboard'])('refuses it in a terminal, %s: exit code 3', async (way) => {
  const door = way === 'through the dashboard' ? ['--dashboard', hub.url] : ['--kube-socket', city.path('api.sock')];
  const { code, words } = await kubecity('drain', 'service/cart', '--pod', 'p3', '-n', 'shop', ...door);
  expect([code, words]).toEqual([3, expect.stringContaining('shop/cart')]);
  const { items } = await town.kube.list(resources.routingOverrides);
  expect(items).toHaveLength(2);
});

it('lifts the third on every node when somebody writes it past the dashboard, and says so', async () => {
  await town.wish(nameOf('p3'), { service: 'cart', backends: { podNames: ['p3'] }, drain: {} });
  await town.holds(nameOf('p3'), 'lifted');
  expect(await takers()).toEqual(['p3', 'p4']);
  await patiently(async () => {
    const { status, reason, message } = await town.condition(nameOf('p3'), 'Accepted');
    expect([status, reason]).toEqual(['False', 'BelowFloor']);
    expect(message).toContain('cart');
  });
  await town.kube.delete(resources.routingOverrides, { namespace: 'shop', name: nameOf('p3') });
  await town.holds(nameOf('p3'), 'absent');
});

it('gives the newest drain up by itself while a backend is dead, and takes it up again', async () => {
  putCart(['p4']);
  // Three are left, two must be there: p3 and the one that was drained last.
  await town.holds(nameOf('p2'), 'lifted');
  await town.holds(nameOf('p1'));
  expect(await takers()).toEqual(['p2', 'p3']);
  await patiently(async () => expect((await town.condition(nameOf('p2'), 'Accepted')).reason).toBe('BelowFloor'));
  putCart();
  await town.holds(nameOf('p2'));
  expect(await takers()).toEqual(['p3', 'p4']);
  await patiently(async () => expect((await town.condition(nameOf('p2'), 'Accepted')).status).toBe('True'));
});
