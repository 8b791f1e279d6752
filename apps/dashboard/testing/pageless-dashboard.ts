/**
 * The dashboard as its container starts it, by flags and variables, without the pages that have to be built first. Prints the address
 * for browsers, and ends on SIGTERM or when its standard input does.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from '@kubecity/kube';
import { pino } from 'pino';
import { agentsSide } from '../server/agent-link/agents-side.ts';
import { historySettings } from '../server/history/history.ts';
import { startHub } from '../server/hub.ts';
import { readOptions } from '../server/options.ts';
import { operations, pages } from '../server/pages.ts';

const options = readOptions(process.argv);
const { kubeconfig, kubeSocket: socketPath, listen, metricsListen } = options;
const client = connect({ kubeconfig, socketPath, inCluster: kubeconfig === undefined && socketPath === undefined });
const log = pino({ level: process.env.KUBECITY_TEST_LOG ?? 'warn' }, pino.destination(2));
const agents = await agentsSide(options.agents, client, log);
const server = createServer();
const hub = startHub({
  client,
  clusterName: options.clusterName,
  auth: options.auth,
  agentProof: agents.proof,
  log,
  server,
  agentServer: agents.server,
  history: historySettings(options),
});
const render = async (_request: unknown, response: { end(): unknown }) => void response.end();
server.on('request', pages({ hub: () => hub, dev: false, render }));
await agents.open(hub.metrics.registry);
if (metricsListen) {
  await once(createServer(operations(() => hub)).listen(metricsListen.port, metricsListen.host), 'listening');
}
await once(server.listen(listen.port, listen.host), 'listening');
console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);

const end = async () => {
  await hub.close();
  await client.close();
  process.exit();
};
process.once('SIGTERM', () => void end());
process.stdin.once('end', () => void end()).resume();
