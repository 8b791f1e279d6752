import { execFileSync } from 'node:child_process';
import { openUdpTable } from '@kubecity/netlink';
import type { RoutingTable, ServicePort } from '@kubecity/routing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ConntrackCare } from '../src/conntrack-care.ts';
import { realClock } from '../src/runner.ts';
import { Lab, NODE_ADDRESS, tool } from './lab/lab.ts';
import { UdpClient } from './lab/udp-client.ts';
import { backend, tableOf, udpPort } from './udp-service.ts';

/**
 * Real datagrams of clients that keep their source port. The rules are the plainest that route a table (its first serving
 * endpoint gets everything): what is tested is that packets follow the rules again after a pass, and do not before.
 */
const VIP = '10.96.0.10';
const [P1, P2] = ['10.244.1.1', '10.244.1.2'];
const NODE_PORT = 30_053;
const FILTER_JUMPS = ['FORWARD', 'INPUT'].map((hook) => `${hook} -m conntrack --ctstate NEW -j UDP-NONE`);
const lab = new Lab();
const udp = openUdpTable();
const clients: UdpClient[] = [];
const passes: ((deleted: number) => void)[] = [];
let kernel: RoutingTable = tableOf();
let care: ConntrackCare;
let sourcePort = 41_000;

beforeAll(async () => {
  for (const [name, address] of Object.entries({ p1: P1, p2: P2 })) {
    lab.addHost(name, address);
    await lab.serve(name, 5353);
  }
  lab.addHost('client', '10.244.1.9');
  lab.addHost('outside', '192.0.2.10');
  restore('*nat', ':UDP-TEST - [0:0]', '-A PREROUTING -j UDP-TEST', '-A OUTPUT -j UDP-TEST', 'COMMIT');
  // By state, like the agent's own: without any rule that needs it conntrack stops, and open flows with it.
  restore('*filter', ':UDP-NONE - [0:0]', ...FILTER_JUMPS.map((jump) => `-A ${jump}`), 'COMMIT');
});
beforeEach(() => {
  care = new ConntrackCare({
    ...{ udp, clock: realClock, log: { info: () => {}, warn: ({ err }: { err: Error }) => expect.fail(err.message) } },
    nodeAddresses: () => [NODE_ADDRESS, '127.0.0.1'],
    metrics: {
      syncSeconds: () => {},
      deleted: (_family, entries) => {
        for (const tell of passes.splice(0)) tell(entries);
      },
    },
  });
  kernel = tableOf();
  write(kernel);
  tool('conntrack -F');
});
afterEach(async () => {
  await care.stop();
  for (const client of clients.splice(0)) client.close();
});
afterAll(async () => {
  udp.close();
  restore('*nat', '-D PREROUTING -j UDP-TEST', '-D OUTPUT -j UDP-TEST', '-F UDP-TEST', '-X UDP-TEST', 'COMMIT');
  restore('*filter', ...FILTER_JUMPS.map((jump) => `-D ${jump}`), '-F UDP-NONE', '-X UDP-NONE', 'COMMIT');
  await lab.close();
});

function restore(...lines: string[]): void {
  execFileSync('iptables-restore', ['--noflush'], { input: `${lines.join('\n')}\n` });
}

function write(table: RoutingTable): void {
  const nat = ['*nat', '-F UDP-TEST'];
  const filter = ['*filter', '-F UDP-NONE'];
  for (const { clusterIP, externalIPs, port, nodePort, protocol, backends } of table.servicePorts.values()) {
    const to = backends.find(({ ready }) => ready) ?? backends.find(({ serving }) => serving);
    const kind = protocol.toLowerCase();
    const doors = [clusterIP, ...externalIPs].map((address) => `-d ${address} -p ${kind} --dport ${port}`);
    if (nodePort) doors.push(`-m addrtype --dst-type LOCAL -p ${kind} --dport ${nodePort}`);
    for (const door of doors) {
      if (to) nat.push(`-A UDP-TEST ${door} -j DNAT --to-destination ${to.address}:${to.port}`);
      else filter.push(`-A UDP-NONE ${door} -j REJECT`);
    }
  }
  restore(...nat, 'COMMIT', ...filter, 'COMMIT');
}

/** Writes the rules of these service ports, without care. */
function route(...ports: ServicePort[]): { before: RoutingTable; after: RoutingTable } {
  const before = kernel;
  kernel = tableOf(...ports);
  write(kernel);
  return { before, after: kernel };
}

/** Care for what was routed; resolves with the number of deleted entries when the pass is over. */
function cared(change: { before?: RoutingTable; after: RoutingTable }): Promise<number> {
  return new Promise((resolve) => {
    passes.push(resolve);
    care.synced(change);
  });
}

/** Begins with service ports in the kernel, the pass of the first sync done. */
async function begin(...ports: ServicePort[]): Promise<void> {
  await cared({ after: route(...ports).after });
}

function client(host: string | undefined = 'client'): UdpClient {
  sourcePort += 1;
  const made = new UdpClient(host, sourcePort, host === undefined ? NODE_ADDRESS : undefined);
  clients.push(made);
  return made;
}

const dns = (backends: Parameters<typeof udpPort>[2], part: Partial<ServicePort> = {}) =>
  udpPort('dns', VIP, backends, { nodePort: NODE_PORT, ...part });

describe('a client that keeps its port', () => {
  test.each<[string, string | undefined, string, number]>([
    ['a pod, through the cluster IP', 'client', VIP, 53],
    ['the node itself, through the cluster IP', undefined, VIP, 53],
    ['an outsider, through the node port', 'outside', NODE_ADDRESS, NODE_PORT],
    ['a pod, through the node port', 'client', NODE_ADDRESS, NODE_PORT],
    ['the node itself, through the node port', undefined, NODE_ADDRESS, NODE_PORT],
    ['an outsider, through an external IP', 'outside', '198.51.100.7', 53],
  ])('follows when the pod behind it is replaced: %s', async (_who, host, address, port) => {
    const external = { externalIPs: ['198.51.100.7'] };
    await begin(dns([P1], external));
    const from = client(host);
    expect(await from.ask(address, port)).toBe('p1');
    const change = route(dns([P2], external));
    expect(await from.ask(address, port), 'the entry wins over the rules').toBe('p1');
    expect(await cared(change)).toBe(1);
    expect(await from.ask(address, port)).toBe('p2');
  });

  test('follows when an agent starts after the pod was replaced', async () => {
    route(dns([P1]));
    const from = client();
    expect(await from.ask(VIP, 53)).toBe('p1');
    expect(await cared({ after: route(dns([P2])).after })).toBe(1);
    expect(await from.ask(VIP, 53)).toBe('p2');
  });

  test('stays with a terminating pod while it serves, and goes when it does not', async () => {
    await begin(dns([P1, P2]));
    const from = client();
    expect(await from.ask(VIP, 53)).toBe('p1');
    const ends = { ready: false, terminating: true };
    const looking = dns([backend(P1, ends), P2]);
    // Another Service changes too, so that a pass takes place.
    await cared(route(looking, udpPort('other', '10.96.0.11', [P2])));
    expect(await from.ask(VIP, 53)).toBe('p1');
    expect(await cared(route(dns([backend(P1, { ...ends, serving: false }), P2])))).toBe(1);
    expect(await from.ask(VIP, 53)).toBe('p2');
  });

  test('is refused when the Service has dropped to zero endpoints, and served when one comes', async () => {
    await begin(dns([P1]));
    const from = client();
    expect(await from.ask(VIP, 53)).toBe('p1');
    const none = route(dns([]));
    expect(await from.ask(VIP, 53)).toBe('p1');
    expect(await cared(none)).toBe(1);
    expect(await from.ask(VIP, 53)).toBe('none');
    await cared(route(dns([P2])));
    expect(await from.ask(VIP, 53)).toBe('p2');
  });

  test('that asked before there was a Service is served', async () => {
    const other = udpPort('other', '10.96.0.11', [P2]);
    await begin(other);
    const from = client();
    expect(await from.ask(VIP, 53)).toBe('none');
    const change = route(other, dns([P1]));
    expect(await from.ask(VIP, 53), 'the untranslated entry wins over the rules').toBe('none');
    expect(await cared(change)).toBe(1);
    expect(await from.ask(VIP, 53)).toBe('p1');
  });

  test.each<[string, Partial<ServicePort>, [string, number]]>([
    ['port', { port: 5300 }, [VIP, 53]],
    ['address', { clusterIP: '10.96.0.77' }, [VIP, 53]],
    ['node port', { nodePort: 30_099 }, [NODE_ADDRESS, NODE_PORT]],
  ])('does not reach the pod through a former door: another %s', async (_what, part, door) => {
    await begin(dns([P1]));
    const from = client('outside');
    expect(await from.ask(...door)).toBe('p1');
    const change = route(dns([P1], part));
    expect(await from.ask(...door)).toBe('p1');
    expect(await cared(change)).toBe(1);
    expect(await from.ask(...door)).toBe('none');
  });

  test('does not reach the pod when the Service has vanished', async () => {
    await begin(dns([P1]));
    const from = client();
    expect(await from.ask(VIP, 53)).toBe('p1');
    const change = route();
    expect(await from.ask(VIP, 53)).toBe('p1');
    expect(await cared(change)).toBe(1);
    expect(await from.ask(VIP, 53)).toBe('none');
  });
});

describe('never touched', () => {
  test('are TCP connections, flows of other Services, and direct ones', async () => {
    const tcp = (to: string) => dns([to], { id: 'dns/dns:/TCP', protocol: 'TCP' });
    const other = udpPort('other', '10.96.0.11', [P1]);
    await begin(dns([P1]), tcp(P1), other);
    const [one, two, direct] = [client(), client(), client()];
    const held = await lab.open('client', VIP, 53);
    expect(await held.ask()).toBe('p1 10.244.1.9');
    expect(await one.ask(VIP, 53)).toBe('p1');
    expect(await two.ask('10.96.0.11', 53)).toBe('p1');
    expect(await direct.ask(P1, 5353)).toBe('p1');
    const before = ids('10.96.0.11', P1);
    expect(await cared(route(dns([P2]), tcp(P2), other))).toBe(1);
    expect(await held.ask()).toBe('p1 10.244.1.9');
    expect(await two.ask('10.96.0.11', 53)).toBe('p1');
    expect(await direct.ask(P1, 5353)).toBe('p1');
    expect(ids('10.96.0.11', P1)).toEqual(before);
    held.close();
  });

  test('are flows through this node to the same node port of another node', async () => {
    await begin(dns([P1]));
    // p2 stands for the other node: it answers on the number of the node port.
    await lab.serve('p2', NODE_PORT);
    const from = client('outside');
    expect(await from.ask(P2, NODE_PORT)).toBe('p2');
    const before = ids(P2);
    expect(await cared(route(dns([])))).toBe(0);
    expect(await from.ask(P2, NODE_PORT)).toBe('p2');
    expect(ids(P2)).toEqual(before);
  });
});

/** Ids of the UDP entries to these addresses: the same id is the same entry. */
function ids(...addresses: string[]): string[] {
  const lines = addresses.flatMap((address) => tool(`conntrack -L -p udp -d ${address} -o id`).trim().split('\n'));
  return lines.map((line) => /id=(\d+)/.exec(line)?.[1] ?? '').sort();
}
