import { randomUUID } from 'node:crypto';
import { connect } from '@kubecity/kube';
import { iptables } from '@kubecity/netfilter';
import { openConntrack, watchRefusals } from '@kubecity/netlink';
import { RoutingTracker } from '@kubecity/routing';
import { Compiler } from '@kubecity/ruleset';
import pino, { type Logger } from 'pino';
import packageJson from '../package.json' with { type: 'json' };
import { type Accounting, startAccounting } from './accounting/accounting.ts';
import { enableCounters } from './accounting/counters.ts';
import { type AgentConfig, readConfig } from './config.ts';
import { Directory } from './directory.ts';
import { serveHealth } from './health.ts';
import { HubLink } from './hub-link.ts';
import { createMetrics } from './metrics.ts';
import { RuleLoop } from './rule-loop.ts';
import { RuleSync, removeRules } from './rule-sync.ts';
import { realClock, threadCpuMilliseconds } from './runner.ts';
import { watchCluster } from './watches.ts';

const config = readConfig(process.argv.slice(2));
const log = pino({ level: config.logLevel, base: { node: config.nodeName } });

if (config.cleanup) {
  const chains = await removeRules(iptables());
  log.info({ chains }, 'rules removed');
} else {
  await run(config, log);
}

/** The composition root: builds everything once, wires it, and takes it down on a signal. Rules stay in the kernel. */
async function run(config: AgentConfig, log: Logger): Promise<void> {
  const tracker = new RoutingTracker(config.nodeName);
  const directory = new Directory();
  const compiler = new Compiler(config);
  const stopping = new AbortController();
  let hub: HubLink | undefined;
  let accounting: Accounting | undefined;
  const metrics = createMetrics({
    edges: () => accounting?.totals().edges ?? 0,
    hubConnected: () => hub?.connected ?? false,
  });

  const rules = new RuleLoop({
    sync: new RuleSync(tracker, compiler, iptables()),
    minSyncMs: config.minSyncMs,
    checkMs: config.checkMs,
    clock: realClock,
    log,
    metrics,
    applied: ({ table }) => {
      directory.setServicePorts(table.servicePorts.values());
      beginAccounting();
    },
    reported: (report) => hub?.sendRules(report),
  });
  const health = await serveHealth(
    config.health,
    { unhealthy: () => rules.unhealthy(), dead: () => rules.stuck() },
    metrics.registry,
  );

  await enableCounters(log);
  const conntrack = openConntrack({ destinationNatOnly: true });
  /** Only now are service ports known by their addresses: what an earlier dump saw could not be named. */
  const beginAccounting = () => {
    accounting ??= startAccounting({
      conntrack,
      watchRefusals,
      directory,
      everyMs: config.accountingMs,
      now: Date.now,
      cpu: threadCpuMilliseconds,
      emit: (frame) => hub?.sendEdges(frame),
      log,
    });
  };
  if (config.hub && config.hubToken !== undefined) {
    hub = new HubLink({
      address: config.hub,
      token: config.hubToken,
      node: config.nodeName,
      epoch: randomUUID(),
      version: packageJson.version,
      fresh: () => {
        hub?.sendRules(rules.report());
        accounting?.resync();
      },
      log,
    });
  }

  const client = connect({
    ...(config.kubeSocket !== undefined && { socketPath: config.kubeSocket }),
    ...(config.kubeconfig !== undefined && { kubeconfig: config.kubeconfig }),
    inCluster: config.kubeSocket === undefined && config.kubeconfig === undefined,
  });
  watchCluster(
    client,
    {
      tracker,
      directory,
      changed: () => rules.request(),
      synced: () => rules.begin(),
      apiState: (resource, live) => metrics.apiLive.set({ resource }, live ? 1 : 0),
    },
    log,
    stopping.signal,
  );
  log.info({ mode: config.mode, clusterCidr: config.clusterCidr }, 'agent started');

  const stop = async (signal: string) => {
    log.info({ signal }, 'stopping; rules stay in the kernel');
    stopping.abort();
    hub?.close();
    await Promise.all([rules.stop(), accounting?.stop()]);
    conntrack.close();
    await client.close();
    health.close();
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      stop(signal).then(
        () => process.exit(0),
        (error: unknown) => {
          log.error({ err: error }, 'stopping failed');
          process.exit(1);
        },
      );
    });
  }
}
