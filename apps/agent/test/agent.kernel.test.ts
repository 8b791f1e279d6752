import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connect, ensureCrd, resources } from '@kubecity/kube';
import { type MiniApiServer, startMiniApiServer } from '@kubecity/mini-apiserver';
import { ipset, iptables } from '@kubecity/netfilter';
import { PROTOCOLS } from '@kubecity/protocol';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { removeRules } from '../src/rules/cleanup.ts';
import { HubEar } from './lab/hub-ear.ts';
import { Lab, NODE_ADDRESS, tool } from './lab/lab.ts';

const folder = mkdtempSync(join(tmpdir(), 'kubecity-agent-'));
const apiSocket = join(folder, 'api.sock');
const hubSocket = join(folder, 'hub.sock');
const tokenFile = join(folder, 'token');
const configFile = join(folder, 'agent.yaml');
const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const VIP = '10.96.0.10';
const PORT = 'shop/cart:http/TCP';

const lab = new Lab();
const hub = new HubEar(hubSocket);
let api: MiniApiServer;
let agent: ChildProcess;

async function startApi(pods: readonly string[]): Promise<void> {
  api = await startMiniApiServer({ socketPath: apiSocket });
  const client = connect({ socketPath: apiSocket });
  await ensureCrd(client);
  await client.create(resources.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
  putNode({});
  api.put({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace: 'shop', name: 'cart' },
    spec: { clusterIP: VIP, clusterIPs: [VIP], ports: [{ name: 'http', port: 80, protocol: 'TCP', targetPort: 8080 }] },
  });
  api.put({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace: 'shop', name: 'client', uid: 'uid-client' },
    spec: { nodeName: 'node-a', containers: [] },
    status: { phase: 'Running', podIP: '10.244.1.9' },
  });
  putSlice(pods);
  await client.close();
}

function putNode(labels: Record<string, string>): void {
  api.put({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'node-a', labels },
    status: { addresses: [{ type: 'InternalIP', address: NODE_ADDRESS }] },
  });
}

function putSlice(pods: readonly string[], zones: Readonly<Record<string, string>> = {}): void {
  api.put({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { namespace: 'shop', name: 'cart-x', labels: { 'kubernetes.io/service-name': 'cart' } },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
    endpoints: pods.map((name) => ({
      addresses: [`10.244.1.${name.slice(1)}`],
      conditions: { ready: true },
      nodeName: 'node-a',
      targetRef: { kind: 'Pod', namespace: 'shop', name },
      ...(zones[name] !== undefined && { hints: { forZones: [{ name: zones[name] }] } }),
    })),
  });
}

function startAgent(): ChildProcess {
  const flags = {
    'node-name': 'node-a',
    'kube-socket': apiSocket,
    config: configFile,
    'check-ms': '200',
    hub: `unix:${hubSocket}`,
    'hub-token-file': tokenFile,
    'accounting-ms': '200',
    'accounting-cpu-percent': '100',
    'log-level': 'error',
  };
  const args = Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value]);
  return spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'inherit', 'inherit'] });
}

async function health(path: string): Promise<number> {
  return (await fetch(`http://127.0.0.1:10256${path}`)).status;
}

const eventually = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 30_000, interval: 50 });
const answering = async () =>
  [...new Set(Object.keys(await lab.call('client', VIP, 80, 60)).map((answer) => answer.split(' ')[0]))].sort();

beforeAll(async () => {
  writeFileSync(tokenFile, 'a-token\n');
  writeFileSync(configFile, 'clusterCIDR: [10.244.0.0/16]\n');
  for (const name of ['p1', 'p2', 'p3']) {
    lab.addHost(name, `10.244.1.${name.slice(1)}`);
    await lab.serve(name, 8080);
  }
  lab.addHost('client', '10.244.1.9');
  await startApi(['p1', 'p2']);
  agent = startAgent();
  await eventually(async () => expect(await health('/healthz')).toBe(200));
});

afterAll(async () => {
  agent.kill();
  await hub.close();
  await api.close();
  await removeRules([iptables(), iptables({ family: 'IPv6' })], ipset());
  await lab.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('the agent', () => {
  it('routes what the API says and follows it', async () => {
    expect(await answering()).toEqual(['p1', 'p2']);
    putSlice(['p1', 'p2', 'p3']);
    await eventually(async () => expect(await answering()).toEqual(['p1', 'p2', 'p3']));
    expect(await health('/livez')).toBe(200);
  });

  it('greets the hub and counts every connection once, by client and backend', async () => {
    await eventually(() =>
      expect(hub.hellos.at(-1)).toMatchObject({ protocols: [...PROTOCOLS], token: 'a-token', node: 'node-a' }),
    );
    const total = () => Object.values(hub.opened(PORT)).reduce((sum, count) => sum + count, 0);
    // What is older than the first dump is its base, and what was called before now is told with the second from now.
    const { frames } = hub;
    await eventually(() => expect(hub.frames).toBeGreaterThan(frames + 2));
    const before = total();
    const tally = await lab.call('client', VIP, 80, 300);
    expect(Object.keys(tally).sort()).toEqual(['p1 10.244.1.9', 'p2 10.244.1.9', 'p3 10.244.1.9']);
    await eventually(() => expect(total()).toBe(before + 300));
    expect(hub.clients()).toContainEqual({ kind: 'pod', uid: 'uid-client', namespace: 'shop', name: 'client' });
  });

  it('shows the rules of one Service as the kernel holds them, with what they matched', async () => {
    const answer = await hub.ask({ kind: 'rules', service: 'shop/cart' });
    if (answer.kind !== 'rules') throw new Error(answer.kind);
    const shown = answer.chains.map(
      ({ family, table, chain, rules }) => [`${family} ${table} ${chain}`, rules] as const,
    );
    const [door, own] = shown;
    expect([door?.[0], own?.[0]]).toEqual([
      'IPv4 nat CITY-ADDRESSES',
      expect.stringMatching(/^IPv4 nat CITY-S-.*cart/),
    ]);
    expect(door?.[1]).toEqual([
      { rule: expect.stringContaining(`-d ${VIP}/32`), packets: expect.any(Number), bytes: expect.any(Number) },
    ]);
    // Its counters begin again when a chain is written.
    for (const rules of [door?.[1], own?.[1]])
      expect(rules?.reduce((sum, rule) => sum + rule.packets, 0)).toBeGreaterThanOrEqual(300);
    expect(shown.flatMap(([, rules]) => rules.map(({ rule }) => rule)).join()).toContain(
      '--to-destination 10.244.1.1:8080',
    );
    expect(await hub.ask({ kind: 'rules', service: 'shop/none' })).toMatchObject({
      kind: 'refused',
      code: 'not-found',
    });
  });

  it('tells single connections, and ends those of one backend when it is asked to', async () => {
    const held = await lab.open('client', VIP, 80);
    const [backend = ''] = (await held.ask()).split(' ');
    const which = { servicePort: PORT, backend: `10.244.1.${backend.slice(1)}:8080` };
    await eventually(async () => {
      const answer = await hub.ask({ kind: 'flows', ...which, limit: 1000 });
      if (answer.kind !== 'flows') throw new Error(answer.kind);
      expect(answer.flows.filter(({ state }) => state !== 'over')).toEqual([
        expect.objectContaining({
          ...{ protocol: 'TCP', destination: `${VIP}:80`, backend: which.backend, counted: true },
          client: { kind: 'pod', uid: 'uid-client', namespace: 'shop', name: 'client' },
        }),
      ]);
    });
    const classes = ['moving', 'idle'] as const;
    expect(await hub.ask({ kind: 'endFlows', ...which, classes: [...classes], perSecond: 100 })).toMatchObject({
      ...{ kind: 'endFlows', matched: 1, deleted: 1, left: 0 },
    });
    const entries = tool(`conntrack -L -p tcp --orig-dst ${VIP}`).split('\n');
    expect(entries.filter((line) => line.includes('ESTABLISHED'))).toEqual([]);
    held.close();
  });

  it('acknowledges an override after its kernel holds it, and none is routed there after that', async () => {
    const client = connect({ socketPath: apiSocket });
    const override = {
      apiVersion: 'kubecity.dev/v1alpha1',
      kind: 'RoutingOverride',
      metadata: { namespace: 'shop', name: 'drain-p2' },
      spec: { service: 'cart', backends: { podNames: ['p2'] }, drain: {} },
    };
    await client.create(resources.routingOverrides, override);
    await eventually(() =>
      expect(hub.rules?.acknowledged).toEqual([
        expect.objectContaining({ name: 'drain-p2', generation: 1, state: 'applied' }),
      ]),
    );
    expect(tool('iptables-save -t nat')).not.toContain('10.244.1.2:8080');
    expect(await answering()).toEqual(['p1', 'p3']);
    await client.delete(resources.routingOverrides, { namespace: 'shop', name: 'drain-p2' });
    await eventually(() => expect(hub.rules?.acknowledged).toEqual([]));
    await eventually(async () => expect(await answering()).toEqual(['p1', 'p2', 'p3']));
    await client.close();
  });

  it('tells a bad Service by field and routes the others', async () => {
    api.put({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { namespace: 'shop', name: 'bad' },
      spec: { clusterIP: '10.96.0.999', ports: [{ port: 80 }] },
    });
    await eventually(() =>
      expect(hub.rules?.problems).toContainEqual(expect.objectContaining({ name: 'bad', field: 'spec.clusterIP' })),
    );
    expect(await answering()).toEqual(['p1', 'p2', 'p3']);
  });

  it('repairs a flushed table and a deleted jump by itself, and tells the Node', async () => {
    for (const damage of ['-F', '-D PREROUTING -j CITY-SERVICES', '-A CITY-SERVICES -j RETURN']) {
      const before = tool('iptables -t nat -S CITY-SERVICES');
      tool(`iptables -t nat ${damage}`);
      await eventually(() => expect(tool('iptables -t nat -S CITY-SERVICES')).toBe(before));
      await eventually(() => expect(tool('iptables -t nat -S PREROUTING')).toContain('-j CITY-SERVICES'));
    }
    expect(await answering()).toEqual(['p1', 'p2', 'p3']);
    const client = connect({ socketPath: apiSocket });
    await eventually(async () =>
      expect((await client.list(resources.events)).items).toContainEqual(
        expect.objectContaining({ reason: 'KernelDrift', regarding: expect.objectContaining({ name: 'node-a' }) }),
      ),
    );
    await client.close();
  });

  it('follows the zone of its Node and a new configuration without a restart', async () => {
    putSlice(['p1', 'p2', 'p3'], { p1: 'z1', p2: 'z2', p3: 'z2' });
    putNode({ 'topology.kubernetes.io/zone': 'z1' });
    await eventually(async () => expect(await answering()).toEqual(['p1']));
    putNode({ 'topology.kubernetes.io/zone': 'z2' });
    await eventually(async () => expect(await answering()).toEqual(['p2', 'p3']));
    putNode({});
    putSlice(['p1', 'p2', 'p3']);
    await eventually(async () => expect(await answering()).toEqual(['p1', 'p2', 'p3']));
    writeFileSync(configFile, 'clusterCIDR: [10.9.0.0/16]\nmasqueradeMark: 0x8000\n');
    await eventually(() => expect(tool('iptables-save -t nat')).toContain('! -s 10.9.0.0/16 '));
    expect(tool('iptables-save -t nat')).not.toContain('0x2000');
    // Outside of the pod range now, so it comes from the node.
    expect(Object.keys(await lab.call('client', VIP, 80, 60)).sort()).toEqual(
      ['p1', 'p2', 'p3'].map((pod) => `${pod} ${NODE_ADDRESS}`),
    );
    writeFileSync(configFile, 'clusterCIDR: [10.244.0.0/16\n');
    writeFileSync(configFile, 'clusterCIDR: [10.244.0.0/16]\n');
    await eventually(() => expect(tool('iptables-save -t nat')).toContain('! -s 10.244.0.0/16 '));
  });

  it('routes IPv6 beside IPv4, each with its own text', async () => {
    api.put({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { namespace: 'shop', name: 'six' },
      spec: { clusterIP: 'fd00:96::6', clusterIPs: ['fd00:96::6'], ipFamilies: ['IPv6'], ports: [{ port: 80 }] },
    });
    await eventually(() => expect(tool('ip6tables-save -t filter')).toContain('-d fd00:96::6/128'));
    expect(tool('iptables-save')).not.toContain('fd00');
    const client = connect({ socketPath: apiSocket });
    await client.delete(resources.services, { namespace: 'shop', name: 'six' });
    await client.close();
    await eventually(() => expect(tool('ip6tables-save -t filter')).not.toContain('fd00:96::6'));
  });

  it('opens the health check node port of a Service and answers by its local endpoints', async () => {
    const front = (healthCheckNodePort: number) => ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { namespace: 'shop', name: 'front' },
      spec: {
        type: 'LoadBalancer',
        clusterIP: '10.96.0.20',
        externalTrafficPolicy: 'Local',
        healthCheckNodePort,
        ports: [{ name: 'http', port: 80, nodePort: 30_020 }],
      },
    });
    api.put(front(31_020));
    const ask = async (port: number) => {
      const response = await fetch(`http://127.0.0.1:${port}/`);
      return [response.status, response.headers.get('x-load-balancing-endpoint-weight')];
    };
    await eventually(async () => expect(await ask(31_020)).toEqual([503, '0']));
    api.put(front(31_021));
    await eventually(async () => expect(await ask(31_021)).toEqual([503, '0']));
    await eventually(async () => expect(ask(31_020)).rejects.toThrow());
    const client = connect({ socketPath: apiSocket });
    await client.delete(resources.services, { namespace: 'shop', name: 'front' });
    await client.close();
    await eventually(async () => expect(ask(31_021)).rejects.toThrow());
  });

  it('leaves its rules when it is killed, and writes nothing when it comes back', async () => {
    const exit = once(agent, 'exit');
    agent.kill('SIGKILL');
    await exit;
    expect(await answering()).toEqual(['p1', 'p2', 'p3']);
    hub.reports.length = 0;
    agent = startAgent();
    await eventually(() => expect(hub.rules).toMatchObject({ inSync: true, servicePorts: 1 }));
    await eventually(() => expect(hub.reports.filter((report) => report.inSync).length).toBeGreaterThan(0));
    expect(hub.reports.filter((report) => report.inSync).map((report) => report.lastSync.chains)).toEqual(
      expect.not.arrayContaining([expect.toSatisfy((chains: number) => chains > 0)]),
    );
  });

  it('keeps routing without the API server and catches up when it is back', async () => {
    await api.close();
    expect(await answering()).toEqual(['p1', 'p2', 'p3']);
    await startApi(['p3']);
    await eventually(async () => expect(await answering()).toEqual(['p3']));
  });

  it('stops cleanly and leaves its rules', async () => {
    const exit = once(agent, 'exit');
    agent.kill('SIGTERM');
    expect((await exit)[0]).toBe(0);
    expect(await answering()).toEqual(['p3']);
  });

  it('makes the kernel settings with the command init', async () => {
    tool('sysctl -qw net.netfilter.nf_conntrack_acct=0 net.netfilter.nf_conntrack_udp_timeout=30');
    const args = ['init', '--conntrack-udp-timeout-seconds', '31', '--log-level', 'error'];
    expect((await once(spawn(process.execPath, [main, ...args], { stdio: 'inherit' }), 'exit'))[0]).toBe(0);
    const names = 'net.netfilter.nf_conntrack_acct net.netfilter.nf_conntrack_udp_timeout';
    expect(tool(`sysctl -n ${names}`)).toBe('1\n31\n');
  });

  it('removes every trace with the command cleanup', async () => {
    const ended = once(
      spawn(process.execPath, [main, 'cleanup', '--log-level', 'error'], { stdio: 'inherit' }),
      'exit',
    );
    expect((await ended)[0]).toBe(0);
    for (const print of ['iptables-save', 'ip6tables-save', 'ipset list -n'])
      expect(tool(print)).not.toContain('CITY-');
  });
});
