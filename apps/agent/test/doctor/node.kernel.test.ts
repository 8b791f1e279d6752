import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type KubeClient } from '@kubecity/kube';
import { type MiniApiServer, startMiniApiServer } from '@kubecity/mini-apiserver';
import { installedIptables } from '@kubecity/netfilter';
import type { Finding } from '@kubecity/protocol';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { examine, type Patient } from '../../src/doctor/examine.ts';
import { openSysctls } from '../../src/host/sysctl.ts';

/** This namespace is the node; each case breaks one thing of it. */
const folder = mkdtempSync(join(tmpdir(), 'kubecity-doctor-'));
const [API, HUB, TOKEN] = ['api.sock', 'hub.sock', 'token'].map((name) => join(folder, name)) as [
  string,
  string,
  string,
];
const hasLegacy = (await installedIptables()).some(({ flavour }) => flavour === 'legacy');
const sh = (command: string): string => execFileSync('sh', ['-ec', command], { encoding: 'utf8' });
const sysctl = (name: string, value: number) => writeFileSync(`/proc/sys/${name}`, String(value));

let server: MiniApiServer;
let client: KubeClient;
let hub: Server;

beforeAll(async () => {
  // the mount that came along shows the interfaces of another network
  sh('ip link set lo up; mount -t sysfs sysfs /sys');
  server = await startMiniApiServer({
    socketPath: API,
    listen: { host: '127.0.0.1', port: 0 },
    users: [{ token: 'token-of-vic-0123456789', name: 'vic', groups: [], access: 'view' }],
  });
  client = connect({ socketPath: API });
  hub = createServer((socket) => socket.end());
  await new Promise<void>((resolve) => hub.listen(HUB, resolve));
});
afterAll(async () => {
  hub.close();
  await client.close();
  await server.close();
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  sysctl('net/ipv4/ip_forward', 1);
  sysctl('net/netfilter/nf_conntrack_acct', 1);
  for (const name of ['all', 'default']) sysctl(`net/ipv4/conf/${name}/rp_filter`, 0);
  writeFileSync(TOKEN, 'a secret of the tests\n');
});
afterEach(() => {
  sh('nft flush ruleset; ip link del uplink 2>/dev/null || true; ip link del br0 2>/dev/null || true');
  if (hasLegacy) sh('for t in nat filter; do iptables-legacy -t $t -F; iptables-legacy -t $t -X; done');
});

const look = (more: Partial<Patient> = {}): Promise<Finding[]> =>
  examine({
    mode: 'observe',
    takeOver: false,
    flavour: 'auto',
    families: ['IPv4'],
    hub: { socketPath: HUB },
    hubTokenFile: TOKEN,
    welcomed: true,
    routes: 'off',
    routesReport: undefined,
    isolation: 'on',
    isolationReport: undefined,
    client,
    sysctls: openSysctls(),
    now: Date.now,
    ...more,
  });

const KUBE_PROXY = `
  iptables-nft -t nat -N KUBE-SERVICES
  iptables-nft -t nat -A KUBE-SERVICES -d 10.96.0.1 -p tcp --dport 443 -j RETURN
  iptables-nft -t nat -A PREROUTING -j KUBE-SERVICES`;
const OURS = `
  iptables-nft -t nat -N CITY-SERVICES
  iptables-nft -t nat -A PREROUTING -j CITY-SERVICES
  iptables-nft -t nat -A OUTPUT -j CITY-SERVICES`;

describe('doctor of a node', () => {
  it('finds nothing amiss on a sound one, with every group looked at, and leaves it as it was', async () => {
    sh(KUBE_PROXY);
    const state = () => sh('iptables-nft-save | grep -v "^#"; nft list tables; ipset list -n; ip link');
    const before = state();
    const findings = await look();
    expect(findings.filter(({ severity }) => severity === 'warning' || severity === 'error')).toEqual([]);
    const groups = new Set(findings.map(({ id }) => id.split('.')[0]));
    expect([...groups].sort()).toEqual(['api', 'hub', 'iptables', 'kernel', 'kube-proxy', 'routes', 'sysctl']);
    expect(state()).toBe(before);
  });

  it.each<[string, string, Finding['severity'], string, Partial<Patient>?]>([
    ['forwarding off', 'sysctl.forwarding', 'error', 'echo 0 > /proc/sys/net/ipv4/ip_forward'],
    ['counters off', 'sysctl.conntrack-acct', 'warning', 'echo 0 > /proc/sys/net/netfilter/nf_conntrack_acct'],
    [
      'a strict filter of one interface',
      'sysctl.rp-filter',
      'note',
      'ip link add uplink type dummy || ip link add uplink type veth peer name wire; echo 1 > /proc/sys/net/ipv4/conf/uplink/rp_filter',
    ],
    [
      'a bridge past the rules',
      'sysctl.bridge-nf-call',
      'warning',
      'ip link add br0 type bridge; echo 0 > /proc/sys/net/bridge/bridge-nf-call-iptables',
    ],
    ['a policy that drops', 'iptables.forward-drop', 'warning', 'iptables-nft -P FORWARD DROP'],
    [
      'a policy that drops, with rules of a CNI',
      'iptables.forward-drop',
      'note',
      'iptables-nft -P FORWARD DROP; iptables-nft -A FORWARD -s 10.244.0.0/16 -j ACCEPT',
    ],
    ['rules of an earlier mode', 'iptables.own-rules', 'warning', OURS],
    ['no rules in replace', 'iptables.own-rules', 'error', 'true', { mode: 'replace' }],
    [
      'somebody in front in steer',
      'iptables.order',
      'error',
      `${OURS}; iptables-nft -t nat -I PREROUTING -d 10.96.0.7 -j RETURN`,
      { mode: 'steer' },
    ],
    [
      'somebody in front in replace',
      'iptables.order',
      'warning',
      `${OURS}; iptables-nft -t nat -I OUTPUT -d 10.96.0.7 -j RETURN`,
      { mode: 'replace' },
    ],
    ['replace beside kube-proxy', 'kube-proxy.mode', 'error', KUBE_PROXY, { mode: 'replace' }],
    ['replace that takes over', 'kube-proxy.mode', 'warning', KUBE_PROXY, { mode: 'replace', takeOver: true }],
    [
      'an empty chain of a kube-proxy that went',
      'kube-proxy.mode',
      'note',
      'iptables-nft -t nat -N KUBE-SERVICES',
      { mode: 'replace' },
    ],
    ['steer with nobody behind', 'kube-proxy.mode', 'error', 'true', { mode: 'steer' }],
    ['nobody to observe', 'kube-proxy.mode', 'warning', 'true'],
    ['a dashboard that is not there', 'hub.reachable', 'error', 'true', { hub: { url: 'http://127.0.0.1:1' } }],
    ['a name that is none', 'hub.reachable', 'error', 'true', { hub: { url: 'https://nobody.invalid:8443' } }],
    ['a dashboard that refuses', 'hub.welcome', 'error', 'true', { welcomed: false }],
    ['no dashboard', 'hub.configured', 'note', 'true', { hub: undefined }],
    ['an empty token', 'hub.token', 'error', `: > ${TOKEN}`],
    ['no token', 'hub.token', 'error', `rm ${TOKEN}`],
    ['a clock that is behind', 'api.clock', 'warning', 'true', { now: () => Date.now() - 20_000 }],
    ['a clock of another time', 'api.clock', 'error', 'true', { now: () => Date.now() + 3_600_000 }],
  ])('finds %s', async (_, id, severity, breakIt, more) => {
    sh(breakIt);
    const findings = (await look(more)).filter((one) => one.id === id);
    expect(findings.map((one) => one.severity)).toContain(severity);
    const told = findings.find((one) => one.severity === severity);
    expect([told?.why, told?.doThis]).toEqual([expect.stringMatching(/.{20}/), expect.stringMatching(/.{20}/)]);
  });

  it.skipIf(!hasLegacy).each<[string, Finding['severity'], string]>([
    ['iptables.both-flavours', 'warning', 'iptables-legacy -A FORWARD -j ACCEPT; iptables-nft -A FORWARD -j ACCEPT'],
    ['iptables.flavour', 'warning', 'for i in 1 2 3; do iptables-legacy -A FORWARD -j ACCEPT; done'],
    [
      'iptables.stray-rules',
      'error',
      'iptables-legacy -t nat -N CITY-SERVICES; iptables-legacy -t nat -A PREROUTING -j CITY-SERVICES',
    ],
  ])('finds %s where rules of both flavours are', async (id, severity, breakIt) => {
    sh(breakIt);
    const findings = await look({ flavour: 'nft' });
    expect(findings).toContainEqual(expect.objectContaining({ id, severity }));
  });

  it('says which rights are missing, and what that means', async () => {
    const kubeconfig = join(folder, 'vic.yaml');
    writeFileSync(kubeconfig, server.kubeconfig('vic'));
    const vic = connect({ kubeconfig });
    const findings = await look({ client: vic });
    await vic.close();
    const rights = findings.find(({ id }) => id === 'api.rights');
    expect(rights).toMatchObject({ severity: 'error', what: expect.stringContaining('create events.events.k8s.io') });
  });

  it('goes on with the rest where a tool or the API is gone', async () => {
    const path = process.env.PATH;
    const gone = connect({ socketPath: join(folder, 'nowhere.sock') });
    process.env.PATH = '/nowhere';
    try {
      const findings = await look({ client: gone });
      const errors = findings.filter(({ severity }) => severity === 'error').map(({ id }) => id);
      expect(errors).toEqual(expect.arrayContaining(['kernel.unreadable', 'iptables.unreadable', 'api.reachable']));
      expect(findings).toContainEqual(expect.objectContaining({ id: 'hub.reachable', severity: 'ok' }));
    } finally {
      process.env.PATH = path;
      await gone.close();
    }
  });
});
