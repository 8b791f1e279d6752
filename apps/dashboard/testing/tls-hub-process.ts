/**
 * The hub as it runs in a cluster, without its pages: agents come over TLS and show ServiceAccount tokens.
 * `tls-hub-process.ts KUBE_SOCKET AGENT_PORT`. Prints the address at which `/metrics` is, and ends when its standard input does.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from '@kubecity/kube';
import { pino } from 'pino';
import { agentsSide } from '../server/agent-link/agents-side.ts';
import { startHub } from '../server/hub.ts';
import { pages } from '../server/pages.ts';

const [socketPath = '', port = ''] = process.argv.slice(2);
const client = connect({ socketPath });
const log = pino({ level: 'warn' }, pino.destination(2));
const agents = await agentsSide(
  {
    door: {
      kind: 'tls',
      listen: { host: '127.0.0.1', port: Number(port) },
      names: ['localhost'],
      place: { namespace: 'kubecity', name: 'kubecity-dashboard-ca' },
    },
    proof: {
      kind: 'account',
      audience: 'kubecity-dashboard',
      account: { namespace: 'kubecity', name: 'kubecity-agent' },
    },
  },
  client,
  log,
);
const server = createServer();
const hub = startHub({
  client,
  clusterName: 'test',
  agentProof: agents.proof,
  log,
  server,
  agentServer: agents.server,
});
server.on('request', pages({ hub: () => hub, dev: false, render: async (_request, response) => void response.end() }));
await once(server.listen(0, '127.0.0.1'), 'listening');
await agents.open(hub.metrics.registry);
console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);

process.stdin.once('end', async () => {
  await hub.close();
  await client.close();
  process.exit();
});
process.stdin.resume();
