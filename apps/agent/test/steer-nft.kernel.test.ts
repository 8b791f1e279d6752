import { execFileSync } from 'node:child_process';
import { setTimeout as rest } from 'node:timers/promises';
import { type KubeObject, type MiniApiServer, startMiniApiServer } from '@kubecity/mini-apiserver';
import { findKubeProxy, openDoors } from '@kubecity/netfilter';
import {
  type KubeEndpointSlice,
  type KubeRoutingOverride,
  type KubeService,
  RoutingTracker,
  steeredPorts,
} from '@kubecity/routing';
import { Compiler, defaultCompileOptions, type Front, LEASE } from '@kubecity/ruleset';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { removeRules } from '../src/rules/cleanup.ts';
import { RuleSync } from '../src/rules/rule-sync.ts';
import { expectLost, Handshakes } from './lab/handshakes.ts';
import { Lab, NODE_ADDRESS, tool } from './lab/lab.ts';
import { Caller } from './takeover/caller.ts';
import { CITY, NODE, POD_RANGE, PODS, SHOP, WEB } from './takeover/city.ts';
import type { KubeProxy } from './takeover/kube-proxy.ts';
import { RealNftKubeProxy, RecordedNftKubeProxy } from './takeover/kube-proxy-nft.ts';

/** A path to the real thing; the repository has none. */
const binary = process.env.KUBECITY_KUBE_PROXY;
const CLIENT = '10.244.1.9';
const OUTSIDE = '192.0.2.200';
/** Of two equal backends one gets none of so many calls with a chance of 2^-60. */
const MANY = 60;

const lab = new Lab();
let api: MiniApiServer;

beforeAll(async () => {
  for (const [name, address] of Object.entries(PODS)) {
    lab.addHost(name, address);
    await lab.serve(name, 8080);
  }
  lab.addHost('pod', CLIENT);
  lab.addHost('outside', OUTSIDE);
  for (const key of ['net.ipv4.icmp_ratelimit=0', 'net.ipv4.conf.all.send_redirects=0']) tool(`sysctl -qw ${key}`);
  api = await startMiniApiServer({
    listen: { host: '127.0.0.1', port: 0 },
    users: [{ token: 'a-token', name: 'kube-proxy', groups: ['system:masters'], access: 'admin' }],
  });
  for (const object of CITY) api.put(object);
});

afterAll(async () => {
  await api.close();
  await lab.close();
});

/** The wishes of one node, and its rules for the Services that they act on. */
class Steering {
  readonly #tracker = new RoutingTracker({ name: NODE });
  readonly #compiler = new Compiler({
    ...defaultCompileOptions('IPv4'),
    localDetect: { kind: 'cidr', cidr: POD_RANGE },
    inFront: true,
    dropInvalid: false,
  });
  readonly doors;
  readonly #sync: RuleSync;

  constructor(front: () => Front) {
    this.doors = openDoors({ families: ['IPv4'], front });
    const [netfilter] = this.doors.rules.values();
    if (!netfilter) throw new Error('no door');
    this.#sync = new RuleSync({ compiler: this.#compiler, netfilter, ipset: this.doors.sets });
    for (const object of CITY as readonly KubeObject[]) {
      if (object.kind === 'Service') this.#tracker.setService(object as unknown as KubeService);
      if (object.kind === 'EndpointSlice') this.#tracker.setEndpointSlice(object as unknown as KubeEndpointSlice);
    }
  }

  /** Overrides of Service web, each for endpoints by their addresses. */
  async wish(...specs: readonly (KubeRoutingOverride['spec'] & object)[]) {
    for (let i = 0; i < 2; i++) {
      const metadata = { namespace: 'city', name: `web-${i}`, uid: `web-${i}`, generation: 1 };
      const spec = specs[i];
      if (spec) this.#tracker.setOverride({ metadata, spec: { ...spec, service: 'web' } });
      else this.#tracker.deleteOverride({ metadata });
    }
    return this.write();
  }

  async write() {
    const { table } = this.#tracker.take();
    this.#sync.check();
    return this.#sync.sync(steeredPorts(table.servicePorts), new Set(table.servicePorts.keys()));
  }

  async makeLease(): Promise<void> {
    await this.doors.sets.restore(`create ${LEASE.IPv4} hash:net family inet timeout 0\n`);
  }

  async renew(seconds: number): Promise<void> {
    const halves = ['0.0.0.0/1', '128.0.0.0/1'];
    await this.doors.sets.restore(
      halves.map((half) => `add ${LEASE.IPv4} ${half} timeout ${seconds} -exist\n`).join(''),
    );
  }

  async remove(): Promise<void> {
    await removeRules([...openDoors({ families: ['IPv4'] }).rules.values()], openDoors({ families: ['IPv4'] }).sets);
  }
}

const drained = (...addresses: string[]) => ({ backends: { addresses }, drain: {}, allowEmpty: true });
const weight = (address: string, value: number) => ({ backends: { addresses: [address] }, weight: value });

const kinds: [string, () => KubeProxy][] = [['recorded', () => new RecordedNftKubeProxy()]];
if (binary) kinds.push(['real', () => new RealNftKubeProxy(binary, api.kubeconfig('kube-proxy'))]);
const orders = kinds.flatMap(([name, make]) => [
  [`a ${name} kube-proxy that was there first`, make, 'first'] as const,
  [`a ${name} kube-proxy that came later`, make, 'later'] as const,
]);

describe('between the two fronts', () => {
  const kubeProxy = new RecordedNftKubeProxy();
  let front: Front = 'iptables';
  const steering = new Steering(() => front);
  const handshakes = new Handshakes();
  let caller: Caller;
  const SERVED = `web p2 ${CLIENT}`;

  beforeAll(async () => {
    await kubeProxy.start();
    await steering.makeLease();
    await steering.wish(drained(PODS.p1));
    await steering.renew(300);
    const web = { name: 'web', address: WEB.clusterIP, port: 80 };
    for (const name of Object.keys(PODS)) handshakes.countAtServer(name, 8080);
    handshakes.countAtCaller('pod', [web]);
    caller = new Caller('pod', [web]);
  });
  afterAll(async () => {
    caller.close();
    await steering.remove();
    await kubeProxy.cleanUp();
  });

  /** What became of at least so many calls. */
  async function answers(calls: number): Promise<string[]> {
    const seen: Record<string, number> = {};
    while (Object.values(seen).reduce((sum, count) => sum + count, 0) < calls) {
      await rest(50);
      for (const [answer, count] of Object.entries(await caller.tally())) seen[answer] = (seen[answer] ?? 0) + count;
    }
    return Object.keys(seen);
  }

  it('no new connection meets a hole, to and fro', async () => {
    expect(await answers(MANY)).toEqual([SERVED]);
    for (const next of ['nft', 'iptables', 'nft', 'iptables'] as const) {
      front = next;
      await steering.renew(300);
      expect(await steering.write()).toMatchObject({ isolated: [] });
      await steering.renew(300);
      expect(await answers(MANY)).toEqual([SERVED]);
      expect(tool('iptables-save -t nat').includes('CITY-SERVICES')).toBe(next === 'iptables');
      expect(tool('nft list tables').includes('ip kubecity')).toBe(next === 'nft');
      expect((await steering.write()).wrote).toEqual({ chains: 0, rules: 0 });
    }
    await caller.pause();
    expect(Object.keys(await caller.tally()).filter((answer) => answer !== SERVED)).toEqual([]);
    await expectLost(handshakes, { asked: 0, answered: 0 });
  });
});

describe.each(orders)('in front of nftables rules of %s', (_name, make, order) => {
  let kubeProxy: KubeProxy;
  let steering: Steering;
  let held: Awaited<ReturnType<Lab['open']>>;
  const toWeb = (host = 'pod', count = MANY) => lab.call(host, WEB.clusterIP, 80, count);

  beforeAll(async () => {
    kubeProxy = make();
    steering = new Steering(() => 'nft');
    if (order === 'first') await kubeProxy.start();
    await steering.makeLease();
    await steering.wish(drained(PODS.p1));
    await steering.renew(300);
    if (order === 'later') await kubeProxy.start();
    held = await lab.open('pod', WEB.clusterIP, 80);
  });
  afterAll(async () => {
    held.close();
    await steering.remove();
    await kubeProxy.stop();
    await kubeProxy.cleanUp();
  });

  it('is asked first where that kube-proxy is seen to own the Services', async () => {
    expect(await findKubeProxy()).toMatchObject({ kubeProxy: 'nftables', ownsServices: true });
    expect(await steering.write()).toMatchObject({ wrote: { chains: 0, rules: 0 }, isolated: [] });
    expect(tool('iptables-save -t nat')).not.toContain('CITY-SERVICES');
    expect(await held.ask()).toBe(`p2 ${CLIENT}`);
  });

  it('a drained backend of a steered Service gets nobody new, through whichever door', async () => {
    expect(await toWeb()).toEqual({ [`p2 ${CLIENT}`]: MANY });
    expect(await lab.call('pod', WEB.clusterIP, 53, MANY, 'udp')).toEqual({ [`p2 ${CLIENT}`]: MANY });
    // Whoever comes from outside, or through a node port, is masqueraded on his way.
    expect(await toWeb('outside')).toEqual({ [`p2 ${NODE_ADDRESS}`]: MANY });
    expect(await lab.call('outside', NODE_ADDRESS, WEB.nodePort, MANY)).toEqual({ [`p2 ${NODE_ADDRESS}`]: MANY });
    // A pod that is sent to itself meets the node instead of its own address.
    expect(await toWeb('p2')).toEqual({ [`p2 ${NODE_ADDRESS}`]: MANY });
  });

  it('all other Services go as kube-proxy says', async () => {
    const before = await ourPackets();
    const {
      [`p1 ${CLIENT}`]: p1 = 0,
      [`p2 ${CLIENT}`]: p2 = 0,
      ...other
    } = await lab.call('pod', SHOP.clusterIP, 80, MANY);
    expect(other).toEqual({});
    expect(p1).toBeGreaterThan(0);
    expect(p2).toBeGreaterThan(0);
    expect(p1 + p2).toBe(MANY);
    expect(await lab.call('outside', SHOP.balancer, 80, MANY)).toEqual({ [`p1 ${OUTSIDE}`]: MANY });
    expect(await ourPackets()).toBe(before);
  });

  it('shares follow the weights, counted in the kernel', async () => {
    await steering.wish(weight(PODS.p1, 25), weight(PODS.p2, 75));
    const before = await ourPackets();
    const { [`p1 ${CLIENT}`]: p1 = 0, [`p2 ${CLIENT}`]: p2 = 0 } = await toWeb('pod', 400);
    expect(p1 + p2).toBe(400);
    // 100 are expected; so far off is one in a million.
    expect(Math.abs(p1 - 100)).toBeLessThan(45);
    expect((await ourPackets()) - before).toBe(400);
  });

  it('a door whose backends are all drained is refused, and kube-proxy is not asked', async () => {
    await steering.wish(drained(PODS.p1, PODS.p2));
    expect(await toWeb()).toEqual({ ECONNREFUSED: MANY });
    expect(await lab.call('outside', NODE_ADDRESS, WEB.nodePort, MANY)).toEqual({ ECONNREFUSED: MANY });
    expect(await held.ask()).toBe(`p2 ${CLIENT}`);
    await steering.wish(drained(PODS.p1));
    expect(await toWeb()).toEqual({ [`p2 ${CLIENT}`]: MANY });
  });

  it('a lease that nobody renews ends, kube-proxy serves, and open connections stay', async () => {
    await steering.renew(3);
    expect(await toWeb()).toEqual({ [`p2 ${CLIENT}`]: MANY });
    await vi.waitFor(async () => expect(Object.keys(await toWeb()).sort()).toEqual([`p1 ${CLIENT}`, `p2 ${CLIENT}`]), {
      timeout: 30_000,
      interval: 500,
    });
    expect(await held.ask()).toBe(`p2 ${CLIENT}`);
    await steering.wish(drained(PODS.p1, PODS.p2));
    // What would be refused is not, without a lease.
    expect(Object.keys(await toWeb()).sort()).toEqual([`p1 ${CLIENT}`, `p2 ${CLIENT}`]);
    await steering.wish(drained(PODS.p1));
    await steering.renew(300);
    expect(await toWeb()).toEqual({ [`p2 ${CLIENT}`]: MANY });
  });

  it('what another hand did to the table is seen and mended', async () => {
    tool('nft flush chain ip kubecity OUTPUT');
    tool('nft add rule ip kubecity CITY-SERVICES counter accept');
    const { drift } = await steering.write();
    expect(drift).toContain('CITY-SERVICES, rule');
    expect((await steering.write()).drift).toBeUndefined();
    tool('nft delete table ip kubecity');
    expect((await steering.write()).drift).toContain('is missing');
    await steering.renew(300);
    expect(await toWeb()).toEqual({ [`p2 ${CLIENT}`]: MANY });
  });

  it('nothing of ours is left when it goes, and open connections stay', async () => {
    await steering.remove();
    expect(tool('nft list tables')).not.toContain('kubecity');
    expect(tool('iptables-save')).not.toContain('CITY-');
    expect(tool('ipset list -n')).toBe('');
    expect(Object.keys(await toWeb()).sort()).toEqual([`p1 ${CLIENT}`, `p2 ${CLIENT}`]);
    expect(await held.ask()).toBe(`p2 ${CLIENT}`);
  });

  /** New connections that rules of ours gave a backend. */
  async function ourPackets(): Promise<number> {
    const [netfilter] = steering.doors.rules.values();
    const listing = execFileSync('nft', ['list', 'chains', 'ip'], { encoding: 'utf8' });
    const chains = [...listing.matchAll(/chain (CITY-[SLW]-\S+) \{/g)].map(([, chain = '']) => chain);
    const counted = (await netfilter?.listCounted('nat', chains)) ?? [];
    const taken = counted.flatMap(({ rules }) => rules).filter(({ rule }) => rule.includes('-j DNAT'));
    return taken.reduce((sum, { packets }) => sum + packets, 0);
  }
});
