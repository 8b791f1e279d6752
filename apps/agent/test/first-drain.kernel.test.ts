import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { connect, type KubeClient, type Resource } from '@kubecity/kube';
import { type KubeObject, type MiniApiServer, startMiniApiServer } from '@kubecity/mini-apiserver';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { build, DEPLOY } from '../../../deploy/test/kustomization.ts';
import { Lab } from './lab/lab.ts';
import { ours } from './lab/mode-city.ts';
import { CITY, NODE, PODS, WEB } from './takeover/city.ts';
import { RecordedKubeProxy } from './takeover/kube-proxy.ts';

/**
 * docs/install.md, step by step, on one node that a kube-proxy serves: the objects of the overlays as they are, agent and dashboard by
 * the settings in them, with the rights and tokens of their ServiceAccounts; from nothing to a drained backend, and to no trace.
 */
const folder = mkdtempSync(join(tmpdir(), 'kubecity-first-drain-'));
const program = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const run = promisify(execFile);
const SECRETS = '/run/secrets';
const CLIENT = '10.244.1.9';
const DASHBOARD = 'http://127.0.0.1:8080';
const accounts: Resource = { group: '', version: 'v1', plural: 'serviceaccounts', namespaced: true };

const lab = new Lab();
const kubeProxy = new RecordedKubeProxy();
let api: MiniApiServer;
let admin: KubeClient;
let agent: ChildProcess;
let dashboard: ChildProcess;

const eventually = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 40_000, interval: 100 });
/** What is there already as it is wished stays, as with `kubectl apply`: a new ServiceAccount would end all tokens of the old one. */
const applied = new Set<string>();
function apply(overlay: string): KubeObject[] {
  const objects = build(join(DEPLOY, 'overlays', overlay));
  for (const object of objects) {
    const text = JSON.stringify(object);
    if (!applied.has(text)) api.put(object);
    applied.add(text);
  }
  return objects;
}

async function token(account: string, spec: object = {}): Promise<string> {
  const metadata = { namespace: 'kubecity', name: account };
  const wish = { kind: 'TokenRequest', metadata, spec };
  const made = await admin.create<object>(accounts, wish, 'token');
  return (made as { status: { token: string } }).status.token;
}

/** As the kubelet writes a file of a volume. */
function place(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}

function giveAccount(directory: string, text: string): void {
  place(join(directory, 'token'), text);
  place(join(directory, 'ca.crt'), api.ca ?? '');
  place(join(directory, 'namespace'), 'kubecity');
}

/** What the agents' ConfigMap says, into the file that the DaemonSet mounts it as. */
function mountConfig(objects: readonly KubeObject[]): void {
  const map = objects.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === 'kubecity-agent');
  place(join(folder, 'config.yaml'), (map as unknown as { data: Record<string, string> }).data['config.yaml'] ?? '');
}

/** Variables with plain values, of the only container of a Pod's maker. */
function variables(objects: readonly KubeObject[], kind: string): Record<string, string> {
  const made = objects.find((object) => object.kind === kind) as unknown as {
    spec: { template: { spec: { containers: { env: { name: string; value?: string }[] }[] } } };
  };
  const [container] = made.spec.template.spec.containers;
  return Object.fromEntries(
    (container?.env ?? []).flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]])),
  );
}

function resourceOf({ apiVersion, kind, metadata }: KubeObject): Resource {
  const [version = '', group = ''] = apiVersion.split('/').reverse();
  const plural = `${kind.toLowerCase()}s`.replace(/ys$/, 'ies');
  return { group, version, plural, namespaced: metadata.namespace !== undefined };
}

const inCluster = () => ({ KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: String(api.port) });

/** What `kubectl config set-credentials me --token` leaves. */
function signIn(as: string): void {
  const ca = Buffer.from(api.ca ?? '').toString('base64');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server: api.url, 'certificate-authority-data': ca } }],
    users: [{ name: 'me', user: { token: as } }],
    contexts: [{ name: 'me', context: { cluster: 'c', user: 'me' } }],
    'current-context': 'me',
  };
  place(join(folder, 'kubeconfig'), JSON.stringify(config));
}

async function kubecity(...args: string[]): Promise<{ code: number; text: string }> {
  const flags = ['--dashboard', DASHBOARD, '--kubeconfig', join(folder, 'kubeconfig')];
  const ended = run(process.execPath, [program('../../cli/src/main.ts'), ...args, ...flags]);
  return ended.then(
    ({ stdout, stderr }) => ({ code: 0, text: stdout + stderr }),
    ({ code, stdout, stderr }) => ({ code, text: stdout + stderr }),
  );
}

const answers = async () => Object.keys(await lab.call('client', WEB.clusterIP, 80, 40)).sort();
const BOTH = [`p1 ${CLIENT}`, `p2 ${CLIENT}`];

beforeAll(async () => {
  for (const [name, address] of Object.entries(PODS)) {
    lab.addHost(name, address);
    await lab.serve(name, 8080);
  }
  lab.addHost('client', CLIENT);
  // Names of Services are answered by the cluster's DNS; here by a file that this namespace alone sees.
  place(join(folder, 'hosts'), '127.0.0.1 localhost kubecity-dashboard.kubecity.svc\n');
  execFileSync('mount', ['--bind', join(folder, 'hosts'), '/etc/hosts']);
  const socketPath = join(folder, 'api.sock');
  api = await startMiniApiServer({ socketPath, listen: { host: '127.0.0.1', port: 0 } });
  admin = connect({ socketPath });
  for (const name of ['city', 'kubecity']) api.put({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  for (const object of CITY) api.put(object);
  for (const [name, podIP] of Object.entries(PODS)) {
    const spec = { nodeName: NODE, containers: [{ name, image: name }] };
    const status = { phase: 'Running', podIP, podIPs: [{ ip: podIP }] };
    api.put({ apiVersion: 'v1', kind: 'Pod', metadata: { namespace: 'city', name }, spec, status });
  }
  await kubeProxy.start();
});

afterAll(async () => {
  for (const child of [agent, dashboard]) child?.kill('SIGKILL');
  await admin.close();
  await api.close();
  await lab.close();
  await kubeProxy.cleanUp();
  execFileSync('umount', ['/etc/hosts']);
  rmSync(folder, { recursive: true, force: true });
});

it('1. install: agent and dashboard find each other, nothing is written on the node', async () => {
  const objects = apply('observe');
  giveAccount(join(folder, 'dashboard-account'), await token('kubecity-dashboard'));
  giveAccount(join(SECRETS, 'kubernetes.io/serviceaccount'), await token('kubecity-agent'));
  const spec = {
    nodeName: NODE,
    serviceAccountName: 'kubecity-agent',
    containers: [{ name: 'agent', image: 'agent' }],
  };
  api.put({ apiVersion: 'v1', kind: 'Pod', metadata: { namespace: 'kubecity', name: 'agent-a' }, spec });
  const boundObjectRef = { kind: 'Pod', apiVersion: 'v1', name: 'agent-a' };
  const shown = await token('kubecity-agent', { audiences: ['kubecity-dashboard'], boundObjectRef });
  place(join(SECRETS, 'kubecity/token'), shown);
  mountConfig(objects);
  dashboard = spawn(
    'unshare',
    [
      ...['--mount', 'sh', '-ec', `mount --bind "$ACCOUNT" ${SECRETS}/kubernetes.io/serviceaccount; exec "$@"`, 'sh'],
      ...[process.execPath, program('../../dashboard/testing/pageless-dashboard.ts')],
    ],
    {
      env: {
        ...process.env,
        ...inCluster(),
        ...variables(objects, 'Deployment'),
        KUBECITY_HISTORY: join(folder, 'history.db'),
        ACCOUNT: join(folder, 'dashboard-account'),
      },
      stdio: ['pipe', 'inherit', 'inherit'],
    },
  );
  agent = spawn(program('../kubecity-agent'), [`--config=${join(folder, 'config.yaml')}`], {
    env: {
      ...process.env,
      ...inCluster(),
      NODE: process.execPath,
      KUBECITY_NODE_NAME: NODE,
      KUBECITY_LOG_LEVEL: process.env.KUBECITY_TEST_LOG ?? 'fatal',
    },
    stdio: 'inherit',
  });
  await eventually(async () => {
    const text = await (await fetch('http://127.0.0.1:9090/metrics')).text();
    expect(text).toContain('kubecity_hub_agents{state="live"} 1');
    expect((await fetch('http://127.0.0.1:10356/healthz')).status).toBe(200);
  });
  expect(ours()).toEqual([]);
  expect(await answers()).toEqual(BOTH);
});

it('2. and 3. somebody signs in with a token of the cluster and looks; who has none is not let in', async () => {
  const me = { kind: 'ServiceAccount', namespace: 'kubecity', name: 'me' };
  api.put({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { namespace: me.namespace, name: me.name } });
  for (const role of ['kubecity-viewer', 'kubecity-operator']) {
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role };
    const metadata = { name: `me-${role}` };
    api.put({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata,
      roleRef,
      subjects: [me],
    });
  }
  signIn('nobody');
  expect((await kubecity('get', 'backends', '-n', 'city')).code).not.toBe(0);
  signIn(await token('me'));
  const seen = await kubecity('get', 'backends', '-n', 'city');
  expect(seen.code, seen.text).toBe(0);
  expect(seen.text).toContain(PODS.p1);
});

it('4. the agent steers when its ConfigMap says so, without a restart, and leaves every Service to kube-proxy', async () => {
  const told = await kubecity(
    'drain',
    'service/web',
    '--address',
    PODS.p1,
    '-n',
    'city',
    '--reason',
    'too early',
    '--dry-run',
  );
  expect(told.text).toMatch(/observe/);
  mountConfig(apply('steer'));
  await eventually(async () =>
    expect(await (await fetch('http://127.0.0.1:10349/metrics')).text()).toContain('kubecity_mode{mode="steer"} 1'),
  );
  expect(await answers()).toEqual(BOTH);
});

it('5. a drain is confirmed by the node, and no new connection comes; undo ends it', async () => {
  const open = await lab.open('client', WEB.clusterIP, 80);
  const answer = await open.ask();
  const drained = await kubecity(
    ...['drain', 'service/web', '--address', PODS.p1, '-n', 'city', '--existing', 'wait'],
    ...['--reason', 'slow disk', '-o', 'json'],
  );
  expect(drained.code, drained.text).toBe(0);
  await eventually(async () => expect(await answers()).toEqual([`p2 ${CLIENT}`]));
  expect(await open.ask()).toBe(answer);
  const undone = await kubecity('undo');
  expect(undone.code, undone.text).toBe(0);
  await eventually(async () => expect(await answers()).toEqual(BOTH));
  expect(await open.ask()).toBe(answer);
  open.close();
});

it('6. one command removes every trace, while a backend is drained; open connections stay', async () => {
  const drain = ['drain', 'service/web', '--address', PODS.p1, '-n', 'city', '--reason', 'slow disk', '--wait', '1m'];
  const drained = await kubecity(...drain);
  expect(drained.code, drained.text).toBe(0);
  const open = await lab.open('client', WEB.clusterIP, 80);
  expect(await open.ask()).toContain('p2');
  for (const object of build(join(DEPLOY, 'overlays/steer')).reverse()) {
    const { name, namespace } = object.metadata;
    await admin.delete(resourceOf(object), { name, ...(namespace !== undefined && { namespace }) });
  }
  // As the kubelet ends the pods of what is gone.
  const ended = Promise.all([agent, dashboard].map((child) => once(child, 'exit')));
  for (const child of [agent, dashboard]) child.kill('SIGTERM');
  expect(await ended).toEqual([
    [0, null],
    [0, null],
  ]);
  expect(ours()).toEqual([]);
  expect(await answers()).toEqual(BOTH);
  expect(await open.ask()).toContain('p2');
  open.close();
});
