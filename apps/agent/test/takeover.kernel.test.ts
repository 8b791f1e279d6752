import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as rest } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type MiniApiServer, startMiniApiServer } from '@kubecity/mini-apiserver';
import { ipset, iptables } from '@kubecity/netfilter';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { removeRules } from '../src/rules/cleanup.ts';
import { expectLost, Handshakes } from './lab/handshakes.ts';
import { Lab, NODE_ADDRESS, tool } from './lab/lab.ts';
import { Caller, doorsOf } from './takeover/caller.ts';
import { CITY, EMPTY, NODE, POD_RANGE, PODS, SHOP, WEB } from './takeover/city.ts';
import { type KubeProxy, RealKubeProxy, RecordedKubeProxy } from './takeover/kube-proxy.ts';

/** A path to the real thing; the repository has none. */
const binary = process.env.KUBECITY_KUBE_PROXY;
const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'kubecity-takeover-'));
const apiSocket = join(folder, 'api.sock');
const HEALTH = '127.0.0.1:12256';
const CLIENT = '10.244.1.9';
const OUTSIDE = '192.0.2.200';

const CALLS = {
  pod: [
    { name: 'cluster IP', address: WEB.clusterIP, port: 80 },
    { name: 'UDP', protocol: 'udp', address: WEB.clusterIP, port: 53 },
    { name: 'node port', address: NODE_ADDRESS, port: WEB.nodePort },
    { name: 'load balancer', address: SHOP.balancer, port: 80 },
    // Refusals are ICMP messages, which the kernel sends a thousand a second of and no more.
    { name: 'nobody', address: EMPTY.clusterIP, port: 80, pauseMs: 50, refused: true },
  ],
  outside: [
    { name: 'gateway', address: WEB.clusterIP, port: 80 },
    { name: 'node port', address: NODE_ADDRESS, port: WEB.nodePort },
    { name: 'load balancer', address: SHOP.balancer, port: 80 },
  ],
  node: [
    { name: 'cluster IP', address: WEB.clusterIP, port: 80 },
    { name: 'loopback', address: '127.0.0.1', port: WEB.nodePort },
  ],
} as const;

/** Every answer that may come, and that has to come before a phase counts as seen. */
const both = (source: string) => [`p1 ${source}`, `p2 ${source}`];
const ANSWERS: Readonly<Record<string, readonly string[]>> = {
  'pod cluster IP': both(CLIENT),
  'pod UDP': both(CLIENT),
  'pod node port': both(NODE_ADDRESS),
  'pod load balancer': both(CLIENT),
  'pod nobody': ['ECONNREFUSED'],
  'outside gateway': both(NODE_ADDRESS),
  'outside node port': both(NODE_ADDRESS),
  'outside load balancer': [`p1 ${OUTSIDE}`],
  'node cluster IP': both(NODE_ADDRESS),
  'node loopback': both(NODE_ADDRESS),
};
const GOOD = Object.entries(ANSWERS).flatMap(([call, answers]) => answers.map((answer) => `${call} ${answer}`));

/** Undefined = the node's own. */
const namespaceOf = (host: string) => (host === 'node' ? undefined : host);

const lab = new Lab();
const handshakes = new Handshakes();
let api: MiniApiServer;

beforeAll(async () => {
  for (const [name, address] of Object.entries(PODS)) {
    lab.addHost(name, address);
    await lab.serve(name, 8080);
    handshakes.countAtServer(name, 8080);
  }
  lab.addHost('pod', CLIENT);
  lab.addHost('outside', OUTSIDE);
  for (const [host, targets] of Object.entries(CALLS)) handshakes.countAtCaller(namespaceOf(host), doorsOf(targets));
  for (const key of ['net.ipv4.icmp_ratelimit=0', 'net.ipv4.conf.all.send_redirects=0']) tool(`sysctl -qw ${key}`);
  // As a careful CNI has it: what nobody marked may pass, what somebody marked is for him to accept.
  tool('iptables -P FORWARD DROP');
  tool('iptables -A FORWARD -m mark --mark 0x0/0x6000 -j ACCEPT');
  api = await startMiniApiServer({
    socketPath: apiSocket,
    listen: { host: '127.0.0.1', port: 0 },
    users: [{ token: 'a-token', name: 'kube-proxy', groups: ['system:masters'], access: 'admin' }],
  });
  for (const object of CITY) api.put(object);
});

afterAll(async () => {
  await api.close();
  await lab.close();
  rmSync(folder, { recursive: true, force: true });
});

const peers: [string, () => KubeProxy][] = [['the recorded kube-proxy', () => new RecordedKubeProxy()]];
if (binary) peers.push(['the real kube-proxy', () => new RealKubeProxy(binary, api.kubeconfig('kube-proxy'))]);

describe.each(peers)('between %s and the agent', (_name, make) => {
  let kubeProxy: KubeProxy;
  let agent: ChildProcess;
  const callers = new Map<string, Caller>();
  const held: Awaited<ReturnType<Lab['open']>>[] = [];
  let heldAnswers: string[];
  /** Failures that are kube-proxy's own. */
  const forgiven: string[] = [];

  beforeAll(async () => {
    kubeProxy = make();
    await kubeProxy.start();
    for (const [host, targets] of Object.entries(CALLS)) {
      callers.set(host, new Caller(namespaceOf(host), targets));
    }
    held.push(
      await lab.open('pod', WEB.clusterIP, 80),
      await lab.open('outside', NODE_ADDRESS, WEB.nodePort),
      await lab.open('outside', SHOP.balancer, 80),
    );
    heldAnswers = await Promise.all(held.map((connection) => connection.ask()));
  });

  afterAll(async () => {
    for (const caller of callers.values()) caller.close();
    for (const connection of held) connection.close();
    agent.kill('SIGKILL');
    await removeOurs();
    await kubeProxy.stop();
    await kubeProxy.cleanUp();
  });

  /** Calls until every answer has come, and says which came that may not. */
  async function failures(): Promise<string[]> {
    const seen = new Set<string>();
    while (!GOOD.every((answer) => seen.has(answer))) {
      await rest(100);
      for (const [host, caller] of callers) {
        for (const answer of Object.keys(await caller.tally())) seen.add(`${host} ${answer}`);
      }
    }
    return failed([...seen]);
  }

  const failed = (answers: readonly string[]) =>
    answers.filter((answer) => !GOOD.includes(answer) && !forgiven.includes(answer));

  /** Nothing failed so far, nor a first packet lost, and open connections still lead where they led. */
  async function expectUnbroken(): Promise<void> {
    expect(await failures()).toEqual([]);
    for (const [host, caller] of callers) {
      await caller.pause();
      const last = Object.keys(await caller.tally()).map((answer) => `${host} ${answer}`);
      expect(failed(last)).toEqual([]);
    }
    await expectLost(handshakes, { asked: 0, answered: 0 });
    for (const caller of callers.values()) await caller.resume();
    expect(await Promise.all(held.map((connection) => connection.ask()))).toEqual(heldAnswers);
  }

  /** Whose rules gave new connections their backend meanwhile. */
  async function servers(): Promise<string[]> {
    // What is under way ends first.
    await failures();
    const before = dnatPackets();
    await expectUnbroken();
    const after = dnatPackets();
    return Object.keys(after).filter((owner) => (after[owner] ?? 0) > (before[owner] ?? 0));
  }

  async function startAgent(): Promise<void> {
    const flags = {
      'node-name': NODE,
      'kube-socket': apiSocket,
      'cluster-cidr': POD_RANGE,
      'take-over': 'true',
      'health-listen': HEALTH,
      'metrics-listen': '127.0.0.1:12249',
      'log-level': 'fatal',
    };
    const args = Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value]);
    agent = spawn(process.execPath, [main, ...args], { stdio: 'inherit' });
    await vi.waitFor(async () => expect((await fetch(`http://${HEALTH}/healthz`)).status).toBe(200), {
      timeout: 30_000,
      interval: 50,
    });
  }

  async function stopAgent(): Promise<void> {
    const exit = once(agent, 'exit');
    agent.kill('SIGTERM');
    expect((await exit)[0]).toBe(0);
  }

  it('all is served by kube-proxy first', async () => {
    expect(await servers()).toEqual(['KUBE']);
  });

  it('the agent takes over as soon as its rules stand beside those of kube-proxy', async () => {
    await startAgent();
    await expectUnbroken();
    expect(await servers()).toEqual(['CITY']);
  });

  it('kube-proxy is not missed when it is stopped and cleaned up', async () => {
    await kubeProxy.stop();
    await kubeProxy.cleanUp();
    await expectUnbroken();
    expect(tool('iptables-save')).not.toMatch(/KUBE-(SERVICES|SVC|SEP|EXT|POSTROUTING|FORWARD)/);
    expect(await servers()).toEqual(['CITY']);
    // Where kube-proxy had the port, the agent finds it free when it looks after its rules.
    await healthCheckAnswers();
  });

  it('the rules of the agent go on without it, until kube-proxy has it back as soon as it is started', async () => {
    await stopAgent();
    expect(await servers()).toEqual(['CITY']);
    // Before v1.32 its start deletes the entries of all UDP Services, also those on which an answer is awaited.
    if (kubeProxy.isReal) forgiven.push('pod UDP ETIMEDOUT');
    await kubeProxy.start();
    await expectUnbroken();
    expect(await servers()).toEqual(['KUBE']);
    if (kubeProxy.isReal) await healthCheckAnswers();
  });

  it('the agent is not missed when it is cleaned up', async () => {
    await removeOurs();
    await expectUnbroken();
    expect(tool('iptables-save')).not.toContain('CITY-');
    expect(await servers()).toEqual(['KUBE']);
  });

  it('a half-way turn back is not noticed either, time after time', async () => {
    for (let i = 0; i < 5; i++) {
      await startAgent();
      expect(await servers()).toEqual(['CITY']);
      await stopAgent();
      await removeOurs();
    }
    await expectUnbroken();
    expect(await servers()).toEqual(['KUBE']);
  });
});

/** A load balancer asks there whether this node takes part. */
async function healthCheckAnswers(): Promise<void> {
  const ask = async () => (await fetch(`http://127.0.0.1:${SHOP.healthCheckNodePort}/`)).status;
  await vi.waitFor(async () => expect(await ask()).toBe(200), { timeout: 30_000, interval: 100 });
}

async function removeOurs(): Promise<void> {
  await removeRules([iptables(), iptables({ family: 'IPv6' })], ipset());
}

/** Packets that met a DNAT rule, by the first word of the chain it stands in. */
function dnatPackets(): Record<string, number> {
  const packets: Record<string, number> = {};
  const saved = execFileSync('iptables-save', ['-c', '-t', 'nat'], { encoding: 'utf8' });
  for (const [, count, owner = ''] of saved.matchAll(/^\[(\d+):\d+\] -A (KUBE|CITY)-.* -j DNAT /gm)) {
    packets[owner] = (packets[owner] ?? 0) + Number(count);
  }
  return packets;
}
