/**
 * The hub without its pages, as a process of its own: `hub-process.ts KUBE_SOCKET AGENT_SOCKET TOKEN`. Prints the address at
 * which browsers and `/metrics` are, and ends when its standard input does.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from '@kubecity/kube';
import { pino } from 'pino';
import { secretProof } from '../server/agent-link/agent-proof.ts';
import { startHub } from '../server/hub.ts';
import { pages } from '../server/pages.ts';

const [socketPath = '', agentSocket = '', token = ''] = process.argv.slice(2);
const client = connect({ socketPath });
const server = createServer();
const agentServer = createServer();
const hub = startHub({
  client,
  clusterName: 'test',
  agentProof: secretProof(token),
  log: pino({ level: 'warn' }, pino.destination(2)),
  server,
  agentServer,
});
server.on('request', pages({ hub: () => hub, dev: false, render: async (_request, response) => void response.end() }));
await Promise.all([
  once(server.listen(0, '127.0.0.1'), 'listening'),
  once(agentServer.listen(agentSocket), 'listening'),
]);
console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);

process.stdin.once('end', async () => {
  await hub.close();
  await client.close();
  process.exit();
});
process.stdin.resume();
