import { readFileSync } from 'node:fs';
import { ADDRESS, copyFlowRow, FlowDecoder, type FlowRow, formatWords, STATUS } from '@kubecity/conntrack';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { openConntrack } from '../src/index.ts';
import { sourceContract } from './contract.ts';
import { Lab, run, SERVER, SERVER6, SERVICE, SERVICE6 } from './lab.ts';

let lab: Lab;

beforeAll(async () => {
  lab = await Lab.open();
  const kept4 = `stay('${SERVICE}', 80, 3), stay('${SERVICE}', 80, 5), stay('${SERVICE}', 80, 900), stay('${SERVER}', 8080, 6)`;
  const kept6 = `stay('${SERVICE6}', 80, 3), stay('${SERVER6}', 8080, 70)`;
  const over = `visit(80, 3), visit(80, 8), visit(80, 3, '${SERVICE6}'), knock(81), knock(81, '${SERVICE6}')`;
  await lab.atClient(`${kept4}, ${kept6}, ${over}, ask('a'), ask('bcd'), ask('ef', '${SERVICE6}')`);
});
afterAll(() => lab.close());

async function dumpRows(): Promise<FlowRow[]> {
  const rows: FlowRow[] = [];
  const decoder = new FlowDecoder((row) => rows.push(copyFlowRow(row)));
  const source = openConntrack();
  expect(await source.dump((bytes) => decoder.read(bytes))).toEqual({ interrupted: false });
  source.close();
  expect(decoder).toMatchObject({ malformed: 0, foreign: 0 });
  return rows;
}

const PROTOCOLS = new Map([
  [6, 'tcp'],
  [17, 'udp'],
]);
const TCP_NAMES = 'NONE SYN_SENT SYN_RECV ESTABLISHED FIN_WAIT CLOSE_WAIT LAST_ACK TIME_WAIT CLOSE SYN_SENT2'.split(
  ' ',
);

/** The row as `conntrack -L -o extended,id` writes it, without the timeout and use count, which change as we look. */
function lineOf(row: FlowRow): string {
  const counters = (packets: number, bytes: number) => (row.hasCounters ? `packets=${packets} bytes=${bytes}` : '');
  const address = (place: number) => formatWords(row.family, row.words, place);
  const words = [
    row.family === 4 ? 'ipv4 2' : 'ipv6 10',
    `${PROTOCOLS.get(row.protocol)} ${row.protocol}`,
    row.protocol === 6 ? TCP_NAMES[row.tcpState] : '',
    `src=${address(ADDRESS.source)} dst=${address(ADDRESS.destination)}`,
    `sport=${row.sourcePort} dport=${row.destinationPort}`,
    counters(row.originalPackets, row.originalBytes),
    row.status & STATUS.seenReply ? '' : '[UNREPLIED]',
    `src=${address(ADDRESS.replySource)} dst=${address(ADDRESS.replyDestination)}`,
    `sport=${row.replySourcePort} dport=${row.replyDestinationPort}`,
    counters(row.replyPackets, row.replyBytes),
    row.status & STATUS.assured ? '[ASSURED]' : '',
    `mark=${row.mark} id=${row.id}`,
  ];
  return words.filter((word) => word !== '').join(' ');
}

/** Without ICMPv6 (neighbours are looked for meanwhile). */
const toolLines = (): string[] =>
  ['ipv4', 'ipv6']
    .flatMap((family) => run('conntrack', '-L', '-f', family, '-o', 'extended,id').trim().split('\n'))
    .filter((line) => !line.includes('icmpv6'))
    .map((line) =>
      line
        .replace(/^(ipv[46] +\d+ +\w+ +\d+) +\d+/, '$1')
        .replace(/ use=\d+/, '')
        .replace(/ +/g, ' ')
        .trim(),
    )
    .sort();

describe('a dump of the real table', () => {
  test('has every line that the conntrack tool shows, figure by figure', async () => {
    const { before, ours } = await vi.waitFor(async () => {
      const before = toolLines();
      const ours = (await dumpRows()).map(lineOf).sort();
      // A connection may acknowledge its last bytes a moment later: compared is what did not change meanwhile.
      expect(toolLines()).toEqual(before);
      return { before, ours };
    }, 60_000);
    expect(ours).toEqual(before);
    expect(ours).toHaveLength(12);
  });

  test('in full holds all kinds of flows that were made', async () => {
    const kinds = (await dumpRows()).map(
      (row) => `${row.family} ${PROTOCOLS.get(row.protocol)} ${row.destinationPort} ${TCP_NAMES[row.tcpState]}`,
    );
    expect(kinds.sort()).toEqual([
      ...['4 tcp 80 ESTABLISHED', '4 tcp 80 ESTABLISHED', '4 tcp 80 ESTABLISHED', '4 tcp 80 TIME_WAIT'],
      ...['4 tcp 80 TIME_WAIT', '4 tcp 8080 ESTABLISHED', '4 udp 53 NONE', '4 udp 53 NONE'],
      ...['6 tcp 80 ESTABLISHED', '6 tcp 80 TIME_WAIT', '6 tcp 8080 ESTABLISHED', '6 udp 53 NONE'],
    ]);
  });

  test('a refused connection leaves nothing: the kernel drops an entry whose first answer is a RST', async () => {
    expect((await dumpRows()).filter(({ destinationPort }) => destinationPort === 81)).toEqual([]);
  });

  test('UDP bytes are those on the wire: text + 28 a packet, + 48 over IPv6', async () => {
    const udp = (await dumpRows()).filter(({ protocol }) => protocol === 17);
    const bytes = udp.map(({ originalBytes, replyBytes }) => [originalBytes, replyBytes]);
    expect(bytes.sort()).toEqual([
      [29, 31],
      [31, 37],
      [50, 54],
    ]);
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
