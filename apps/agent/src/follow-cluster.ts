import type { KubeClient } from '@kubecity/kube';
import type { Logger } from 'pino';
import type { HealthState } from './health/health-state.ts';
import type { Isolation } from './isolation/isolation.ts';
import type { PendingChanges } from './pending-changes.ts';
import type { Routes } from './routes/routes.ts';
import { ownNodeOf } from './rules/own-node.ts';
import type { RuleLoop } from './rules/rule-loop.ts';
import type { RuleOptions } from './rules/rule-options.ts';
import { type WatchTargets, watchCluster } from './watches.ts';

type Fed = Pick<WatchTargets, 'nodeName' | 'tracker' | 'overrides' | 'directory' | 'triggers' | 'rights' | 'apiState'>;

/** Who is told of objects, and who waits for them. */
export interface Followers extends Fed {
  readonly client: KubeClient;
  readonly options: Pick<RuleOptions, 'setNode' | 'missing'>;
  readonly health: Pick<HealthState, 'setNode'>;
  readonly rules: Pick<RuleLoop, 'begin' | 'request'>;
  readonly isolation: Isolation;
  readonly routes: Routes;
  readonly pending: Pick<PendingChanges, 'add'>;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** Leads the cluster's objects to everybody who acts on them. `begin` asks again whether what is waited for is there now. */
export function followCluster(followers: Followers): { begin(): void } {
  const { client, tracker, options, health, rules, isolation, routes, pending, log, signal } = followers;
  let listed = false;
  const begin = () => {
    if (listed && options.missing() === undefined) rules.begin();
  };
  const targets: WatchTargets = {
    ...followers,
    nodes: routes,
    ownNode: (node) => {
      health.setNode(node);
      if (!node) return log.warn('the Node object of this node is gone; routing goes on as it was');
      const own = ownNodeOf(node);
      tracker.setNode(own);
      options.setNode(own);
      isolation.setOwnNode(own);
      if (tracker.dirty) rules.request();
      begin();
    },
    counted: (kind) => pending.add(kind),
    // A pod that no override asks about, or a node elsewhere, changes nothing here.
    changed: () => tracker.dirty && rules.request(),
    synced: () => {
      listed = true;
      begin();
    },
    isolation: isolation.on ? isolation : undefined,
  };
  watchCluster(client, targets, log, signal);
  return { begin };
}
