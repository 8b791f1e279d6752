import { Counter, Gauge, type Registry } from 'prom-client';
import type { CityModel } from '../city-model.ts';

/** Policies that are told of one by one; the others together. */
const MOST_POLICIES = 1000;
const OTHER_POLICIES = 'other';
const STATES = ['off', 'held', 'enforcing', 'failing'] as const;

/** Adds to a registry what policies let through and refused, as the records of the last refresh say it. */
export function isolationMetrics(registry: Registry, { store, isolation }: CityModel): void {
  const registers = [registry];
  new Counter({
    name: 'kubecity_policy_first_packets_total',
    help: "First packets that policies let through or refused since the hub's start.",
    labelNames: ['policy', 'direction', 'verdict'],
    registers,
    collect() {
      this.reset();
      let told = 0;
      for (const [id, record] of store.all('policy')) {
        told += 1;
        const policy = told > MOST_POLICIES ? OTHER_POLICIES : id;
        for (const direction of ['ingress', 'egress'] as const) {
          const figures = record[direction];
          if (!figures) continue;
          this.inc({ policy, direction, verdict: 'accepted' }, figures.accepted);
          this.inc({ policy, direction, verdict: 'refused' }, figures.refused);
        }
      }
    },
  });
  new Counter({
    name: 'kubecity_refused_attempts_total',
    help: "Connections by client, address and port that policies refused since the hub's start; of a refused one its packets count once.",
    registers,
    collect() {
      this.reset();
      this.inc(isolation.refusedAttempts);
    },
  });
  new Gauge({
    name: 'kubecity_isolation_nodes',
    help: 'Nodes by what their agents say of NetworkPolicies.',
    labelNames: ['state'],
    registers,
    collect() {
      this.reset();
      for (const state of STATES) this.set({ state }, 0);
      for (const [, { agent }] of store.all('node')) if (agent.isolation) this.inc({ state: agent.isolation.state });
    },
  });
}
