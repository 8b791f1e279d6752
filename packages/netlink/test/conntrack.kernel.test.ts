import { readFileSync } from 'node:fs';
import { FlowDecoder, type FlowRow, formatIPv4, STATUS } from '@kubecity/conntrack';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ConntrackOptions, openConntrack } from '../src/index.ts';
import { sourceContract } from './contract.ts';
import { Lab, run, SERVER, SERVICE } from './lab.ts';

let lab: Lab;

beforeAll(async () => {
  lab = await Lab.open();
  const kept = `stay('${SERVICE}', 80, 3), stay('${SERVICE}', 80, 5), stay('${SERVICE}', 80, 900), stay('${SERVER}', 8080, 6)`;
  await lab.atClient(`${kept}, visit(80, 3), visit(80, 8), knock(81), ask('a'), ask('bcd')`);
});
afterAll(() => lab.close());

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
    const [entries, max] = ['count', 'max'].map((name) =>
      Number(readFileSync(`/proc/sys/net/netfilter/nf_conntrack_${name}`, 'utf8')),
    );
    expect(await openConntrack().stats()).toEqual({ entries, max });
    expect(entries).toBeGreaterThanOrEqual(8);
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
