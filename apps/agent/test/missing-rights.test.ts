import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { IsolationTracker } from '@kubecity/isolation';
import { connect, ensureCrd, type KubeClient } from '@kubecity/kube';
import { type KubeObject, type MiniApiServer, startMiniApiServer } from '@kubecity/mini-apiserver';
import type { RulesReport } from '@kubecity/protocol';
import { RoutingTracker } from '@kubecity/routing';
import pino from 'pino';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { DirectoryNews } from '../src/directory.ts';
import { MissingRights } from '../src/missing-rights.ts';
import { OverrideObjects } from '../src/override-objects.ts';
import { type IsolationTargets, watchCluster } from '../src/watches.ts';

/** An agent whose account may read what the test says, and no more. */
const RULES = {
  services: { apiGroups: [''], resources: ['services', 'pods', 'nodes'], verbs: ['list', 'watch'] },
  slices: { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list', 'watch'] },
  namespaces: { apiGroups: [''], resources: ['namespaces'], verbs: ['list', 'watch'] },
  overrides: {
    apiGroups: ['kubecity.dev'],
    resources: ['routingoverrides', 'clusterroutingoverrides'],
    verbs: ['list', 'watch'],
  },
};
const REPORT = { at: 1, problems: [] } as unknown as RulesReport;

let folder: string;
let api: MiniApiServer;
let owner: KubeClient;
let client: KubeClient;
let stop: AbortController;
let synced: number;
const found = vi.fn();
const changed = vi.fn();

beforeEach(async () => {
  vi.clearAllMocks();
  synced = 0;
  stop = new AbortController();
  folder = mkdtempSync(join(tmpdir(), 'kubecity-rights-'));
  const socketPath = join(folder, 'api.sock');
  const users = [{ token: 'of-the-agent', name: 'agent', groups: [], access: 'none' as const }];
  api = await startMiniApiServer({ socketPath, listen: { host: '127.0.0.1', port: 0 }, users });
  owner = connect({ socketPath });
  await ensureCrd(owner);
  const kubeconfig = join(folder, 'kubeconfig');
  writeFileSync(kubeconfig, api.kubeconfig('agent'));
  client = connect({ kubeconfig });
});
afterEach(async () => {
  stop.abort();
  await Promise.all([client.close(), owner.close()]);
  await api.close();
  rmSync(folder, { recursive: true });
});

const may = (...rules: object[]) => {
  const meta = { apiVersion: 'rbac.authorization.k8s.io/v1', metadata: { name: 'agent' } };
  api.put({ ...meta, kind: 'ClusterRole', rules } as KubeObject);
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'agent' };
  const subjects = [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'agent' }];
  api.put({ ...meta, kind: 'ClusterRoleBinding', roleRef, subjects } as KubeObject);
};
const eventually = (check: () => void) => vi.waitFor(check, { timeout: 20_000, interval: 20 });

function begin(isolation?: IsolationTargets): MissingRights {
  const rights = new MissingRights({ nodeName: 'node-a', found, changed });
  const tracker = new RoutingTracker({ name: 'node-a' });
  watchCluster(
    client,
    {
      tracker,
      overrides: new OverrideObjects(tracker),
      directory: new DirectoryNews(() => {}),
      triggers: { set() {}, delete() {} },
      nodeName: 'node-a',
      ownNode() {},
      counted() {},
      changed() {},
      synced: () => {
        synced += 1;
      },
      apiState() {},
      isolation,
      rights,
    },
    pino({ level: 'silent' }),
    stop.signal,
  );
  return rights;
}

const problems = (rights: MissingRights) => rights.addTo(REPORT).problems.map(({ field, message }) => [field, message]);

it('begins without overrides and namespaces, says what follows and what to do, and is ready', async () => {
  may(RULES.services, RULES.slices);
  const rights = begin();
  await eventually(() => expect(found).toHaveBeenCalledTimes(3));
  expect(synced).toBe(0);
  await eventually(() => expect(synced).toBe(1));
  expect(rights.trouble()).toBeUndefined();
  const told = Object.fromEntries(problems(rights));
  expect(Object.keys(told).sort()).toEqual([
    'rights.clusterroutingoverrides',
    'rights.namespaces',
    'rights.routingoverrides',
  ]);
  expect(told['rights.routingoverrides']).toMatch(
    /^list routingoverrides: routingoverrides\.kubecity\.dev is forbidden: .*\. Until that changes no override of a namespace acts here: give the agent's ServiceAccount list and watch of routingoverrides$/,
  );
  expect(found).toHaveBeenCalledTimes(3);
}, 30_000);

it('is silent again as soon as the right is there', async () => {
  may(RULES.services, RULES.slices, RULES.namespaces);
  const rights = begin();
  await eventually(() => expect(found).toHaveBeenCalledTimes(2));
  may(...Object.values(RULES));
  await eventually(() => expect(problems(rights)).toEqual([]));
  await eventually(() => expect(synced).toBe(1));
  expect(changed).toHaveBeenCalledTimes(4);
}, 30_000);

it.each([
  ['services', [RULES.slices, RULES.namespaces, RULES.overrides]],
  ['endpointslices', [RULES.services, RULES.namespaces, RULES.overrides]],
])(
  'does not route without %s, and says why it waits',
  async (plural, rules) => {
    may(...rules);
    const rights = begin();
    await eventually(() => expect(rights.trouble()).toContain(`list ${plural}: ${plural}`));
    expect(rights.trouble()).toContain('this node waits with its rules, and what it has in the kernel stays');
    expect(synced).toBe(0);
  },
  30_000,
);

it('routes without the right to NetworkPolicies, and enforces none before it is there', async () => {
  const tracker = new IsolationTracker('node-a');
  let listed = 0;
  const isolation = { tracker, changed() {}, listed: () => void listed++ };
  may(...Object.values(RULES));
  const rights = begin(isolation);
  await eventually(() => expect(rights.of('networkpolicies')).toBeDefined());
  await eventually(() => expect(synced).toBe(1));
  expect(rights.trouble()).toBeUndefined();
  expect(rights.of('networkpolicies')).toMatch(
    /no NetworkPolicy is enforced anew here, and what was enforced before stays in force: give the agent's ServiceAccount list and watch of networkpolicies$/,
  );
  expect(listed).toBe(0);
  may(...Object.values(RULES), {
    apiGroups: ['networking.k8s.io'],
    resources: ['networkpolicies'],
    verbs: ['list', 'watch'],
  });
  await eventually(() => expect(listed).toBe(1));
  await eventually(() => expect(rights.of('networkpolicies')).toBeUndefined());
}, 30_000);

it('without the labels of namespaces nobody can say whom a policy lets in: routing goes on, isolation waits', async () => {
  let listed = 0;
  may(RULES.services, RULES.slices, RULES.overrides, {
    apiGroups: ['networking.k8s.io'],
    resources: ['networkpolicies'],
    verbs: ['list', 'watch'],
  });
  const rights = begin({ tracker: new IsolationTracker('node-a'), changed() {}, listed: () => void listed++ });
  await eventually(() => expect(synced).toBe(1));
  expect(listed).toBe(0);
  await eventually(() => expect(rights.of('namespaces')).toBeDefined());
}, 30_000);
