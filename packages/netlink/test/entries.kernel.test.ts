import dgram from 'node:dgram';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import {
  ADDRESS,
  copyFlowRow,
  type DumpFilter,
  emptyFlowRow,
  encodeCreateRequest,
  FlowDecoder,
  type FlowRow,
  flowIdentity,
  flowMatches,
  formatWords,
  netfilterMessage,
  parseWords,
  STATUS,
} from '@kubecity/conntrack';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ask } from '../src/ask.ts';
import { dumpFiltered } from '../src/dump.ts';
import { openConntrack } from '../src/index.ts';
import { run } from './lab.ts';

/** `linux/netlink.h`, `linux/netfilter/nfnetlink_conntrack.h` */
const NLM_F_REQUEST = 0x1;
const NLM_F_DUMP = 0x300;
const CT_GET = 0x101;
const CTA = { markMask: 21 };
const AF_INET = 2;
const AF_INET6 = 10;

/** Entries are made through netlink; conntrack and its translation need a rule each to be at work in a namespace. */
const RULES = [
  ['filter', 'OUTPUT', '-m', 'conntrack', '--ctstate', 'INVALID', '-j', 'DROP'],
  ['nat', 'OUTPUT', '-p', 'tcp', '--dport', '9', '-j', 'ACCEPT'],
] as const;
const TOOLS = ['iptables', 'ip6tables'] as const;
const source = openConntrack();
const patience = { timeoutMs: 5_000, signal: new AbortController().signal };
const words = (text: string) => parseWords(text).words;

interface Wanted extends Partial<Pick<FlowRow, 'protocol' | 'zone' | 'mark' | 'sourcePort' | 'status'>> {
  readonly addresses: readonly [source: string, destination: string, replySource: string];
}

/** To port 80, translated to port 8080 unless the one who answers is the one who was asked. */
function entry({ addresses: [from, to, by], ...part }: Wanted): FlowRow {
  const row: FlowRow = {
    ...{ ...emptyFlowRow(), family: parseWords(from).family, protocol: 6, sourcePort: 4000, destinationPort: 80 },
    ...{ timeout: 300, tcpState: (part.protocol ?? 6) === 6 ? 3 : 0, status: STATUS.seenReply | STATUS.assured },
    ...part,
  };
  row.replySourcePort = to === by ? 80 : 8080;
  row.replyDestinationPort = row.sourcePort;
  row.words.set(words(from), ADDRESS.source);
  row.words.set(words(to), ADDRESS.destination);
  row.words.set(words(by), ADDRESS.replySource);
  row.words.set(words(from), ADDRESS.replyDestination);
  return row;
}

const create = async (row: FlowRow): Promise<void> => {
  await ask('get', encodeCreateRequest(row, 1), () => {}, patience);
};

async function dump(filter?: DumpFilter): Promise<FlowRow[]> {
  const rows: FlowRow[] = [];
  const decoder = new FlowDecoder((row) => rows.push(copyFlowRow(row)));
  expect(await source.dump((bytes) => decoder.read(bytes), filter)).toEqual({ interrupted: false });
  expect(decoder).toMatchObject({ malformed: 0, foreign: 0 });
  return rows;
}

const V4 = ['10.1.0.2', '10.96.0.10', '10.2.0.5'] as const;
const V6 = ['fd00:1::2', 'fd00:96::a', 'fd00:2::5'] as const;
const DIRECT4 = ['10.1.0.2', '10.2.0.5', '10.2.0.5'] as const;
const DIRECT6 = ['fd00:1::2', 'fd00:2::5', 'fd00:2::5'] as const;
/** Each a port of its own, by which a dump is compared. */
const TABLE: readonly FlowRow[] = [
  entry({ addresses: V4, sourcePort: 1 }),
  entry({ addresses: V4, sourcePort: 2, protocol: 17, mark: 0x12 }),
  entry({ addresses: V4, sourcePort: 3, protocol: 132 }),
  entry({ addresses: V4, sourcePort: 4, zone: 7 }),
  entry({ addresses: DIRECT4, sourcePort: 5, status: 0 }),
  entry({ addresses: V6, sourcePort: 6 }),
  entry({ addresses: V6, sourcePort: 7, protocol: 17, mark: 0x34 }),
  entry({ addresses: V6, sourcePort: 8, protocol: 132 }),
  entry({ addresses: V6, sourcePort: 9, zone: 7 }),
  entry({ addresses: DIRECT6, sourcePort: 10, status: 0 }),
];
const portsOf = (rows: readonly FlowRow[]): number[] => rows.map(({ sourcePort }) => sourcePort).sort((a, b) => a - b);

beforeAll(() => {
  run('ip', 'link', 'set', 'lo', 'up');
  for (const tool of TOOLS) for (const [table, ...rule] of RULES) run(tool, '-t', table, '-A', ...rule);
  for (const name of ['acct', 'timestamp']) writeFileSync(`/proc/sys/net/netfilter/nf_conntrack_${name}`, '1');
});
beforeEach(async () => {
  run('conntrack', '-F');
  for (const row of TABLE) await create(row);
});
afterAll(() => {
  source.close();
  run('conntrack', '-F');
  for (const tool of TOOLS) for (const [table, ...rule] of RULES) run(tool, '-t', table, '-D', ...rule);
  writeFileSync('/proc/sys/net/netfilter/nf_conntrack_timestamp', '0');
});

test('what is created is in the dump: both families, translated or not, in every protocol and zone', async () => {
  const rows = await dump();
  expect(portsOf(rows)).toEqual(portsOf(TABLE));
  for (const made of TABLE) {
    const found = rows.find(({ sourcePort }) => sourcePort === made.sourcePort) as FlowRow;
    const { status, timeout, id, startedAt, ...rest } = found;
    const { status: wanted, timeout: _t, id: _i, startedAt: _s, ...expected } = made;
    expect(rest).toEqual({ ...expected, hasCounters: true });
    expect(status & (STATUS.seenReply | STATUS.assured)).toBe(wanted);
    const isTranslated = made.destinationPort !== made.replySourcePort;
    expect((status & STATUS.destinationNat) !== 0).toBe(isTranslated);
    expect(timeout).toBeLessThanOrEqual(300);
    expect(id).not.toBe(0);
    expect(startedAt).toBeGreaterThan(1_600_000_000_000);
  }
});

describe('a filter', () => {
  const nat = { value: STATUS.destinationNat, mask: STATUS.destinationNat };
  /** How many rows this kernel (6.18) sends: more where it does not look, never fewer than match. */
  test.each<[string, DumpFilter, matching: number[], sent: number]>([
    ['by family', { family: 6 }, [6, 7, 8, 9, 10], 5],
    ['by status', { status: nat }, [1, 2, 3, 4, 6, 7, 8, 9], 8],
    ['by a status that is clear', { status: { ...nat, value: 0 } }, [5, 10], 2],
    ['by mark', { mark: { value: 0x12, mask: 0xff } }, [2], 1],
    ['by part of the mark', { mark: { value: 0x30, mask: 0xf0 } }, [7], 1],
    ['by zone', { zone: 7 }, [4, 9], 2],
    ['by the default zone', { zone: 0 }, [1, 2, 3, 5, 6, 7, 8, 10], 10],
    ['by protocol', { family: 6, tuple: { original: { protocol: 132 } } }, [8], 1],
    ['by protocol in both families', { tuple: { original: { protocol: 17 } } }, [2, 7], 10],
    ['by address', { family: 4, tuple: { original: { destination: words('10.2.0.5') } } }, [5], 1],
    ['by who answers', { family: 4, tuple: { reply: { source: words('10.2.0.5'), protocol: 6 } } }, [1, 4, 5], 3],
    ['by port', { family: 6, tuple: { original: { protocol: 17, sourcePort: 7 } } }, [7], 1],
    ['by port of SCTP', { family: 6, tuple: { original: { protocol: 132, sourcePort: 7 } } }, [], 1],
    ['by IPv6 address', { family: 6, tuple: { original: { destination: words('fd00:2::5') } } }, [10], 5],
    ['by everything at once', { family: 4, status: nat, zone: 7, tuple: { original: { protocol: 6 } } }, [4], 1],
  ])('%s', async (_what, filter, matching, sent) => {
    const rows = await dump(filter);
    expect(portsOf(rows.filter((row) => flowMatches(row, filter)))).toEqual(matching);
    expect(rows).toHaveLength(sent);
  });
});

test('a filter that this kernel refuses is left out', async () => {
  let rows = 0;
  const decoder = new FlowDecoder(() => {
    rows += 1;
  });
  const asked: string[] = [];
  const run = ({ family, mark }: DumpFilter) => {
    asked.push(mark ? 'mark' : 'family');
    const request = netfilterMessage(CT_GET, NLM_F_REQUEST | NLM_F_DUMP, 1, family === 6 ? AF_INET6 : AF_INET);
    // The mask without a value is EINVAL.
    if (mark) request.attribute(CTA.markMask, () => request.u32(mark.mask));
    return ask('dump', request.finish(), (bytes) => decoder.read(bytes), patience);
  };
  await expect(run({ family: 6, mark: { value: 1, mask: 1 } })).rejects.toMatchObject({ errno: 22 });
  expect(await dumpFiltered({ family: 6, mark: { value: 1, mask: 1 } }, run)).toEqual({ interrupted: false });
  expect(asked).toEqual(['mark', 'mark', 'family']);
  expect(rows).toBe(5);
});

describe('get', () => {
  test('gives an entry as it is now, in both families, and in its zone', async () => {
    for (const row of await dump()) {
      const { timeout: _, ...same } = row;
      expect(await source.get(row)).toMatchObject(same);
    }
  });

  test('gives none that is gone, and none that has its addresses and ports now', async () => {
    const [first] = await dump({ family: 6 });
    const row = first as FlowRow;
    expect(await source.get({ ...row, id: (row.id ^ 1) >>> 0 })).toBeUndefined();
    expect(await source.get({ ...row, sourcePort: 99 })).toBeUndefined();
    expect(await source.get({ ...row, zone: 99 })).toBeUndefined();
  });
});

describe('delete', () => {
  test('takes what it is given, and counts what was really deleted', async () => {
    const rows = await dump();
    const doomed = rows.filter(({ sourcePort }) => sourcePort % 2 === 1);
    const identities = doomed.map(flowIdentity);
    expect(await source.delete(identities)).toEqual({ deleted: 5, missing: 0 });
    expect(portsOf(await dump())).toEqual([2, 4, 6, 8, 10]);
    expect(await source.delete(rows.map(flowIdentity))).toEqual({ deleted: 5, missing: 5 });
    expect(await dump()).toEqual([]);
  });

  test('spares a later entry with the same addresses and ports', async () => {
    const [row] = await dump({ family: 6 });
    const earlier = { ...(row as FlowRow), id: ((row as FlowRow).id ^ 1) >>> 0 };
    expect(await source.delete([flowIdentity(earlier)])).toEqual({ deleted: 0, missing: 1 });
    expect(await dump()).toHaveLength(TABLE.length);
  });

  test('goes on behind an entry that the kernel refuses, and tells of the refusal', async () => {
    const rows = await dump({ family: 4 });
    const [first, second] = rows.map(flowIdentity) as [Uint8Array, Uint8Array];
    const withoutProtocol = first.slice(0, 24);
    withoutProtocol[0] = 24;
    await expect(source.delete([first, withoutProtocol, second])).rejects.toMatchObject({
      operation: 'delete',
      errno: 22,
    });
    expect(await dump({ family: 4 })).toHaveLength(rows.length - 2);
  });

  test('batch after batch', async () => {
    for (let port = 1000; port < 1150; port += 1) await create(entry({ addresses: V6, sourcePort: port }));
    const rows = await dump();
    const identities = rows.map(flowIdentity);
    expect(await source.delete([...identities, ...identities.slice(0, 9)])).toEqual({ deleted: 160, missing: 9 });
    expect((await source.stats()).entries).toBe(0);
  });
});

test('stats say what the kernel says', async () => {
  const ofFile = (name: string) => Number(readFileSync(`/proc/sys/net/netfilter/nf_conntrack_${name}`, 'utf8'));
  const perCpu = readFileSync('/proc/net/stat/nf_conntrack', 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split(/\s+/));
  const sum = (name: string) => {
    const column = (perCpu[0] as string[]).indexOf(name);
    return perCpu.slice(1).reduce((total, row) => total + Number.parseInt(row[column] as string, 16), 0);
  };
  const stats = await source.stats();
  expect(stats).toEqual({
    ...{ entries: ofFile('count'), max: ofFile('max') },
    ...{ insertFailed: sum('insert_failed'), dropped: sum('drop'), earlyDropped: sum('early_drop') },
  });
  expect(stats.entries).toBe(TABLE.length);
});

test('an entry whose zone is of the original direction only is found and deleted; one of the reply is in none', async () => {
  run('conntrack', '-F');
  const zones = [
    ['--zone-orig', '11', '771'],
    ['--zone-reply', '12', '772'],
    ['--zone', '13', '773'],
  ] as const;
  for (const [flag, zone, port] of zones) {
    run('iptables', '-t', 'raw', '-A', 'OUTPUT', '-p', 'udp', '--dport', port, '-j', 'CT', flag, zone);
  }
  const socket = dgram.createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  for (const [, , port] of zones) {
    await new Promise<void>((resolve, reject) => {
      socket.send('?', Number(port), '127.0.0.1', (error) => (error ? reject(error) : resolve()));
    });
  }
  socket.close();
  run('iptables', '-t', 'raw', '-F', 'OUTPUT');
  const rows = (await dump()).filter(({ protocol }) => protocol === 17);
  expect(rows.map(({ destinationPort, zone }) => `${destinationPort} ${zone}`).sort()).toEqual([
    ...['771 11', '772 0', '773 13'],
  ]);
  expect(rows.map(({ family, words }) => formatWords(family, words, ADDRESS.destination))).toEqual(
    Array(3).fill('127.0.0.1'),
  );
  const zone0 = await dump({ zone: 0 });
  expect(zone0.filter((row) => flowMatches(row, { zone: 0 })).map(({ destinationPort }) => destinationPort)).toEqual([
    772,
  ]);
  for (const row of rows) expect(await source.get(row)).toMatchObject({ id: row.id });
  expect(await source.delete(rows.map(flowIdentity))).toEqual({ deleted: 3, missing: 0 });
});
