import type { EventNews } from '@kubecity/kube';
import type { Doors, Flavour } from '@kubecity/netfilter';
import type { GenerationSource } from '@kubecity/netlink';
import type { Family } from '@kubecity/routing';
import type { Logger } from 'pino';
import type { Accounting } from '../accounting/accounting.ts';
import { OtherFlavour, removeIsolation } from '../clean-up.ts';
import type { AgentConfig } from '../config/agent-config.ts';
import { agentEvents } from '../events.ts';
import { localAddresses } from '../host/local-addresses.ts';
import type { HubLink } from '../hub-link.ts';
import type { Metrics } from '../metrics.ts';
import type { MissingRights } from '../missing-rights.ts';
import type { DriftCheck } from '../rules/drift-check.ts';
import type { ModeSwitch } from '../rules/mode-switch.ts';
import { realClock } from '../runner.ts';
import { Isolation } from './isolation.ts';
import { IsolationNews } from './isolation-news.ts';

/** What isolation has in common with the rest of the agent. */
export interface Surroundings {
  /** As the agent was started. */
  readonly config: AgentConfig;
  readonly current: () => AgentConfig;
  readonly flavour: Flavour;
  readonly families: readonly Family[];
  readonly doors: Doors;
  readonly generation: GenerationSource | undefined;
  /** Routing's. */
  readonly drift: DriftCheck;
  readonly modes: () => ModeSwitch;
  readonly rights: () => MissingRights;
  readonly accounting: Accounting;
  readonly hub: () => HubLink | undefined;
  readonly record: (event: EventNews) => void;
  readonly metrics: Metrics;
  readonly log: Logger;
}

/** NetworkPolicies on this node, and what is told of them. */
export function openIsolation(around: Surroundings): { isolation: Isolation; isolationNews: IsolationNews } {
  const { config, doors, generation, drift, accounting, hub, record, log } = around;
  const { nodeName, isolationOwnNode: ownNode, isolationRefusal: refusal } = config;
  const tunnels = config.routes === 'auto' ? { encapsulationPort: config.vxlanPort } : {};
  const metrics = around.metrics.isolation;
  const elsewhere = new OtherFlavour(around.flavour, around.families, 'isolation', log);
  const isolation = new Isolation({
    ...{ nodeName, generation, metrics, log },
    on: config.isolation === 'on',
    text: { refusal, ownNode, ...tunnels },
    doors: doors.rules,
    ipset: doors.sets,
    routing: drift,
    mode: () => {
      const { course } = around.modes();
      return { mode: course ? course.mode : around.current().mode, decided: course !== undefined };
    },
    missing: () => around.rights().of('networkpolicies') ?? around.rights().of('namespaces'),
    pace: around.current,
    remove: () => removeIsolation([...doors.rules.values()], doors.sets, log),
    settled: () => void elsewhere.once(),
    applied: (news) => isolationNews.applied(news),
    told: (report) => hub()?.sendIsolation(report),
    problem: (problem) => {
      log.warn(problem, 'a NetworkPolicy cannot be read as a whole; what cannot be read allows nothing');
      record(agentEvents.policyUnreadable(nodeName, problem));
    },
    drifted: (family, difference) => record(agentEvents.kernelDrift(nodeName, `${family} ${difference}`)),
    clock: realClock,
  });
  const isolationNews = new IsolationNews({
    ...{ isolation, nodeName, localAddresses, doors, ownNode, ...tunnels, metrics, log },
    ask: (question, withinMs) => accounting.ask(question, withinMs),
    sendCounts: (counts) => hub()?.sendPolicyCounts(counts),
    sendRefused: (attempts) => hub()?.sendRefusedAttempts(attempts),
    clock: realClock,
  });
  return { isolation, isolationNews };
}
