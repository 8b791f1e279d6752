import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connect, ensureCrd, KubeError } from '@kubecity/kube';
import next from 'next';
import { type Logger, pino } from 'pino';
import { agentsSide } from './agent-link/agents-side.ts';
import { historySettings } from './history/history.ts';
import { type Hub, startHub } from './hub.ts';
import { addProcessMetrics } from './metrics.ts';
import { admitOnly, fromHost, gatewaysOf } from './only-host.ts';
import { type DashboardOptions, readOptions } from './options.ts';
import { isLoopback } from './origin.ts';
import { pageFiles } from './page-files.ts';
import { operations, pages } from './pages.ts';
import { tlsServer } from './tls-server.ts';

const PAGES_DIRECTORY = fileURLToPath(new URL('..', import.meta.url));
/** Whoever has not let go by then is cut off. */
const SHUTDOWN_MILLISECONDS = 5000;

const options = readOptions(process.argv);
const log = pino({ level: options.logLevel, base: { app: 'dashboard' } });

try {
  await run(options);
} catch (error) {
  log.fatal({ err: error }, 'the dashboard cannot start');
  process.exitCode = 1;
  // handles of what did start would keep the process alive
  process.exit();
}

async function run(options: DashboardOptions): Promise<void> {
  const { kubeconfig, kubeSocket: socketPath } = options;
  const client = connect({ kubeconfig, socketPath, inCluster: kubeconfig === undefined && socketPath === undefined });
  await installCrd(client, log);

  let hub: Hub | undefined;
  const { dev, listen } = options;
  // the pages' own server is told of ours for its development sockets
  const server = options.tls ? tlsServer(options.tls, log) : createServer();
  if (options.publishedOnLoopback) {
    admitOnly(server, fromHost(gatewaysOf(readFileSync('/proc/net/route', 'utf8'))), log);
  }
  const site = next({ dev, dir: PAGES_DIRECTORY, hostname: listen.host, port: listen.port, httpServer: server });
  await site.prepare();
  const render = dev
    ? site.getRequestHandler()
    : pageFiles(join(PAGES_DIRECTORY, '.next/static'), site.getRequestHandler());
  const withOperations = isLoopback(listen.host) || options.publishedOnLoopback;
  server.on('request', pages({ hub: () => hub, render, dev, withOperations }));

  const agents = await agentsSide(options.agents, client, log);
  const history = historySettings(options);
  hub = startHub({
    client,
    clusterName: options.clusterName,
    auth: options.auth,
    agentProof: agents.proof,
    log,
    server,
    agentServer: agents.server,
    history,
    foreignUpgrades: dev,
  });
  addProcessMetrics(hub.metrics);
  await agents.open(hub.metrics.registry);
  if (options.metricsListen) {
    const { host, port } = options.metricsListen;
    await once(createServer(operations(() => hub)).listen(port, host), 'listening');
  }
  server.listen(listen.port, listen.host);
  await once(server, 'listening');
  log.info({ url: urlOf(server, options.tls ? 'https' : 'http'), auth: options.auth.ways }, 'listening');

  const shutdown = async (why: string) => {
    log.info({ why }, 'shutting down');
    setTimeout(() => process.exit(1), SHUTDOWN_MILLISECONDS).unref();
    await hub?.close();
    await client.close();
    await site.close();
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void shutdown(signal));
  if (options.exitWithStdin) process.stdin.once('end', () => void shutdown('standard input closed')).resume();
}

/** Where this identity may not, or the API is away, somebody else must have installed it; the watch says if not. */
async function installCrd(client: ReturnType<typeof connect>, log: Logger): Promise<void> {
  await ensureCrd(client).catch((error: unknown) => {
    if (!(error instanceof KubeError) || error.code === 'invalid') throw error;
    log.warn({ err: error }, 'the RoutingOverride CRD is not installed by us');
  });
}

function urlOf(server: Server, scheme: string): string {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return `${scheme}://${host}:${address.port}`;
}
