import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AgentAnswer, AgentQuestion, Finding } from '@kubecity/protocol';
import { afterAll, beforeAll, describe, expect, it, test, vi } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { judgeVersion } from '../src/doctor/cluster.ts';
import { judgeIsolation, judgeRoutes } from '../src/doctor/duties.ts';
import { pluginsOf } from '../src/doctor/network-plugins.ts';
import { judgeVersions, nodeReport } from '../src/doctor/nodes.ts';
import { judgeRanges } from '../src/doctor/ranges.ts';
import { judgeAgent, judgeDashboard } from '../src/doctor/workloads.ts';
import { Cluster } from './cluster.ts';
import { DashboardProcess } from './dashboard-process.ts';

const BASE = join(import.meta.dirname, '../../../deploy/base');
const cluster = new Cluster();
const dashboard = new DashboardProcess(cluster.socketPath, cluster.folder);

beforeAll(async () => {
  await cluster.start();
  await dashboard.start();
  await dashboard.connectAgent(answer);
  const known = async () => expect((await through('-o json')).data).toContain('sysctl.forwarding');
  await vi.waitFor(known, { timeout: 30_000, interval: 200 });
});
afterAll(async () => {
  await dashboard.stop();
  await cluster.stop();
});

const forwarding = { id: 'sysctl.forwarding', severity: 'error', what: 'off', why: 'nothing goes on', doThis: 'on' };
function answer(question: AgentQuestion): AgentAnswer {
  if (question.kind !== 'diagnose') return { kind: 'refused', code: 'invalid-request', message: 'not asked here' };
  const findings = [forwarding, { id: 'kernel.version', severity: 'ok', what: 'Linux 6.18' }] as Finding[];
  return { kind: 'diagnose', at: 1, version: '0.1.0', findings };
}

const through = (rest: string) => cluster.run(`--dashboard ${dashboard.url} doctor ${rest}`);
type Told = { cluster: Finding[]; nodes: { node: string; version?: string; findings: Finding[] }[] };
const severities = ({ data }: { data: string }): Record<string, string> =>
  Object.fromEntries((JSON.parse(data) as Told).cluster.map(({ id, severity }) => [id, severity]));

describe('kubecity doctor', () => {
  it('tells of cluster and nodes what is amiss, counts the rest, and ends with 2 when something is wrong', async () => {
    const { code, data } = await through('');
    expect(code).toBe(2);
    expect(data).toContain('# node node-a, agent 0.1.0\nerror    sysctl.forwarding  off\n');
    expect(data).toContain('→ on');
    expect(data).not.toContain('Linux 6.18');
    expect(data).toMatch(/# node node-b\nerror +node\.agent +no agent of node-b is connected/);
    expect((await through('-o wide --node node-a')).data).toMatch(/ok +kernel\.version +Linux 6\.18/);
  });

  it('tells scripts everything', async () => {
    const report = JSON.parse((await through('-o json --node node-a')).data) as Told;
    expect(report.nodes).toEqual([
      { node: 'node-a', version: '0.1.0', findings: expect.arrayContaining([forwarding]) },
    ]);
    expect(report.cluster).toContainEqual(expect.objectContaining({ id: 'cluster.versions', severity: 'ok' }));
    expect((await through('-o name')).data.split('\n')).toContain('error/sysctl.forwarding');
  });

  it('looks at what there is: without a dashboard no node, and notes are no failure', async () => {
    const alone = await cluster.run('doctor -o json');
    expect([alone.code, JSON.parse(alone.data).nodes]).toEqual([0, []]);
    expect(severities(alone)).toEqual({
      'cluster.version': 'ok',
      'cluster.crds': 'ok',
      'cluster.own-rights': 'ok',
      'cluster.workloads': 'note',
      'cluster.kube-proxy': 'ok',
      'cluster.isolation': 'ok',
      'cluster.routes': 'ok',
      'cluster.ranges': 'ok',
      'cluster.map': 'note',
    });
    const away = await cluster.run('--dashboard http://127.0.0.1:1 doctor -o json');
    expect([away.code, severities(away)['cluster.map']]).toEqual([2, 'error']);
  });

  it('says what it may not look at instead of failing', async () => {
    const vic = severities(await cluster.runAs('vic', 'doctor -o json'));
    expect(vic).toMatchObject({ 'cluster.own-rights': 'note', 'cluster.version': 'ok' });
    const tom = await cluster.runAs('tom', 'doctor -o json');
    expect(severities(tom)).toMatchObject({ 'cluster.crds': 'note', 'cluster.kube-proxy': 'note' });
    expect(tom.code).toBe(0);
  });

  it('asks with the rights of both components where the manifests are installed', async () => {
    cluster.put({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { namespace: 'kube-system', name: 'kube-proxy' },
      data: { 'config.conf': 'kind: KubeProxyConfiguration\nmode: "nftables"\n' },
    });
    const metadata = { namespace: 'kubecity', name: 'kubecity-agent' };
    const image = { containers: [{ name: 'agent', image: 'agent' }] };
    const labels = { app: 'agent' };
    const spec = { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: image } };
    const status = { desiredNumberScheduled: 2, numberReady: 2, updatedNumberScheduled: 2 };
    cluster.put({ apiVersion: 'apps/v1', kind: 'DaemonSet', metadata, spec, status });
    const bare = severities(await cluster.run('doctor -o json'));
    expect(bare).toMatchObject({
      'cluster.agents': 'ok',
      'cluster.dashboard': 'error',
      'cluster.agent-rights': 'error',
      'cluster.dashboard-rights': 'error',
    });
    for (const component of ['agent', 'dashboard']) {
      for (const document of parseAllDocuments(readFileSync(join(BASE, `${component}-rbac.yaml`), 'utf8'))) {
        cluster.put(document.toJS());
      }
    }
    const granted = await cluster.run('doctor -o json');
    expect(severities(granted)).toMatchObject({ 'cluster.agent-rights': 'ok', 'cluster.dashboard-rights': 'ok' });
    expect(granted.data).toContain('sets mode nftables');
  });

  it('says who else enforces policies or makes routes, and when nobody enforces them', async () => {
    const put = (name: string, containers: object[]) => {
      const labels = { app: name };
      const spec = { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers } } };
      cluster.put({ apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: { namespace: 'kube-system', name }, spec });
    };
    const duties = async () => {
      const { 'cluster.isolation': isolation, 'cluster.routes': routes } = severities(
        await cluster.run('doctor -o json'),
      );
      return [isolation, routes];
    };
    const set = (settings: string) =>
      cluster.put({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { namespace: 'kubecity', name: 'kubecity-agent' },
        data: { 'config.yaml': settings },
      });
    put('kube-flannel-ds', [{ name: 'kube-flannel', image: 'flannel:v0.26' }]);
    expect(await duties()).toEqual(['ok', 'ok']);
    const policy = { metadata: { namespace: 'shop', name: 'closed' }, spec: { podSelector: {} } };
    cluster.put({ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', ...policy });
    expect(await duties()).toEqual(['warning', 'ok']);
    set('isolation: on\nroutes: direct\n');
    expect(await duties()).toEqual(['ok', 'warning']);
    put('calico-node', [{ name: 'calico-node', image: 'calico/node:v3.30' }]);
    const { data } = await cluster.run('doctor');
    expect(data).toContain('Calico (DaemonSet kube-system/calico-node) and the agents enforce NetworkPolicies, both');
    expect(data).toContain('flannel (DaemonSet kube-system/kube-flannel-ds)');
    set('isolation: off\n');
    expect(await duties()).toEqual(['ok', 'ok']);
  });
});

const daemonSet = (name: string, ...containers: object[]) => ({
  metadata: { namespace: 'kube-system', name },
  spec: { template: { spec: { containers } } },
});

test.each([
  ['kindnet', [{ image: 'docker.io/kindest/kindnetd:v20240813-c6f155d6' }], true, true],
  ['kindnet', [{ image: 'docker.io/kindest/kindnetd:v20230511-dc714da8' }], false, true],
  ['kindnet', [{ image: 'mirror/kindnetd:latest' }], undefined, true],
  ['kube-router', [{ args: ['--run-router=true', '--run-firewall=false'] }], false, true],
  ['kube-router', [{ args: ['--run-router=false', '--run-service-proxy=false'] }], true, false],
  ['weave-net', [{ name: 'weave' }, { name: 'weave-npc' }], true, true],
  ['weave-net', [{ name: 'weave' }], false, true],
  [
    'kube-flannel-ds',
    [{ image: 'flannel:v1' }, { image: 'registry.k8s.io/networking/kube-network-policies:v1' }],
    true,
    true,
  ],
  ['calico-node', [{ env: [{ name: 'CALICO_NETWORKING_BACKEND', value: 'none' }] }], true, false],
  ['cilium', [], true, true],
  ['antrea-agent', [], true, true],
  ['ovnkube-node', [], true, true],
  ['kube-network-policies', [], true, false],
])('DaemonSet %s with %j: enforces %s, routes %s', (name, containers, enforces, routes) => {
  expect(pluginsOf([daemonSet(name, ...containers)], 'v1.36.0')).toEqual([
    expect.objectContaining({ enforces, routes }),
  ]);
});

test('what is no network plugin is none; k3s has one inside', () => {
  expect(pluginsOf([daemonSet('node-exporter', { image: 'exporter:v1' })], 'v1.36.0')).toEqual([]);
  const k3s = pluginsOf([], 'v1.36.1+k3s1');
  expect([judgeIsolation(k3s, 3, true).severity, judgeIsolation(k3s, 3, false).severity]).toEqual(['note', 'note']);
  expect([judgeRoutes(k3s, true).severity, judgeRoutes([], true).severity]).toEqual(['note', 'ok']);
  expect(judgeIsolation([], undefined, false).severity).toBe('note');
  expect(judgeIsolation([], 3, undefined).severity).toBe('note');
});

test.each([
  ['v1.28.9', 'error'],
  ['v1.29.0', 'ok'],
  ['1.36.1+k3s1', 'ok'],
  ['v2.0.0', 'ok'],
])('Kubernetes %s: %s', (version, severity) => {
  expect(judgeVersion(version).severity).toBe(severity);
});

test.each([
  [['0.3.0', '0.3.0'], 'ok'],
  [['0.3.0', '0.2.9'], 'note'],
  [['0.3.1', undefined], 'note'],
  [['0.3.0', '0.1.0'], 'error'],
  [['1.3.0'], 'error'],
])('a dashboard 0.3.0 and agents %j: %s', (agents, severity) => {
  expect(judgeVersions('0.3.0', agents).severity).toBe(severity);
});

test('workloads: who is not there, not ready, not new', () => {
  const status = { desiredNumberScheduled: 3, numberReady: 3, updatedNumberScheduled: 3 };
  const of = (more: object) => judgeAgent({ status: { ...status, ...more } }).severity;
  expect([of({}), of({ numberReady: 2 }), of({ updatedNumberScheduled: 1 })]).toEqual(['ok', 'error', 'note']);
  expect([judgeAgent('absent').severity, judgeAgent('forbidden').severity]).toEqual(['error', 'note']);
  expect(judgeDashboard({ status: { availableReplicas: 1 } }).severity).toBe('ok');
  expect([judgeDashboard({}).severity, judgeDashboard('absent').severity]).toEqual(['error', 'error']);
});

test('agents that are old, busy or away are told apart', () => {
  const refused = (code: 'invalid-request' | 'not-found' | 'busy') =>
    nodeReport({ node: 'node-a', answer: { kind: 'refused', code, message: 'why' } }).findings[0]?.severity;
  expect([refused('invalid-request'), refused('busy'), refused('not-found')]).toEqual(['note', 'warning', 'error']);
});

test('a Service whose address is in the range of pods', () => {
  const nodes = [
    { metadata: { name: 'node-a' }, spec: { podCIDRs: ['10.244.1.0/24', 'fd00:1::/64'] } },
    { metadata: { name: 'node-b' }, spec: { podCIDR: '10.244.0.0/24' } },
    { metadata: { name: 'waiting' } },
  ];
  const service = (name: string, ...clusterIPs: string[]) => ({
    metadata: { namespace: 'shop', name },
    spec: { clusterIP: clusterIPs[0] as string, clusterIPs },
  });
  const sound = [service('web', '10.96.0.1', 'fd00:96::1'), service('none', 'None'), service('edge', '10.244.2.0')];
  expect(judgeRanges(nodes, sound)).toMatchObject({ id: 'cluster.ranges', severity: 'ok' });
  expect(
    judgeRanges(nodes, [...sound, service('late', '10.244.3.1', 'fd00:1::5'), service('old', '10.244.0.255')]),
  ).toMatchObject({
    severity: 'error',
    what: expect.stringMatching(/^2 Services have .*: shop\/late fd00:1::5, in fd00:1::\/64 of node node-a$/),
  });
});
