import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeCertificate } from '../../../apps/dashboard/server/agent-link/own-certificate.ts';
import { build, DEPLOY } from '../kustomization.ts';
import { each, nameOf, type Right, type Rights, rightsOf, without } from '../rights.ts';
import { agentAtWork } from './agent-at-work.ts';
import { dashboardAtWork } from './dashboard-at-work.ts';
import { type Grounds, kinds, openGrounds } from './grounds.ts';

const objects = build(join(DEPLOY, 'base'));
const agent = rightsOf(objects, 'kubecity-agent');
const dashboard = rightsOf(objects, 'kubecity-dashboard');

let grounds: Grounds;
beforeAll(async () => {
  grounds = await openGrounds();
  // as a dashboard leaves it; the next one adds its own
  const { cert } = await makeCertificate(['kubecity-dashboard.kubecity.svc'], Date.now());
  const metadata = { namespace: grounds.namespace, name: 'kubecity-dashboard-ca' };
  await grounds.admin.create<object>(kinds.configMaps, { metadata, ...{ data: { 'ca.crt': cert } } });
});
afterAll(() => grounds.close());

/** What fails, and how, where a right is missing. */
type Losses = Readonly<Record<string, readonly string[]>>;
const watches = (...kinds: readonly (readonly [right: string, part: string])[]): Losses =>
  Object.fromEntries(
    kinds.flatMap(([right, part]) =>
      ['list', 'watch'].map((verb) => [`${verb} ${right}`, [`watch of ${part} interrupted`]]),
    ),
  );

const AGENT_LOSSES: Losses = {
  ...watches(
    ...['services', 'pods', 'nodes', 'namespaces'].map((kind) => [kind, kind] as const),
    ['endpointslices.discovery.k8s.io', 'endpointslices'],
    ['networkpolicies.networking.k8s.io', 'networkpolicies'],
    ['routingoverrides.kubecity.dev', 'routingoverrides'],
    ['clusterroutingoverrides.kubecity.dev', 'clusterroutingoverrides'],
  ),
  'create events.events.k8s.io': ['event that goes on refused', 'first event refused'],
  'patch events.events.k8s.io': ['event that goes on refused'],
  'get configmaps': ['certificates of the dashboard refused'],
  'get daemonsets.apps': ['look at the DaemonSet refused'],
};

const DASHBOARD_LOSSES: Losses = {
  ...watches(
    ...['namespaces', 'nodes', 'pods', 'services', 'events'].map((kind) => [kind, kind] as const),
    ['endpointslices.discovery.k8s.io', 'endpointSlices'],
    ['routingoverrides.kubecity.dev', 'routingOverrides'],
    ['clusterroutingoverrides.kubecity.dev', 'clusterRoutingOverrides'],
  ),
  'create events.events.k8s.io': ['event about a change refused'],
  'patch routingoverrides/status.kubecity.dev': ['status of routingoverrides refused'],
  'patch clusterroutingoverrides/status.kubecity.dev': ['status of clusterroutingoverrides refused'],
  'create tokenreviews.authentication.k8s.io': ['proof of an agent refused'],
  'get configmaps': ['certificate for agents refused'],
  'update configmaps': ['certificate for agents refused'],
  'get customresourcedefinitions.apiextensions.k8s.io': ['look at the definitions refused'],
};

const failures = (work: Readonly<Record<string, string>>): string[] =>
  Object.entries(work)
    .filter(([, state]) => state !== 'fine')
    .map(([part, state]) => `${part} ${state}`)
    .sort();

describe.each<[string, Rights, Losses, (rights: Rights) => Promise<Record<string, string>>]>([
  ['agent', agent, AGENT_LOSSES, async (rights) => agentAtWork(await grounds.become(rights), grounds.namespace)],
  ['dashboard', dashboard, DASHBOARD_LOSSES, async (rights) => dashboardAtWork(await grounds.become(rights), grounds)],
])('%s', (_name, rights, losses, atWork) => {
  test('every right is in the table of what fails without it', () => {
    expect(each(rights).map(nameOf).sort()).toEqual(Object.keys(losses).sort());
  });

  test('with exactly its rights all of its work goes well', async () => {
    const work = await atWork(rights);
    expect(Object.keys(work).length).toBeGreaterThan(9);
    expect(failures(work)).toEqual([]);
  });

  test.each(each(rights).map((right) => [nameOf(right), right] as [string, Right]))(
    'without %s that fails, and nothing else',
    async (name, right) => {
      expect(failures(await atWork(without(rights, right)))).toEqual(losses[name]);
    },
  );
});
