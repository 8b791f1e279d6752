import type { KubeClient } from '@kubecity/kube';
import type { Doors } from '@kubecity/netfilter';
import type { Family, RoutingTracker } from '@kubecity/routing';
import type { Accounting } from './accounting/accounting.ts';
import type { AgentConfig } from './config/agent-config.ts';
import type { Settings } from './config/settings.ts';
import { examine } from './doctor/examine.ts';
import { localAddresses } from './host/local-addresses.ts';
import { interfaceOf, sourceTowards } from './host/packet-origin.ts';
import type { Sysctls } from './host/sysctl.ts';
import type { HubLink } from './hub-link.ts';
import type { Isolation } from './isolation/isolation.ts';
import type { IsolationNews } from './isolation/isolation-news.ts';
import type { OverrideObjects } from './override-objects.ts';
import { Questions } from './questions.ts';
import type { Routes } from './routes/routes.ts';
import { answerPacket } from './rules/packet-question.ts';
import { answerPreview } from './rules/preview.ts';
import type { RuleLoop } from './rules/rule-loop.ts';
import type { RuleSync } from './rules/rule-sync.ts';
import { type FamilyRules, readServiceRules } from './rules/service-rules.ts';

/** Who of the agent knows the answers. */
export interface Knowing {
  /** As the agent was started. */
  readonly config: AgentConfig;
  readonly current: () => AgentConfig;
  readonly settings: () => Settings;
  readonly version: string;
  readonly doors: Doors;
  readonly inKernel: ReadonlyMap<Family, FamilyRules>;
  readonly syncs: ReadonlyMap<Family, RuleSync>;
  readonly tracker: RoutingTracker;
  readonly overrides: OverrideObjects;
  readonly rules: RuleLoop;
  readonly isolation: Isolation;
  readonly isolationNews: IsolationNews;
  readonly accounting: Accounting;
  readonly routes: Routes;
  readonly hub: () => HubLink | undefined;
  readonly client: KubeClient;
  readonly sysctls: Sysctls;
}

/** What the dashboard may ask this node. */
export function openQuestions(knowing: Knowing): Questions {
  const { config, inKernel, doors, tracker, overrides, rules, syncs, accounting, client, sysctls } = knowing;
  return new Questions({
    rules: (service) => readServiceRules(inKernel, service, Date.now()),
    explain: (question) =>
      answerPacket(question, {
        families: inKernel,
        ipset: doors.sets,
        host: { localAddresses, sourceTowards, interfaceOf },
        judge: (attempt) => knowing.isolationNews.judge(attempt),
        now: Date.now,
      }),
    preview: (question) => answerPreview(question, { tracker, overrides, loop: rules, families: syncs, now: Date.now }),
    accounting: (question, withinMs) => accounting.ask(question, withinMs),
    diagnose: async () => ({
      kind: 'diagnose',
      at: Date.now(),
      version: knowing.version,
      findings: await examine({
        mode: knowing.current().mode,
        takeOver: knowing.current().takeOver,
        flavour: knowing.current().iptablesFlavour,
        families: [...doors.rules.keys()],
        hub: config.hub,
        hubTokenFile: knowing.settings().hubTokenFile,
        welcomed: knowing.hub()?.connected,
        routes: config.routes,
        routesReport: knowing.routes.report(),
        isolation: config.isolation,
        isolationReport: knowing.isolation.report(),
        client,
        sysctls,
        now: Date.now,
      }),
    }),
  });
}
