import { readFile } from 'node:fs/promises';
import { EventRecorder } from '@kubecity/kube';
import { chooseIptables, findKubeProxy, iptables, openDoors } from '@kubecity/netfilter';
import { openGeneration, openUdpTable } from '@kubecity/netlink';
import { type Family, RoutingTracker } from '@kubecity/routing';
import { Compiler } from '@kubecity/ruleset';
import type { Logger } from 'pino';
import packageJson from '../package.json' with { type: 'json' };
import { Accounting } from './accounting/accounting.ts';
import { enableCounters, watchCounters } from './accounting/counters.ts';
import { afterSync } from './after-sync.ts';
import { cleanUp, OtherFlavour } from './clean-up.ts';
import type { Invocation } from './config/command-line.ts';
import type { LoadedConfig } from './config/load.ts';
import { effectiveFlags } from './config/report.ts';
import { watchConfig } from './config/watch.ts';
import { connectTo } from './connect.ts';
import { ConntrackCare } from './conntrack-care.ts';
import { Departure } from './departure.ts';
import { DirectoryNews } from './directory.ts';
import { examine } from './doctor/examine.ts';
import { Drains } from './draining/drains.ts';
import { agentEvents, EVENT_CONTROLLER } from './events.ts';
import { HealthState } from './health/health-state.ts';
import { openListeners } from './health/listeners.ts';
import { ServiceHealth } from './health/service-health.ts';
import { tcpIsLiberal } from './host/conntrack-sysctls.ts';
import { familiesHere } from './host/families.ts';
import { localAddresses } from './host/local-addresses.ts';
import { interfaceOf, sourceTowards } from './host/packet-origin.ts';
import { routeLoopback } from './host/route-localnet.ts';
import { openSysctls } from './host/sysctl.ts';
import { HubLink } from './hub-link.ts';
import { hubTrust } from './hub-trust.ts';
import { makeConntrackSettings } from './kernel-settings.ts';
import { createMetrics } from './metrics.ts';
import { MissingRights } from './missing-rights.ts';
import { OverrideObjects } from './override-objects.ts';
import { PendingChanges } from './pending-changes.ts';
import { Questions } from './questions.ts';
import { DriftCheck } from './rules/drift-check.ts';
import { anyRouting } from './rules/kernel-reading.ts';
import { Lease } from './rules/lease.ts';
import { ModeSwitch } from './rules/mode-switch.ts';
import { ownNodeOf } from './rules/own-node.ts';
import { answerPacket } from './rules/packet-question.ts';
import { answerPreview } from './rules/preview.ts';
import { RuleLoop } from './rules/rule-loop.ts';
import { RuleOptions } from './rules/rule-options.ts';
import { RuleSync } from './rules/rule-sync.ts';
import { type FamilyRules, readServiceRules } from './rules/service-rules.ts';
import { realClock } from './runner.ts';
import { stopOnSignal } from './signals.ts';
import { TriggerTimes } from './trigger-times.ts';
import { watchCluster } from './watches.ts';

/** Prometheus waits 10 s for a scrape. */
const SCRAPE_MS = 8_000;

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
    renewed: () => hub?.renew(),
    ended: (news) => drains.ended(news),
    clock: realClock,
    log,
  });
  const metrics = createMetrics({
    accounting: {
      totals: () => accounting.totals,
      servicePorts: async () => {
        const answer = await accounting.ask({ kind: 'servicePorts' }, SCRAPE_MS);
        return answer.kind === 'servicePorts' ? answer.servicePorts : undefined;
      },
      deaths: () => accounting.deaths,
      now: Date.now,
    },
    hubConnected: () => hub?.connected ?? false,
    counting: () => counters.counters !== 'unavailable',
    mode: () => rules.mode,
    leaseAge: () => lease.age,
  });

  const pending = new PendingChanges(metrics);
  const rights = new MissingRights({
    nodeName,
    found: (plural, message) => {
      log.error({ resource: plural, message }, 'a right is missing');
      events.record(agentEvents.rightsMissing(nodeName, message));
    },
    changed: () => report(),
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
  for (const [family, netfilter] of doors.rules) {
    const compiler = new Compiler(options.of(family));
    syncs.set(family, new RuleSync({ compiler, netfilter, ipset: doors.sets, now: () => performance.now() }));
    inKernel.set(family, { compiler, netfilter });
  }
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
    },
    due: () => rules.request(),
    clock: realClock,
  });
  const generation = flavour === 'nft' ? openGeneration() : undefined;
  const drift = new DriftCheck(generation, Date.now, log);
  const lease = new Lease({
    sets: doors.sets,
    families,
    seconds: () => current.leaseSeconds,
    isSound: async (family) => health.isHealthy() && (await rules.isSound(family)),
    wrote: (commits) => drift.wrote(commits),
    clock: realClock,
    log,
  });
  const health = new HealthState({
    syncPeriodMs: () => current.syncPeriodMs,
    now: Date.now,
    trouble: () => options.missing() ?? rights.trouble() ?? rules.waiting(),
    failing: () => rules.failing(),
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
  const care = new ConntrackCare({
    udp,
    clock: realClock,
    log,
    metrics: {
      syncSeconds: (ip_family, seconds) => metrics.reconcilerSeconds.observe({ ip_family }, seconds),
      deleted: (ip_family, entries) => metrics.reconcilerDeleted.inc({ ip_family }, entries),
    },
    nodeAddresses: (family) => localAddresses(family),
  });

  const drains = new Drains({
    order: (orders) => accounting.cut(orders),
    clock: realClock,
    log,
    metrics: { cut: (connections, reason) => metrics.drainCut.inc({ reason }, connections) },
    late: (override, connections) => events.record(agentEvents.drainDeadline(nodeName, override, connections)),
    changed: () => report(),
  });
  const alone = new OtherFlavour(flavour, families, log);
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
    clear: () => cleanUp(log),
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

  const questions = new Questions({
    rules: (service) => readServiceRules(inKernel, service, Date.now()),
    explain: (question) =>
      answerPacket(question, {
        families: inKernel,
        ipset: doors.sets,
        host: { localAddresses, sourceTowards, interfaceOf },
        now: Date.now,
      }),
    preview: (question) => answerPreview(question, { tracker, overrides, loop: rules, families: syncs, now: Date.now }),
    accounting: (question, withinMs) => accounting.ask(question, withinMs),
    diagnose: async () => ({
      kind: 'diagnose',
      at: Date.now(),
      version: packageJson.version,
      findings: await examine({
        mode: current.mode,
        takeOver: current.takeOver,
        flavour: current.iptablesFlavour,
        families,
        hub: config.hub,
        hubTokenFile: settings.hubTokenFile,
        welcomed: hub?.connected,
        client,
        sysctls,
        now: Date.now,
      }),
    }),
  });
  if (config.hub && config.hubTokenFile !== undefined) {
    const { hubTokenFile } = config;
    hub = new HubLink({
      address: config.hub,
      token: async () => (await readFile(hubTokenFile, 'utf8')).trim(),
      ...(config.hubTrust && { trust: hubTrust(config.hubTrust, client) }),
      node: nodeName,
      version: packageJson.version,
      epoch: () => accounting.epoch,
      welcomed: (interest) => {
        report();
        accounting.listen(interest);
      },
      gone: () => accounting.unlisten(),
      interest: (interest) => accounting.look(interest),
      resync: () => accounting.resync(),
      ask: (question) => questions.answer(question),
      refused: (code, message) => events.record(agentEvents.hubRefused(nodeName, code, message)),
      log,
    });
  }

  const report = () => hub?.sendRules(rights.addTo(rules.report()));
  let listed = false;
  const beginWhenReady = () => {
    if (listed && options.missing() === undefined) rules.begin();
  };
  watchCluster(
    client,
    {
      tracker,
      overrides,
      directory,
      triggers,
      nodeName,
      ownNode: (node) => {
        health.setNode(node);
        if (!node) return log.warn('the Node object of this node is gone; routing goes on as it was');
        const own = ownNodeOf(node);
        tracker.setNode(own);
        options.setNode(own);
        if (tracker.dirty) rules.request();
        beginWhenReady();
      },
      counted: (kind) => pending.add(kind),
      // A pod that no override asks about, or a node elsewhere, changes nothing here.
      changed: () => tracker.dirty && rules.request(),
      synced: () => {
        listed = true;
        beginWhenReady();
      },
      rights,
      apiState: (resource, live) => metrics.apiLive.set({ resource }, live ? 1 : 0),
    },
    log,
    stopping.signal,
  );
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
      beginWhenReady();
      log.info({ live: change.live }, 'configuration changed');
      if (change.restart.length > 0) log.warn({ restart: change.restart }, 'takes effect with the next start');
    },
  });
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
    await Promise.all([rules.stop(), care.stop(), accounting.stop()]);
    const end = await departure.end(rules.mode, async () => (await findKubeProxy()).ownsServices);
    if (end === 'alone') {
      await lease.end().catch((err: unknown) => log.warn({ err }, 'the lease of the rules runs out by itself'));
    }
    if (end === 'gone') await cleanUp(log);
    udp.close();
    generation?.close();
    await Promise.all([serviceHealth.close(), ...listeners.map((listener) => listener.close())]);
    await client.close();
  };
  stopOnSignal(stop, log);
}
