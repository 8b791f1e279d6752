import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { FlowDecoder, type FlowRow, formatIPv4, STATUS } from '@kubecity/conntrack';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ConntrackOptions, openConntrack } from '../src/index.ts';
import { sourceContract } from './contract.ts';

/**
 * Needs root in a network namespace of its own. Here is the node; a client and a server live in namespaces behind it:
 * client 10.201.1.2 — node — server 10.201.2.2, and 10.96.7.10 is translated to the server by iptables.
 */
const CLIENT = 'kubecity-ct-client';
const SERVER = 'kubecity-ct-server';
const ACCT = '/proc/sys/net/netfilter/nf_conntrack_acct';

const run = (command: string, ...args: string[]): string => execFileSync(command, args, { encoding: 'utf8' });
const inside = (namespace: string, script: string): ChildProcess =>
  spawn('ip', ['netns', 'exec', namespace, process.execPath, '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
const children: ChildProcess[] = [];

async function startAndAwaitLine(namespace: string, script: string): Promise<ChildProcess> {
  const child = inside(namespace, script);
  children.push(child);
  await once(child.stdout as NodeJS.ReadableStream, 'data');
  return child;
}

beforeAll(async () => {
  writeFileSync(ACCT, '1');
  writeFileSync('/proc/sys/net/ipv4/ip_forward', '1');
  for (const [index, namespace] of [CLIENT, SERVER].entries()) {
    const net = `10.201.${index + 1}`;
    run('ip', 'netns', 'add', namespace);
    run('ip', 'link', 'add', `kct${index}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace);
    run('ip', 'addr', 'add', `${net}.1/24`, 'dev', `kct${index}`);
    run('ip', 'link', 'set', `kct${index}`, 'up');
    run('ip', '-n', namespace, 'addr', 'add', `${net}.2/24`, 'dev', 'eth0');
    run('ip', '-n', namespace, 'link', 'set', 'lo', 'up');
    run('ip', '-n', namespace, 'link', 'set', 'eth0', 'up');
    run('ip', '-n', namespace, 'route', 'add', 'default', 'via', `${net}.1`);
  }
  translate('tcp', 80, 8080);
  translate('tcp', 81, 8081);
  translate('udp', 53, 5353);
  await startAndAwaitLine(SERVER, SERVERS);
  await startAndAwaitLine(CLIENT, CLIENTS);
});

afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  run('iptables', '-t', 'nat', '-F', 'PREROUTING');
  for (const namespace of [CLIENT, SERVER]) run('ip', 'netns', 'del', namespace);
});

function translate(protocol: string, port: number, target: number): void {
  const match = ['-p', protocol, '-d', '10.96.7.10', '--dport', String(port)];
  run('iptables', '-t', 'nat', '-A', 'PREROUTING', ...match, '-j', 'DNAT', '--to-destination', `10.201.2.2:${target}`);
}

/** TCP on 8080 echoes, nothing listens on 8081, UDP on 5353 answers three times as much. */
const SERVERS = `
  const udp = require('node:dgram').createSocket('udp4');
  udp.on('message', (text, from) => udp.send(Buffer.concat([text, text, text]), from.port, from.address));
  udp.bind(5353, () => require('node:net').createServer((peer) => peer.pipe(peer)).listen(8080, () => console.log('up')));
`;

/**
 * Three connections that stay open after one exchange, two that end, one that is refused, one direct to the server, and
 * two UDP exchanges. Says "done" when every one is at rest.
 */
const CLIENTS = `
  const net = require('node:net');
  const say = (host, port, text, after) => new Promise((resolve) => {
    const peer = net.connect(port, host, () => peer.write(text));
    peer.on('error', resolve);
    peer.on('data', () => after(peer));
    peer.on('close', resolve);
    if (after === stay) peer.once('data', resolve);
  });
  const stay = () => {};
  const end = (peer) => peer.end();
  const ask = (text) => new Promise((resolve) => {
    const udp = require('node:dgram').createSocket('udp4');
    udp.on('message', resolve);
    udp.send(text, 53, '10.96.7.10');
  });
  Promise.all([
    say('10.96.7.10', 80, 'one', stay), say('10.96.7.10', 80, 'three', stay), say('10.96.7.10', 80, 'x'.repeat(900), stay),
    say('10.96.7.10', 80, 'bye', end), say('10.96.7.10', 80, 'good bye', end),
    say('10.96.7.10', 81, '', stay), say('10.201.2.2', 8080, 'direct', stay),
    ask('a'), ask('bcd'),
  ]).then(() => setTimeout(() => console.log('done'), 300));
`;

async function dumpRows(options?: ConntrackOptions): Promise<FlowRow[]> {
  const rows: FlowRow[] = [];
  const decoder = new FlowDecoder((row) => rows.push({ ...row }));
  const source = openConntrack(options);
  expect(await source.dump((bytes) => decoder.read(bytes))).toEqual({ interrupted: false });
  source.close();
  expect(decoder).toMatchObject({ malformed: 0, foreign: 0 });
  return rows;
}

const PROTOCOLS = new Map([
  [1, 'icmp'],
  [6, 'tcp'],
  [17, 'udp'],
]);
const TCP_NAMES = 'NONE SYN_SENT SYN_RECV ESTABLISHED FIN_WAIT CLOSE_WAIT LAST_ACK TIME_WAIT CLOSE SYN_SENT2'.split(
  ' ',
);

/** The row as `conntrack -L -o extended,id` writes it, without the timeout and use count, which change as we look. */
function lineOf(row: FlowRow): string {
  const counters = (packets: number, bytes: number) => (row.hasCounters ? `packets=${packets} bytes=${bytes}` : '');
  const words = [
    `ipv4 2 ${PROTOCOLS.get(row.protocol)} ${row.protocol}`,
    row.protocol === 6 ? TCP_NAMES[row.tcpState] : '',
    `src=${formatIPv4(row.source)} dst=${formatIPv4(row.destination)}`,
    `sport=${row.sourcePort} dport=${row.destinationPort}`,
    counters(row.originalPackets, row.originalBytes),
    row.status & STATUS.seenReply ? '' : '[UNREPLIED]',
    `src=${formatIPv4(row.replySource)} dst=${formatIPv4(row.replyDestination)}`,
    `sport=${row.replySourcePort} dport=${row.replyDestinationPort}`,
    counters(row.replyPackets, row.replyBytes),
    row.status & STATUS.assured ? '[ASSURED]' : '',
    `mark=${row.mark} id=${row.id}`,
  ];
  return words.filter((word) => word !== '').join(' ');
}

const toolLines = (...filter: string[]): string[] =>
  run('conntrack', '-L', '-f', 'ipv4', '-o', 'extended,id', ...filter)
    .trim()
    .split('\n')
    .map((line) =>
      line
        .replace(/^(ipv4 +2 +\w+ +\d+) +\d+/, '$1')
        .replace(/ use=\d+/, '')
        .replace(/ +/g, ' ')
        .trim(),
    )
    .sort();

describe('a dump of the real table', () => {
  test('has every line that the conntrack tool shows, figure by figure', async () => {
    const ours = (await dumpRows()).map(lineOf).sort();
    expect(ours).toEqual(toolLines());
    expect(ours).toHaveLength(8);
  });

  test('in full holds all kinds of flows that were made', async () => {
    const kinds = (await dumpRows()).map(
      (row) => `${PROTOCOLS.get(row.protocol)} ${row.destinationPort} ${TCP_NAMES[row.tcpState]}`,
    );
    expect(kinds.sort()).toEqual([
      ...['tcp 80 ESTABLISHED', 'tcp 80 ESTABLISHED', 'tcp 80 ESTABLISHED', 'tcp 80 TIME_WAIT', 'tcp 80 TIME_WAIT'],
      ...['tcp 8080 ESTABLISHED', 'udp 53 NONE', 'udp 53 NONE'],
    ]);
  });

  test('restricted to translated flows leaves the direct one out', async () => {
    const ours = (await dumpRows({ destinationNatOnly: true })).map(lineOf).sort();
    expect(ours).toEqual(toolLines('--dst-nat'));
    expect(ours).toHaveLength(7);
  });

  test('a refused connection leaves nothing: the kernel drops an entry whose first answer is a RST', async () => {
    expect((await dumpRows()).filter(({ destinationPort }) => destinationPort === 81)).toEqual([]);
  });

  test('UDP bytes are those on the wire: text + 28 a packet', async () => {
    const udp = (await dumpRows()).filter(({ protocol }) => protocol === 17);
    const bytes = udp.map(({ originalBytes, replyBytes }) => [originalBytes, replyBytes]);
    expect(bytes.sort()).toEqual([
      [29, 31],
      [31, 37],
    ]);
  });

  test('stats agree with the kernel', async () => {
    const max = Number(readFileSync('/proc/sys/net/netfilter/nf_conntrack_max', 'utf8'));
    expect(await openConntrack().stats()).toEqual({ entries: 8, max });
  });

  test('a hundred dumps leave no socket behind', async () => {
    const source = openConntrack();
    const sockets = () => readFileSync('/proc/net/netlink', 'utf8').split('\n').length;
    await source.dump(() => {});
    await new Promise(setImmediate);
    const before = sockets();
    for (let n = 0; n < 100; n += 1) await source.dump(() => {});
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    expect(sockets()).toBe(before);
  });
});

describe('the real source keeps the contract', () => sourceContract(() => openConntrack()));
