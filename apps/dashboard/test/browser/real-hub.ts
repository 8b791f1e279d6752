import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connect, ensureCrd } from '@kubecity/kube';
import { type KubeObject, startMiniApiServer } from '@kubecity/mini-apiserver';
import next from 'next';
import { pino } from 'pino';
import { secretProof } from '../../server/agent-link/agent-proof.ts';
import { type Hub, startHub } from '../../server/hub.ts';
import { pages } from '../../server/pages.ts';
import { edgeFrame, rulesReport } from '../server/objects.ts';
import { agentSocket, TOKEN } from '../server/peers.ts';
import type { HubCity } from './hub-city.ts';

/** The dashboard as it ships, before an API server with the objects of a city and an agent's connection for each node. */
export interface RealHub {
  readonly url: string;
  /** The Kubernetes API ends; it does not come back. */
  endApi(): Promise<void>;
  close(): Promise<void>;
}

/** Pages must be built. */
export async function openRealHub(city: HubCity): Promise<RealHub> {
  const directory = mkdtempSync(path.join(tmpdir(), 'kubecity-hub-'));
  const [socketPath, agentPath] = [path.join(directory, 'api.sock'), path.join(directory, 'agents.sock')];
  const api = await startMiniApiServer({ socketPath });
  for (const [apiVersion, kind, object] of city.objects) api.put({ apiVersion, kind, ...object } as KubeObject);
  const client = connect({ socketPath });
  await ensureCrd(client);
  const site = next({ dir: path.join(import.meta.dirname, '../..'), dev: false });
  await site.prepare();
  const [server, agentServer] = [createServer(), createServer()];
  const log = pino({ level: 'error' }, pino.destination(2));
  let hub: Hub | undefined;
  // Before the hub, which then takes its own requests away from it.
  server.on('request', pages({ hub: () => hub, dev: false, render: site.getRequestHandler() }));
  hub = startHub({ client, clusterName: 'real', agentProof: secretProof(TOKEN), log, server, agentServer });
  await Promise.all([
    once(server.listen(0, '127.0.0.1'), 'listening'),
    once(agentServer.listen(agentPath), 'listening'),
  ]);
  const agents = city.nodes.map((node) => startAgent(agentPath, node, city.edges.get(node) ?? []));
  let ended: Promise<void> | undefined;
  const endApi = () => {
    ended ??= api.close();
    return ended;
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    endApi,
    async close() {
      for (const stop of agents) stop();
      await hub?.close();
      await client.close();
      await endApi();
      await site.close();
      rmSync(directory, { recursive: true });
    },
  };
}

/** An agent of one node that counts every second what the city says. Returns how to stop it. */
function startAgent(
  socketPath: string,
  node: string,
  edges: HubCity['edges'] extends ReadonlyMap<string, infer E> ? E : never,
) {
  const socket = agentSocket(socketPath, { node, epoch: `epoch of ${node}` });
  let seq = 0;
  const tell = () => {
    const rows = edges.map(({ perSecond: { opened, refused, there, back } }, id) => {
      const sums = [opened, refused, 0, opened, there, opened, back].map((each) => each * seq);
      return [id, ...sums, 1 + (id % 3), id % 5, id % 2];
    });
    const define = seq === 0 ? edges.map(({ key }, id): [number, typeof key] => [id, key]) : [];
    socket.emit('edges', edgeFrame(seq, Date.now(), rows, { define }), () => {});
    seq += 1;
  };
  socket.on('connect', () => socket.emit('rules', rulesReport()));
  socket.on('resync', () => {
    seq = 0;
  });
  const timer = setInterval(tell, 1000);
  return () => {
    clearInterval(timer);
    socket.close();
  };
}
