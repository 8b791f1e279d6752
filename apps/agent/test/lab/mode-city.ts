import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as rest } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { connect, ensureCrd, type KubeClient, resources } from '@kubecity/kube';
import { type MiniApiServer, startMiniApiServer } from '@kubecity/mini-apiserver';
import { openDoors } from '@kubecity/netfilter';
import { expect, vi } from 'vitest';
import type { Mode } from '../../src/config/mode.ts';
import { removeRules } from '../../src/rules/cleanup.ts';
import { Caller, doorsOf } from '../takeover/caller.ts';
import { CITY, EMPTY, NODE, POD_RANGE, PODS, SHOP, WEB } from '../takeover/city.ts';
import { expectLost, Handshakes } from './handshakes.ts';
import { Lab, NODE_ADDRESS, tool } from './lab.ts';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const HEALTH = '127.0.0.1:12356';
const METRICS = '127.0.0.1:12349';
const POD = '10.244.1.9';
const OUTSIDE = '192.0.2.200';
/** So many calls at a door meet each of two equal backends but for a chance of 2^-39. */
const ENOUGH = 40;
/** Of each of three callers at a door, between calls. */
const PAUSE_MS = 15;
const LOOK_MS = 50;

const CALLS = {
  pod: [
    { name: 'web', address: WEB.clusterIP, port: 80 },
    { name: 'web UDP', protocol: 'udp', address: WEB.clusterIP, port: 53 },
    { name: 'web node port', address: NODE_ADDRESS, port: WEB.nodePort },
    { name: 'shop balancer', address: SHOP.balancer, port: 80 },
    { name: 'nobody', address: EMPTY.clusterIP, port: 80, pauseMs: 50, refused: true },
  ],
  outside: [
    { name: 'web', address: WEB.clusterIP, port: 80 },
    { name: 'web node port', address: NODE_ADDRESS, port: WEB.nodePort },
    { name: 'shop balancer', address: SHOP.balancer, port: 80 },
  ],
  node: [
    { name: 'web', address: WEB.clusterIP, port: 80 },
    { name: 'web loopback', address: '127.0.0.1', port: WEB.nodePort },
  ],
} as const;

/** The longest names first: some begin with another. */
const DOORS: readonly string[] = Object.entries(CALLS)
  .flatMap(([host, targets]) => targets.map(({ name }) => `${host} ${name}`))
  .sort((a, b) => b.length - a.length);

/** Whose address each door must show to the server, whoever routes. */
const SOURCES: Readonly<Record<string, string>> = {
  'pod web': POD,
  'pod web UDP': POD,
  'pod web node port': NODE_ADDRESS,
  'pod shop balancer': POD,
  'outside web': NODE_ADDRESS,
  'outside web node port': NODE_ADDRESS,
  'outside shop balancer': OUTSIDE,
  'node web': NODE_ADDRESS,
  'node web loopback': NODE_ADDRESS,
};
export const WEB_DOORS = Object.keys(SOURCES).filter((door) => door.includes('web'));
/** Of policy Local, from outside: only who is on this node. */
const LOCAL_DOOR = 'outside shop balancer';

/** Answers that are right when these pods take new connections of Service web. */
export function answersOf(web: readonly string[]): string[] {
  const pods = (door: string) => (door.includes('web') ? web : door === LOCAL_DOOR ? ['p1'] : ['p1', 'p2']);
  const served = Object.entries(SOURCES).flatMap(([door, source]) =>
    pods(door).map((pod) => `${door} ${pod} ${source}`),
  );
  return [...served, 'pod nobody ECONNREFUSED'].sort();
}

/** A check of all rules may take a twentieth of the time: where the first one took five seconds the next comes after a hundred. */
export const PATIENCE_MS = 240_000;

export const eventually = (check: () => void | Promise<void>) =>
  vi.waitFor(check, { timeout: PATIENCE_MS / 2, interval: 50 });

/** One node, an API server, a real agent whose configuration may change, and clients at every kind of door that call all the time. */
export class ModeCity {
  readonly lab = new Lab();
  readonly held: Awaited<ReturnType<Lab['open']>>[] = [];
  readonly #folder = mkdtempSync(join(tmpdir(), 'kubecity-modes-'));
  readonly #callers = new Map<string, Caller>();
  client!: KubeClient;
  #api!: MiniApiServer;
  #agent: ChildProcess | undefined;
  #heldAnswers: string[] = [];
  readonly #handshakes = new Handshakes();
  #forgiven = { asked: 0, answered: 0 };

  async open(): Promise<void> {
    for (const [name, address] of Object.entries(PODS)) {
      this.lab.addHost(name, address);
      await this.lab.serve(name, 8080);
      this.#handshakes.countAtServer(name, 8080);
    }
    this.lab.addHost('pod', POD);
    this.lab.addHost('outside', OUTSIDE);
    this.#handshakes.countStrays([
      { address: WEB.clusterIP, port: 80 },
      { address: SHOP.clusterIP, port: 80 },
    ]);
    for (const setting of ['net.ipv4.icmp_ratelimit=0', 'net.ipv4.conf.all.send_redirects=0']) {
      tool(`sysctl -qw ${setting}`);
    }
    // Who calls from a port that was used a moment ago must not find the entry of that time.
    for (const kind of ['udp_timeout', 'udp_timeout_stream', 'tcp_timeout_syn_sent']) {
      tool(`sysctl -qw net.netfilter.nf_conntrack_${kind}=1`);
    }
    // As a careful CNI has it: what nobody marked may pass, what somebody marked is for him to accept.
    tool('iptables -P FORWARD DROP');
    tool('iptables -A FORWARD -m mark --mark 0x0/0x6000 -j ACCEPT');
    const socketPath = join(this.#folder, 'api.sock');
    this.#api = await startMiniApiServer({ socketPath });
    this.client = connect({ socketPath });
    await ensureCrd(this.client);
    await this.client.create(resources.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'city' } });
    for (const object of CITY) this.#api.put(object);
  }

  /** Calls begin, and connections that stay open, by the rules that stand now. */
  async beginCalls(): Promise<void> {
    for (const [host, targets] of Object.entries(CALLS)) {
      const paced = targets.map((target) => ({ pauseMs: PAUSE_MS, ...target }));
      const namespace = host === 'node' ? undefined : host;
      this.#handshakes.countAtCaller(namespace, doorsOf(paced));
      this.#callers.set(host, new Caller(namespace, paced));
    }
    await this.holdOpen();
  }

  async holdOpen(): Promise<void> {
    this.held.push(
      await this.lab.open('pod', WEB.clusterIP, 80),
      await this.lab.open('outside', NODE_ADDRESS, WEB.nodePort),
      await this.lab.open('outside', SHOP.balancer, 80),
    );
    this.#heldAnswers = await Promise.all(this.held.map((connection) => connection.ask()));
  }

  /** Every answer that came meanwhile. */
  answers(): Promise<string[]> {
    return this.#heard(0);
  }

  /** Every answer that came meanwhile, and what comes until there were so many at each door. */
  async #heard(calls: number): Promise<string[]> {
    const seen = new Set<string>();
    const missing = new Map(DOORS.map((door) => [door, calls]));
    for (;;) {
      for (const [host, caller] of this.#callers) {
        for (const [answer, count] of Object.entries(await caller.tally())) {
          seen.add(`${host} ${answer}`);
          const door = DOORS.find((each) => `${host} ${answer}`.startsWith(`${each} `)) ?? '';
          missing.set(door, (missing.get(door) ?? 0) - count);
        }
      }
      if ([...missing.values()].every((count) => count <= 0)) return [...seen].sort();
      await rest(LOOK_MS);
    }
  }

  /** What was under way has ended, and is forgotten. */
  async #turn(): Promise<void> {
    await Promise.all([...this.#callers.values()].map((caller) => caller.turn()));
    await this.answers();
  }

  /** What new connections meet from now on. */
  async answersNow(): Promise<string[]> {
    await this.#turn();
    return this.#heard(ENOUGH);
  }

  /** Until just these answers come, all of them. */
  async settlesTo(expected: readonly string[]): Promise<void> {
    await eventually(async () => expect(await this.answersNow()).toEqual(expected));
  }

  /** No call has met anything but these answers since the last look, no first packet was lost, and what is open leads where it led. */
  async expectUnbroken(allowed: readonly string[]): Promise<void> {
    await this.#paused(async () => {
      const answers = await this.answers();
      expect(answers.filter((answer) => !allowed.includes(answer))).toEqual([]);
      await expectLost(this.#handshakes, this.#forgiven);
    });
    expect(await Promise.all(this.held.map((connection) => connection.ask()))).toEqual(this.#heldAnswers);
  }

  /** First packets that were refused so far are not lost ones. */
  forgive(): Promise<void> {
    return this.#paused(async () => {
      this.#forgiven = this.#handshakes.lost();
    });
  }

  /** No first packet has left the node for the address of a Service: whom no backend takes is refused. */
  expectNoStrays(): void {
    expect(this.#handshakes.strays()).toBe(0);
  }

  /** While no call is under way. */
  async #paused(look: () => Promise<void>): Promise<void> {
    const callers = [...this.#callers.values()];
    await Promise.all(callers.map((caller) => caller.pause()));
    try {
      await look();
    } finally {
      await Promise.all(callers.map((caller) => caller.resume()));
    }
  }

  /** Whose rules gave new connections their backend meanwhile. */
  async servers(): Promise<string[]> {
    await this.#turn();
    const before = dnatPackets();
    await this.#heard(ENOUGH);
    const after = dnatPackets();
    return Object.keys(after)
      .filter((owner) => (after[owner] ?? 0) > (before[owner] ?? 0))
      .sort();
  }

  configure(mode: Mode, more: Readonly<Record<string, unknown>> = {}): void {
    const settings = { mode, leaseSeconds: 3, checkMs: 300, clusterCIDR: [POD_RANGE], ...more };
    const file = join(this.#folder, 'agent.json');
    writeFileSync(`${file}.new`, JSON.stringify(settings));
    renameSync(`${file}.new`, file);
  }

  async startAgent(): Promise<void> {
    const flags = {
      'node-name': NODE,
      'kube-socket': join(this.#folder, 'api.sock'),
      config: join(this.#folder, 'agent.json'),
      'health-listen': HEALTH,
      'metrics-listen': METRICS,
      'log-level': process.env.KUBECITY_TEST_LOG ?? 'fatal',
    };
    const args = Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value]);
    this.#agent = spawn(process.execPath, [main, ...args], { stdio: 'inherit' });
  }

  /** The agent has read a configuration with this in it. */
  async hasRead(setting: string): Promise<void> {
    await eventually(async () => expect(await (await fetch(`http://${METRICS}/configz`)).text()).toContain(setting));
  }

  /** The agent is ready, in this mode. */
  async carriesOut(mode: Mode): Promise<void> {
    await eventually(async () => {
      expect(await metric(`kubecity_mode{mode="${mode}"}`)).toBe(1);
      expect((await fetch(`http://${HEALTH}/healthz`)).status).toBe(200);
    });
  }

  signal(signal: NodeJS.Signals): void {
    this.#agent?.kill(signal);
  }

  async stopAgent(signal: NodeJS.Signals): Promise<void> {
    const agent = this.#agent as ChildProcess;
    this.#agent = undefined;
    const exit = once(agent, 'exit');
    agent.kill(signal);
    await exit;
  }

  /** Makes an override of Service web, of backends by address; all of them when there is none. */
  async wish(name: string, pods: readonly (keyof typeof PODS)[], spec: object, service = 'web'): Promise<void> {
    const addresses = pods.map((pod) => PODS[pod]);
    await this.client.create(resources.routingOverrides, {
      apiVersion: 'kubecity.dev/v1alpha1',
      kind: 'RoutingOverride',
      metadata: { namespace: 'city', name },
      spec: { service, ...(addresses.length > 0 && { backends: { addresses } }), ...spec },
    });
  }

  async release(name: string): Promise<void> {
    await this.client.delete(resources.routingOverrides, { namespace: 'city', name });
  }

  put(object: Parameters<MiniApiServer['put']>[0]): void {
    this.#api.put(object);
  }

  async close(): Promise<void> {
    for (const caller of this.#callers.values()) caller.close();
    for (const connection of this.held) connection.close();
    if (this.#agent) await this.stopAgent('SIGKILL');
    await this.client.close();
    await this.#api.close();
    const doors = openDoors({ families: ['IPv4', 'IPv6'] });
    await removeRules([...doors.rules.values()], doors.sets);
    await this.lab.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** What of ours is in the kernel. */
export function ours(): string[] {
  const rules = [tool('iptables-save'), tool('ip6tables-save'), tool('nft list tables')].join('\n');
  const sets = tool('ipset list -n');
  return `${rules}\n${sets}`.split('\n').filter((line) => /CITY-|kubecity/.test(line));
}

async function metric(name: string): Promise<number | undefined> {
  const text = await (await fetch(`http://${METRICS}/metrics`)).text();
  const line = text.split('\n').find((each) => each.startsWith(`${name} `));
  return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(' ') + 1));
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
