import { EventRecorder } from '@kubecity/kube';
import { chooseIptables, findKubeProxy, iptables, openDoors } from '@kubecity/netfilter';
import { openGeneration, openUdpTable } from '@kubecity/netlink';
import { type Family, RoutingTracker } from '@kubecity/routing';
import { Compiler } from '@kubecity/ruleset';
import type { Logger } from 'pino';
import packageJson from '../package.json' with { type: 'json' };
import { Accounting } from './accounting/accounting.ts';
import { figuresOf } from './accounting/accounting-metrics.ts';
import { enableCounters, watchCounters } from './accounting/counters.ts';
import { afterSync } from './after-sync.ts';
import { cleanUp, OtherFlavour } from './clean-up.ts';
import type { Invocation } from './config/command-line.ts';
import type { LoadedConfig } from './config/load.ts';
import { effectiveFlags } from './config/report.ts';
import { watchConfig } from './config/watch.ts';
import { connectTo } from './connect.ts';
import { Departure } from './departure.ts';
import { DirectoryNews } from './directory.ts';
import { Drains } from './draining/drains.ts';
import { agentEvents, EVENT_CONTROLLER } from './events.ts';
import { followCluster } from './follow-cluster.ts';
import { HealthState } from './health/health-state.ts';
import { openListeners } from './health/listeners.ts';
import { ServiceHealth } from './health/service-health.ts';
import { tcpIsLiberal } from './host/conntrack-sysctls.ts';
import { familiesHere } from './host/families.ts';
import { routeLoopback } from './host/route-localnet.ts';
import { openSysctls } from './host/sysctl.ts';
import type { HubLink } from './hub-link.ts';
import { openIsolation } from './isolation/open-isolation.ts';
import { makeConntrackSettings } from './kernel-settings.ts';
import { leaveNode } from './leave-node.ts';
import { createMetrics } from './metrics.ts';
import { MissingRights } from './missing-rights.ts';
import { openConntrackCare } from './open-conntrack-care.ts';
import { openHub } from './open-hub.ts';
import { openQuestions } from './open-questions.ts';
import { OverrideObjects } from './override-objects.ts';
import { PendingChanges } from './pending-changes.ts';
import { Routes } from './routes/routes.ts';
import { DriftCheck } from './rules/drift-check.ts';
import { anyRouting } from './rules/kernel-reading.ts';
import { Lease } from './rules/lease.ts';
import { ModeSwitch } from './rules/mode-switch.ts';
import { RuleLoop } from './rules/rule-loop.ts';
import { RuleOptions } from './rules/rule-options.ts';
import { RuleSync } from './rules/rule-sync.ts';
import type { FamilyRules } from './rules/service-rules.ts';
import { telling } from './rules/telling.ts';
import { realClock } from './runner.ts';
import { stopOnSignal } from './signals.ts';
import { TriggerTimes } from './trigger-times.ts';

/** The composition root: builds everything once, wires it, and takes it down on a signal. Rules stay in the kernel. */
export async function runAgent(invocation: Invocation, loaded: LoadedConfig, log: Logger): Promise<void> {
  const { config } = loaded;
  const { nodeName } = config;
  for (const { path, reason } of loaded.notTaken) log.warn({ path, reason }, 'kube-proxy setting without effect here');
  const stopping = new AbortController();
  const sysctls = openSysctls();
  const found = await enableCounters(log, sysctls);
  /** The configuration as it is now; what needs a new process is read from `config`. */
  let current = config;
  let settings = loaded.settings;
  const setConntrack = () => makeConntrackSettings(current, sysctls, log);
  await setConntrack();

  const client = connectTo(config);
  const events = new EventRecorder({
    client,
    controller: EVENT_CONTROLLER,
    instance: nodeName,
    failed: (err) => log.warn({ err }, 'an event was not written'),
  });
  const departure = new Departure({ client, daemonSet: config.daemonSet, log });
  const tracker = new RoutingTracker({ name: nodeName });
  tracker.allowExternalIPs(config.allowExternalIPs);
  const overrides = new OverrideObjects(tracker);
  const triggers = new TriggerTimes(Date.now());
  let hub: HubLink | undefined;
  const counters = watchCounters({
    found,
    sysctls,
    clock: realClock,
    log,
    switchedOff: (now) => events.record(agentEvents.countersOff(nodeName, now !== 'unavailable')),
  });
  const directory = new DirectoryNews((changes) => accounting.apply(changes));
  const accounting = new Accounting({
    settings: {
      node: nodeName,
      everyMs: config.accountingMs,
      cpuPercent: config.accountingCpuPercent,
      direct: config.accountingDirect,
    },
    directory: () => directory.all(),
    frame: (frame, taken) => hub?.sendEdges(frame, taken),
    renewed: () => {
      isolationNews.renewed();
      hub?.renew();
    },
    ended: (news) => drains.ended(news),
    clock: realClock,
    log,
  });
  const metrics = createMetrics({
    accounting: figuresOf(accounting),
    hubConnected: () => hub?.connected ?? false,
    counting: () => counters.counters !== 'unavailable',
    mode: () => rules.carriedOut,
    leaseAge: () => lease.age,
  });

  const pending = new PendingChanges(metrics);
  const rights = new MissingRights({
    nodeName,
    found: (plural, message) => {
      log.error({ resource: plural, message }, 'a right is missing');
      events.record(agentEvents.rightsMissing(nodeName, message));
    },
    changed: () => {
      report();
      isolation.tell();
    },
  });

  const { flavour, suffix, evidence } = await chooseIptables(config.iptablesFlavour);
  log.info({ flavour, evidence }, 'tables to write rules into');
  const families = await familiesHere(sysctls, iptables({ family: 'IPv6', suffix }), log);
  const syncs = new Map<Family, RuleSync>();
  const inKernel = new Map<Family, FamilyRules>();
  const options = new RuleOptions(families, config.proxy, { tcpLiberal: await tcpIsLiberal(sysctls) }, (changed) => {
    syncs.get(changed.family)?.configure(changed);
    rules.request();
  });
  const doors = openDoors({ families, suffix, front: () => modes.course?.front ?? 'iptables' });
  const modes = new ModeSwitch({
    wished: () => current,
    findKubeProxy,
    foundRouting: () => anyRouting(doors.rules.values()),
    changed: ({ mode, front, remark }, before) => {
      log.info({ mode, remark }, 'mode');
      if (mode !== undefined && before) events.record(agentEvents.modeChanged(nodeName, mode));
      if (remark !== undefined) events.record(agentEvents.modeRemark(nodeName, remark));
      if (before && before.front !== front) lease.move();
      options.standInFront(mode === 'steer');
      for (const [family, sync] of syncs) {
        sync.configure(options.of(family));
        sync.forget();
      }
      isolation.changed();
    },
    due: () => rules.request(),
    clock: realClock,
  });
  const generation = flavour === 'nft' ? openGeneration() : undefined;
  const drift = new DriftCheck(generation, Date.now, log);
  const { isolation, isolationNews } = openIsolation({
    ...{ config, flavour, families, doors, generation, drift, accounting, metrics, log },
    current: () => current,
    modes: () => modes,
    rights: () => rights,
    hub: () => hub,
    record: (event) => events.record(event),
  });
  for (const [family, door] of doors.rules) {
    const compiler = new Compiler(options.of(family));
    const netfilter = telling(door, isolation.drift);
    const laid = () => isolation.checkNow();
    syncs.set(family, new RuleSync({ compiler, netfilter, ipset: doors.sets, laid, now: () => performance.now() }));
    inKernel.set(family, { compiler, netfilter });
  }
  const lease = new Lease({
    sets: doors.sets,
    families,
    seconds: () => current.leaseSeconds,
    isSound: async (family) => health.isHealthy() && (await rules.isSound(family)),
    wrote: (commits) => {
      drift.wrote(commits);
      isolation.drift.wrote(commits);
    },
    clock: realClock,
    log,
  });
  const health = new HealthState({
    syncPeriodMs: () => current.syncPeriodMs,
    now: Date.now,
    trouble: () => options.missing() ?? rights.trouble() ?? rules.waiting(),
    failing: () => rules.failing(),
    ...(config.isolation === 'on' && { isolation: () => isolation.trouble() }),
    stuck: () => rules.stuck(),
  });
  const serviceHealth = new ServiceHealth({
    isHealthy: () => health.isHealthy(),
    failed: (service, port, err) => {
      log.error({ err, service, port }, 'health check node port cannot be opened; trying again every 5 s');
      events.record(agentEvents.serviceHealthcheckFailed(nodeName, service, port, err));
    },
  });
  const udp = openUdpTable();
  const care = openConntrackCare(udp, metrics, log);

  const drains = new Drains({
    order: (orders) => accounting.cut(orders),
    clock: realClock,
    log,
    metrics: { cut: (connections, reason) => metrics.drainCut.inc({ reason }, connections) },
    late: (override, connections) => events.record(agentEvents.drainDeadline(nodeName, override, connections)),
    changed: () => report(),
  });
  const alone = new OtherFlavour(flavour, families, 'routing', log);
  const rules = new RuleLoop({
    tracker,
    families: syncs,
    drift,
    triggers,
    health,
    metrics,
    clock: realClock,
    log,
    modes,
    lease,
    clear: () => cleanUp(log, 'routing'),
    pace: () => current,
    wished: () => current.mode,
    writing: (table) => {
      pending.syncing();
      care.writing(table);
      drains.writing(table);
    },
    applied: afterSync({
      nodeName,
      families,
      options,
      directory,
      care,
      serviceHealth,
      metrics,
      pending,
      written: () => void alone.once(),
      openLoopback: () =>
        void routeLoopback(sysctls).catch((err: unknown) => log.warn({ err }, 'no node ports on loopback')),
      routes: (table) => rules.routed(table).size > 0,
      known: () => accounting.begin(),
    }),
    reported: (told) => hub?.sendRules(rights.addTo(told)),
    held: (held) => drains.held(held),
    cut: (uid) => drains.cut(uid),
    isolated: ({ port, reason }) =>
      events.record(agentEvents.serviceNotProgrammed(nodeName, `${port.namespace}/${port.name}`, reason)),
    drifted: (family, difference) => events.record(agentEvents.kernelDrift(nodeName, `${family} ${difference}`)),
  });

  const routes = new Routes({
    ...{ config, mode: () => current.mode, sysctls, metrics: metrics.routes, clock: realClock, log },
    reported: (told) => hub?.sendRoutes(told),
    refused: (message) => events.record(agentEvents.routeRefused(nodeName, message)),
  });
  const listeners = await openListeners(
    config,
    {
      state: health,
      counters: metrics,
      registry: metrics.registry,
      configuration: () => current,
      flags: () => effectiveFlags(invocation, settings),
      process: { version: packageJson.version, startedAt: performance.timeOrigin },
      profiling: () => current.profiling,
      setLogLevel: (level) => {
        log.level = level;
        log.info({ level }, 'log level set by hand');
      },
    },
    log,
    (listener, err) => events.record(agentEvents[listener](nodeName, err)),
  );

  const questions = openQuestions({
    ...{ config, doors, inKernel, syncs, tracker, overrides, rules },
    ...{ isolation, isolationNews, accounting, routes, client, sysctls },
    version: packageJson.version,
    current: () => current,
    settings: () => settings,
    hub: () => hub,
  });
  hub = openHub(config, client, {
    version: packageJson.version,
    epoch: () => accounting.epoch,
    welcomed: (interest) => {
      report();
      hub?.sendIsolation(isolation.report());
      hub?.sendRoutes(routes.report());
      isolationNews.welcomed();
      accounting.listen(interest);
    },
    gone: () => accounting.unlisten(),
    interest: (interest) => accounting.look(interest),
    resync: () => accounting.resync(),
    ask: (question) => questions.answer(question),
    refused: (code, message) => events.record(agentEvents.hubRefused(nodeName, code, message)),
    log,
  });

  const report = () => hub?.sendRules(rights.addTo(rules.report()));
  const following = followCluster({
    ...{ client, nodeName, tracker, overrides, directory, triggers, options },
    ...{ health, rules, isolation, routes, rights, pending },
    apiState: (resource, live) => metrics.apiLive.set({ resource }, live ? 1 : 0),
    log,
    signal: stopping.signal,
  });
  watchConfig(invocation, loaded, {
    signal: stopping.signal,
    failed: (err) => log.error({ err }, 'the new configuration is refused; the old one stays'),
    changed: (change) => {
      current = change.config;
      settings = change.settings;
      // What was set by hand stays until the setting itself changes.
      if (change.live.includes('logLevel')) log.level = current.logLevel;
      tracker.allowExternalIPs(current.allowExternalIPs);
      if (tracker.dirty || change.live.some((path) => path === 'mode' || path === 'takeOver')) rules.request();
      options.setProxy(current.proxy);
      setConntrack().catch((err: unknown) => log.error({ err }, 'connection tracking settings cannot be made'));
      following.begin();
      routes.reconsider();
      log.info({ live: change.live }, 'configuration changed');
      if (change.restart.length > 0) log.warn({ restart: change.restart }, 'takes effect with the next start');
    },
  });
  isolation.begin();
  if (isolation.on) isolationNews.begin();
  void departure.begin();
  events.record(agentEvents.starting(nodeName, packageJson.version, config.mode));
  log.info({ mode: config.mode, families, proxy: config.proxy }, 'agent started');

  const stop = async (signal: string) => {
    log.info({ signal }, 'stopping');
    stopping.abort();
    hub?.close();
    counters.stop();
    drains.stop();
    modes.stop();
    const parts = [rules, isolation, isolationNews, routes, care, accounting];
    await Promise.all(parts.map((part) => part.stop()));
    await leaveNode(departure, { mode: rules.mode, lease, log });
    udp.close();
    generation?.close();
    await Promise.all([serviceHealth.close(), ...listeners.map((listener) => listener.close())]);
    await client.close();
  };
  stopOnSignal(stop, log);
}
