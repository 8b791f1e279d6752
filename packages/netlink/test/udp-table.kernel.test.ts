import dgram from 'node:dgram';
import { once } from 'node:events';
import net from 'node:net';
import { packAddress, packEndpoint, STATUS, type UdpEntry, type UdpFlow } from '@kubecity/conntrack';
import type { Family } from '@kubecity/routing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openUdpTable } from '../src/index.ts';
import { run } from './lab.ts';
import { udpTableContract } from './udp-contract.ts';

/** Clients and servers are sockets of this test; the addresses are on the loopback device of its network namespace. */
const HOST: Record<Family, string> = { IPv4: '10.202.0.1', IPv6: 'fd00:202::1' };
const SERVICE: Record<Family, string> = { IPv4: '10.96.9.53', IPv6: 'fd00:96::53' };
const FAMILIES = ['IPv4', 'IPv6'] as const;
const ZONE = 7;
const all = () => true;
const table = openUdpTable();
const sockets: dgram.Socket[] = [];
const tcp = net.createServer(() => {});

beforeAll(async () => {
  run('ip', 'link', 'set', 'lo', 'up');
  run('ip', 'addr', 'add', `${HOST.IPv4}/32`, 'dev', 'lo');
  run('ip', '-6', 'addr', 'add', `${HOST.IPv6}/128`, 'dev', 'lo', 'nodad');
  run('ip', 'route', 'add', `${SERVICE.IPv4}/32`, 'dev', 'lo', 'src', HOST.IPv4);
  run('ip', '-6', 'route', 'add', `${SERVICE.IPv6}/128`, 'dev', 'lo', 'src', HOST.IPv6);
  for (const [family, tool] of [['IPv4', 'iptables'] as const, ['IPv6', 'ip6tables'] as const]) {
    const to = net.isIPv6(HOST[family]) ? `[${HOST[family]}]` : HOST[family];
    const door = ['-d', SERVICE[family], '--dport', '53'];
    run(tool, '-t', 'nat', '-A', 'OUTPUT', '-p', 'udp', ...door, '-j', 'DNAT', '--to-destination', `${to}:5353`);
    run(tool, '-t', 'nat', '-A', 'OUTPUT', '-p', 'tcp', ...door, '-j', 'DNAT', '--to-destination', `${to}:5353`);
    for (const chain of ['OUTPUT', 'PREROUTING']) {
      const zone = ['--dport', '77', '-j', 'CT', '--zone', String(ZONE)];
      run(tool, '-t', 'raw', '-A', chain, '-p', 'udp', ...zone);
    }
  }
  const server = await open('IPv6', 5353);
  server.on('message', (text, { port, address }) => server.send(text, port, address));
  tcp.listen(5353, '::');
  await once(tcp, 'listening');
});
afterEach(() => {
  run('conntrack', '-F');
});
afterAll(() => {
  table.close();
  for (const socket of sockets) socket.close();
  tcp.close();
  for (const tool of ['iptables', 'ip6tables']) {
    run(tool, '-t', 'nat', '-F', 'OUTPUT');
    run(tool, '-t', 'raw', '-F');
  }
});

async function open(family: Family, port = 0): Promise<dgram.Socket> {
  const socket = dgram.createSocket({ type: family === 'IPv4' ? 'udp4' : 'udp6' });
  sockets.push(socket);
  socket.bind(port);
  await once(socket, 'listening');
  return socket;
}

/** One datagram; with `answered` waits for the server's. */
async function send(socket: dgram.Socket, address: string, port: number, answered = true): Promise<void> {
  const answer = answered && once(socket, 'message');
  await new Promise<void>((resolve, reject) => {
    socket.send('?', port, address, (error) => (error ? reject(error) : resolve()));
  });
  await answer;
}

const to = (address: string, port: number) => (flow: UdpFlow) =>
  flow.destination === packAddress(address) && flow.destinationPort === port;

const kernelCount = (family: Family): number =>
  run('conntrack', '-L', '-p', 'udp', '-f', family.toLowerCase()).trim().split('\n').filter(Boolean).length;

describe.each(FAMILIES)('%s', (family) => {
  test('sees UDP entries, translated or not, and nothing else', async () => {
    const client = await open(family);
    await send(client, SERVICE[family], 53);
    await send(client, HOST[family], 5353);
    const connection = net.connect(53, SERVICE[family]);
    await once(connection, 'connect');
    const { entries, seen } = await table.select(family, all);
    connection.destroy();
    expect(seen).toBe(2);
    expect(kernelCount(family)).toBe(2);
    const answerer = packEndpoint(HOST[family], 5353);
    const common = { protocol: 17, answerer, zone: 0 };
    expect(entries).toContainEqual(
      expect.objectContaining({ ...common, destination: packAddress(SERVICE[family]), destinationPort: 53 }),
    );
    expect(entries).toContainEqual(
      expect.objectContaining({ ...common, destination: packAddress(HOST[family]), destinationPort: 5353 }),
    );
    const translated = entries.filter(({ status }) => status & STATUS.destinationNat);
    expect(translated.map(({ destinationPort }) => destinationPort)).toEqual([53]);
  });

  test('deletes the wanted entries and no other', async () => {
    const client = await open(family);
    await send(client, SERVICE[family], 53);
    await send(client, HOST[family], 5353);
    const { entries } = await table.select(family, to(SERVICE[family], 53));
    expect(entries).toHaveLength(1);
    expect(await table.delete(entries)).toEqual({ deleted: 1, missing: 0 });
    expect((await table.select(family, all)).entries.map(({ destinationPort }) => destinationPort)).toEqual([5353]);
  });

  test('spares an entry with another id, though addresses and ports are the same', async () => {
    await send(await open(family), SERVICE[family], 53);
    const [entry] = (await table.select(family, all)).entries;
    const earlier = Uint8Array.from(entry?.identity ?? []);
    const lastByte = earlier.length - 1;
    earlier[lastByte] = (earlier[lastByte] as number) ^ 1;
    expect(await table.delete([{ ...(entry as UdpEntry), identity: earlier }])).toEqual({
      deleted: 0,
      missing: 1,
    });
    expect((await table.select(family, to(SERVICE[family], 53))).entries).toHaveLength(1);
  });

  test('deletes in another conntrack zone than the default one', async () => {
    const client = await open(family);
    await send(client, HOST[family], 77, false);
    const { entries } = await table.select(family, to(HOST[family], 77));
    expect(entries.map(({ zone }) => zone)).toEqual([ZONE]);
    expect(await table.delete(entries)).toEqual({ deleted: 1, missing: 0 });
  });

  test('deletes many, batch after batch', async () => {
    const count = 300;
    const client = await open(family);
    for (let port = 20_000; port < 20_000 + count; port += 1) await send(client, HOST[family], port, false);
    const { entries } = await table.select(family, all);
    expect(entries).toHaveLength(count);
    expect(await table.delete([...entries, ...entries.slice(0, 5)])).toEqual({ deleted: count, missing: 5 });
    expect(kernelCount(family)).toBe(0);
  });
});

describe('the real table keeps the contract', () => {
  beforeEach(async () => {
    const client = await open('IPv4');
    for (const port of [1001, 1002, 1003]) await send(client, HOST.IPv4, port, false);
  });
  udpTableContract(() => openUdpTable());
});
