import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connect, ensureCrd, type KubeClient, resources } from '@kubecity/kube';
import { type KubeObject, type MiniApiServer, startMiniApiServer } from '@kubecity/mini-apiserver';
import { iptables } from '@kubecity/netfilter';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { tool } from './lab/lab.ts';

/**
 * The agent as its Pod is made by deploy/base/agent.yaml: those capabilities and no others, files and /proc/sys that cannot be
 * written, the token and the rights of its ServiceAccount.
 */
const folder = mkdtempSync(join(tmpdir(), 'kubecity-pod-'));
const program = fileURLToPath(new URL('../kubecity-agent', import.meta.url));
const base = (file: string) => {
  const text = readFileSync(new URL(`../../../deploy/base/${file}`, import.meta.url), 'utf8');
  return parseAllDocuments(text).map((document) => document.toJS() as KubeObject);
};
const account = join(folder, 'serviceaccount');
const configFile = join(folder, 'config.yaml');
const ACCT = 'net.netfilter.nf_conntrack_acct';
const VIP = '10.96.0.10';

let api: MiniApiServer;
let admin: KubeClient;
let pod: ChildProcess | undefined;
let lines: { level: number; msg: string }[] = [];

beforeAll(async () => {
  tool('ip link set lo up');
  const socketPath = join(folder, 'api.sock');
  api = await startMiniApiServer({ socketPath, listen: { host: '127.0.0.1', port: 0 } });
  admin = connect({ socketPath });
  await ensureCrd(admin);
  for (const object of [...base('namespace.yaml'), ...base('agent-rbac.yaml')]) api.put(object);
  api.put({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
  const addresses = [{ type: 'InternalIP', address: '127.0.0.1' }];
  api.put({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-a' }, status: { addresses } });
  const ports = [{ name: 'http', port: 80, protocol: 'TCP', targetPort: 8080 }];
  const spec = { clusterIP: VIP, clusterIPs: [VIP], ports, sessionAffinity: 'ClientIP' };
  api.put({ apiVersion: 'v1', kind: 'Service', metadata: { namespace: 'shop', name: 'cart' }, spec });
  api.put({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { namespace: 'shop', name: 'cart-1', labels: { 'kubernetes.io/service-name': 'cart' } },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
    endpoints: [{ addresses: ['10.244.1.2'], conditions: { ready: true } }],
  });
  mkdirSync(account);
  const wish = { kind: 'TokenRequest', metadata: { namespace: 'kubecity', name: 'kubecity-agent' }, spec: {} };
  const accounts = { group: '', version: 'v1', plural: 'serviceaccounts', namespaced: true };
  const made = (await admin.create<object>(accounts, wish, 'token')) as { status: { token: string } };
  writeFileSync(join(account, 'token'), made.status.token);
  writeFileSync(join(account, 'ca.crt'), api.ca ?? '');
  writeFileSync(join(account, 'namespace'), 'kubecity');
});
afterEach(() => void pod?.kill('SIGKILL'));
afterAll(async () => {
  await admin.close();
  await api.close();
  rmSync(folder, { recursive: true });
});

/** What a container runtime does, on a root of bind mounts that are thrown away with the process. */
const CONTAINER = `
root=$(mktemp -d); mount -t tmpfs tmpfs $root; cd $root
for dir in /*; do
  case $dir in /proc|/host) continue;; esac
  if [ -L $dir ]; then cp -P $dir .
  elif [ -d $dir ]; then mkdir .$dir; mount --rbind $dir .$dir; fi
done
mkdir proc host host/proc host/proc/sys host/proc/sys/net
mount --rbind /proc proc
mount --bind /proc/sys/net host/proc/sys/net
mount --bind proc/sys proc/sys; mount -o remount,bind,ro proc/sys
mkdir -p run/secrets/kubernetes.io/serviceaccount
mount --bind "$ACCOUNT" run/secrets/kubernetes.io/serviceaccount
for dir in usr etc bin lib opt root home srv; do
  if [ -d $dir ] && [ ! -L $dir ]; then mount -o remount,bind,ro $dir; fi
done
mount -o remount,ro .
exec chroot . setpriv --no-new-privs --inh-caps=-all --ambient-caps=-all --bounding-set=-all,"$CAPABILITIES" "$@"
`;

function capabilities(): string {
  const daemonSet = base('agent.yaml').find(({ kind }) => kind === 'DaemonSet');
  // biome-ignore lint/suspicious/noExplicitAny: a DaemonSet as its file has it
  const { securityContext } = (daemonSet as any).spec.template.spec.containers[0];
  expect(securityContext).toMatchObject({
    runAsUser: 0,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  });
  return securityContext.capabilities.add.map((name: string) => `+${name.toLowerCase()}`).join(',');
}

const soon = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 30_000, interval: 100 });

async function start(mode: 'replace' | 'steer'): Promise<void> {
  lines = [];
  const quiet = { healthListen: 'off', metricsListen: 'off' };
  writeFileSync(
    configFile,
    JSON.stringify({ mode, leaseSeconds: 120, daemonSet: 'kubecity/kubecity-agent', ...quiet }),
  );
  const daemonSet = base('agent.yaml').find(({ kind }) => kind === 'DaemonSet');
  api.put(daemonSet as KubeObject);
  pod = spawn('unshare', ['--mount', 'sh', '-ec', CONTAINER, 'sh', program, `--config=${configFile}`], {
    env: {
      ...process.env,
      NODE: process.execPath,
      ACCOUNT: account,
      CAPABILITIES: capabilities(),
      KUBECITY_NODE_NAME: 'node-a',
      KUBERNETES_SERVICE_HOST: '127.0.0.1',
      KUBERNETES_SERVICE_PORT: String(api.port),
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let rest = '';
  pod.stdout?.setEncoding('utf8').on('data', (text: string) => {
    const whole = (rest + text).split('\n');
    rest = whole.pop() ?? '';
    lines.push(...whole.map((line) => JSON.parse(line)));
  });
  await soon(() => expect(lines.map(({ msg }) => msg)).toContain('rules go when this DaemonSet is deleted'));
  await soon(() => expect(saved()).toContain(`${VIP}/32`));
}

async function stop(): Promise<void> {
  const ended = once(pod as ChildProcess, 'exit');
  pod?.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
  pod = undefined;
}

/** As kube-proxy in iptables mode leaves them. */
const KUBE_PROXY = `*nat
:KUBE-SERVICES - [0:0]
:KUBE-SVC-X - [0:0]
-A KUBE-SERVICES -d 10.96.0.1/32 -j KUBE-SVC-X
-A PREROUTING -j KUBE-SERVICES
COMMIT
`;

const saved = () => tool('iptables-save');
const loud = () => lines.filter(({ level }) => level >= 40).map(({ msg }) => msg);
const daemonSets = (name: string) => admin.delete(resources.daemonSets, { namespace: 'kubecity', name });

test('routes, counts and tells events with the rights and the capabilities of its Pod, and stays when it is to come back', async () => {
  tool(`sysctl -q -w ${ACCT}=0`);
  await start('replace');
  // session affinity is a set, for which iptables needs its raw socket
  expect(saved()).toContain('--match-set');
  expect(tool(`sysctl -n ${ACCT}`).trim()).toBe('1');
  await soon(async () => {
    const { items } = await admin.list<{ reason: string }>(resources.events);
    expect(items.map(({ reason }) => reason)).toContain('Starting');
  });
  await stop();
  expect(loud()).toEqual([]);
  expect(saved()).toContain('CITY-SERVICES');
});

test('when its DaemonSet is deleted rules stay as long as nobody else routes', async () => {
  await start('replace');
  await daemonSets('kubecity-agent');
  await stop();
  expect(loud()).toEqual(['the DaemonSet is gone, but nobody else routes Services here: rules stay']);
  expect(saved()).toContain('CITY-SERVICES');
});

test('where a kube-proxy routes it steers in front of it, and takes everything along when its DaemonSet is deleted', async () => {
  await iptables({ family: 'IPv4' }).restore(KUBE_PROXY);
  const metadata = { namespace: 'shop', name: 'cart' };
  await admin.create(resources.routingOverrides, { metadata, spec: { service: 'cart', weight: 50 } });
  await start('steer');
  await soon(() => expect(tool('ipset list -n')).toContain('CITY-LEASE-4'));
  await stop();
  // the next agent of the DaemonSet is expected before the lease is over
  expect(tool('ipset list CITY-LEASE-4')).toContain('128.0.0.0/1');
  await start('steer');
  await daemonSets('kubecity-agent');
  await stop();
  expect(saved()).not.toContain('CITY-');
  expect(saved()).toContain('KUBE-SERVICES');
  expect(tool('ipset list -n').trim()).toBe('');
});
