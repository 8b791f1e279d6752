import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { Agent } from 'node:https';
import type { AddressInfo } from 'node:net';
import { resources } from '@kubecity/kube';
import { AGENT_PROTOCOL, type AgentHello } from '@kubecity/protocol';
import { pino } from 'pino';
import { io, type Socket } from 'socket.io-client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { accountProof } from '../../../server/agent-link/account-proof.ts';
import type { AgentProof } from '../../../server/agent-link/agent-proof.ts';
import { type AgentServer, selfSignedServer } from '../../../server/agent-link/agent-server.ts';
import { BUNDLE_KEY } from '../../../server/agent-link/ca-publisher.ts';
import { type Hub, startHub } from '../../../server/hub.ts';
import { edgeFrame, rulesReport } from '../objects.ts';
import { type AgentSocket, outcomeOf } from '../peers.ts';
import { ACCOUNT, AccountCluster, AUDIENCE, PLACE } from './account-cluster.ts';

let cluster: AccountCluster;
let hub: Hub;
let side: AgentServer;
let browsers: Server;
let clock: number;
const log: string[] = [];
const sockets: Socket[] = [];
const eventually = <T>(read: () => T) => expect.poll(read, { interval: 10 });
const AGAIN_MS = 60;

beforeEach(async () => {
  log.length = 0;
  // two days behind, so that a certificate of the next renewal is good at once
  clock = Date.now() - 50 * 3_600_000;
  cluster = new AccountCluster();
  await cluster.start();
  const { client } = cluster;
  const logger = pino({ level: 'info' }, { write: (line: string) => log.push(line) });
  side = await selfSignedServer({
    client,
    log: logger,
    names: ['localhost'],
    place: PLACE,
    now: () => clock,
    every: { look: 20, retry: 20 },
  });
  browsers = createServer();
  const proof: AgentProof = {
    ...accountProof({ client, audience: AUDIENCE, account: ACCOUNT, now: Date.now }),
    againMs: AGAIN_MS,
  };
  hub = startHub({
    client,
    clusterName: 'test',
    agentProof: proof,
    log: logger,
    server: browsers,
    agentServer: side.server,
    frameMilliseconds: 20,
  });
  await Promise.all([
    once(side.server.listen(0, '127.0.0.1'), 'listening'),
    once(browsers.listen(0, '127.0.0.1'), 'listening'),
  ]);
  side.publish(hub.metrics.registry);
  await eventually(() => hub.live()).toBe(true);
});

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.close();
  await hub.close();
  await cluster.remove();
});

async function bundle(): Promise<string> {
  const map = await cluster.client.get<{ data?: Record<string, string> }>(resources.configMaps, PLACE);
  return map.data?.[BUNDLE_KEY] ?? '';
}

function agent(token: string, ca: string | undefined, more: Partial<AgentHello> = {}): AgentSocket {
  const auth = { protocols: [AGENT_PROTOCOL], token, node: 'node-a', epoch: 'e1', version: '0.1.0', ...more };
  const port = (side.server.address() as AddressInfo).port;
  const socket: AgentSocket = io(`https://localhost:${port}/agents`, {
    transports: ['websocket'],
    reconnection: false,
    forceNew: true,
    auth,
    agent: new Agent({ ca, maxCachedSessions: 0 }) as unknown as string,
  });
  sockets.push(socket);
  return socket;
}

test('an agent that trusts what the dashboard published is let in, over TLS alone', async () => {
  const token = await cluster.token('agent-on-node-a');
  await eventually(bundle).toContain('BEGIN CERTIFICATE');
  const socket = agent(token, await bundle());
  expect(await outcomeOf(socket)).toEqual({ connected: true });
  socket.emit('rules', rulesReport([]));
  socket.emit('edges', edgeFrame(0, 1000, []), () => {});
  await eventually(() => hub.agents().live).toBe(1);
  expect(await outcomeOf(agent(token, undefined))).toMatchObject({ message: 'websocket error' });
  const plain = io(`http://localhost:${(side.server.address() as AddressInfo).port}/agents`, {
    transports: ['websocket'],
    reconnection: false,
    forceNew: true,
  });
  sockets.push(plain);
  expect(await outcomeOf(plain)).toMatchObject({ message: 'websocket error' });
  expect(log.join('')).not.toContain(token);
});

test('a renewed certificate is published before it is used, and both are trusted meanwhile', async () => {
  await eventually(bundle).toContain('BEGIN CERTIFICATE');
  const first = await bundle();
  const token = await cluster.token('agent-on-node-a');
  clock += 49 * 3_600_000;
  await eventually(async () => (await bundle()).match(/BEGIN/g)?.length).toBe(2);
  await eventually(() => log.filter((line) => line.includes('is published')).length).toBe(2);
  const second = await bundle();
  expect(second).toContain(first.trim());
  expect(await outcomeOf(agent(token, second))).toEqual({ connected: true });
  expect(await outcomeOf(agent(token, first))).toMatchObject({ message: 'websocket error' });
  expect(await hub.metrics.registry.metrics()).toContain('kubecity_hub_agent_certificate_published 1');
});

test('a bundle that somebody emptied is filled again', async () => {
  await eventually(bundle).toContain('BEGIN CERTIFICATE');
  const map = await cluster.client.get<{ metadata: { name: string } }>(resources.configMaps, PLACE);
  await cluster.client.replace(resources.configMaps, { ...map, data: {} });
  await eventually(bundle).toContain('BEGIN CERTIFICATE');
});

test('a missing ConfigMap is said once, and used when it is there', async () => {
  await cluster.client.delete(resources.configMaps, PLACE);
  await eventually(() => log.join('')).toContain('agents cannot learn our certificate');
  await eventually(async () => (await hub.metrics.registry.metrics()).includes('certificate_published 0')).toBe(true);
  await cluster.client.create(resources.configMaps, { metadata: PLACE });
  await eventually(bundle).toContain('BEGIN CERTIFICATE');
  expect(log.filter((line) => line.includes('cannot learn'))).toHaveLength(1);
});

test('a token of another node is refused in words that both sides see', async () => {
  await eventually(bundle).toContain('BEGIN CERTIFICATE');
  const refused = await outcomeOf(agent(await cluster.token('agent-on-node-b'), await bundle()));
  const message = 'the token is of node node-b: it does not speak for node-a';
  expect(refused).toEqual({ code: 'forbidden', message });
  expect(log.join('')).toContain(message);
});

test('whoever is refused again and again is not even looked at', async () => {
  await eventually(bundle).toContain('BEGIN CERTIFICATE');
  const ca = await bundle();
  for (let i = 0; i < 10; i++)
    expect(await outcomeOf(agent(`bad-${i}`, ca))).toMatchObject({ code: 'unauthenticated' });
  const before = cluster.count('create tokenreviews');
  expect(await outcomeOf(agent('bad-10', ca))).toMatchObject({ code: 'rate-limited' });
  expect(cluster.count('create tokenreviews')).toBe(before);
});

test('a connected agent shows its renewed token and stays; when its pod is gone it is turned away', async () => {
  await eventually(bundle).toContain('BEGIN CERTIFICATE');
  const tokens = [await cluster.token('agent-on-node-a')];
  const socket = agent(tokens[0] as string, await bundle());
  let asked = 0;
  socket.on('prove', (answer) => {
    asked += 1;
    answer({ token: tokens.at(-1) as string });
  });
  expect(await outcomeOf(socket)).toEqual({ connected: true });
  await eventually(() => asked).toBeGreaterThan(2);
  const gone = once(socket as never, 'disconnect');
  await cluster.removePod('agent-on-node-a');
  await cluster.addPod('agent-on-node-a', 'node-a');
  tokens.push(await cluster.token('agent-on-node-a'));
  const since = asked;
  await eventually(() => asked).toBeGreaterThan(since + 2);
  expect(socket.connected).toBe(true);
  tokens.push('stolen');
  await gone;
  expect(log.join('')).toContain('agent turned away');
});

test('an agent that cannot be asked is judged by what it showed first, and stays while the API is away', async () => {
  await eventually(bundle).toContain('BEGIN CERTIFICATE');
  const socket = agent(await cluster.token('agent-on-node-a'), await bundle(), { protocols: [2] });
  let asked = 0;
  socket.on('prove', () => void asked++);
  expect(await outcomeOf(socket)).toEqual({ connected: true });
  await cluster.stop();
  await new Promise((resolve) => setTimeout(resolve, 5 * AGAIN_MS));
  expect([socket.connected, asked]).toEqual([true, 0]);
});
