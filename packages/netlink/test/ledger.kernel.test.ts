import { Directory, type Edge, FlowDecoder, FlowLedger, type FlowRow } from '@kubecity/conntrack';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openConntrack, type RefusalWatch } from '../src/index.ts';
import { Lab, run, SERVER, SERVER6, SERVICE, SERVICE6 } from './lab.ts';

/** A traffic plan with known numbers, over real packets, against the ledger and against the kernel's own counters. */
const VISITS = 40;
const VISIT_BYTES = 20_000;
const STAYS = 3;
const KNOCKS = 7;
const ASKS = 5;

const HTTP = 'lab/echo:http/TCP';
const CLOSED = 'lab/echo:closed/TCP';
const VOID = 'lab/echo:void/TCP';
const DNS = 'lab/echo:dns/UDP';
const FAMILIES = [
  {
    ...{ family: 'ipv4', service: SERVICE, server: SERVER, backend: `${SERVER}:8080`, network: '10.201.1.0/24' },
    headerBytes: 28,
  },
  {
    ...{ family: 'ipv6', service: SERVICE6, server: SERVER6, backend: `[${SERVER6}]:8080`, network: 'fd00:201:1::/48' },
    headerBytes: 48,
  },
] as const;

const directory = new Directory({ node: 'lab' });
const ledger = new FlowLedger({ directory });
const source = openConntrack();
const decoder = new FlowDecoder((row) => ledger.add(row));
let refused: FlowRow[] = [];
const losses: string[] = [];
let watch: RefusalWatch;
let lab: Lab;

/** Edges after one more dump, by service port and family. */
async function dump(): Promise<Map<string, Edge>> {
  ledger.begin(Date.now());
  for (const row of refused) ledger.refuse(row);
  refused = [];
  const { interrupted } = await source.dump((bytes) => decoder.read(bytes));
  ledger.end(!interrupted);
  return new Map(
    [...ledger.edges.values()].map((edge) => [
      `${edge.servicePort} ${edge.backend.startsWith('[') ? 'ipv6' : 'ipv4'}`,
      edge,
    ]),
  );
}

/** Counters of all entries to port 80 of a Service, as the conntrack tool adds up: [to backend, to client] bytes. */
function kernelBytes(family: string, service: string): [number, number] {
  const filter = ['-f', family, '-d', service, '-p', 'tcp', '--dport', '80'];
  const lines = run('conntrack', '-L', ...filter)
    .trim()
    .split('\n');
  const bytes = lines.map((line) => [...line.matchAll(/bytes=(\d+)/g)].map(([, text]) => Number(text)));
  return [0, 1].map((way) => bytes.reduce((sum, both) => sum + (both[way] as number), 0)) as [number, number];
}

/** A connection acknowledges its last bytes a fifth of a second later at most; then the counters stay as they are. */
async function atRest(): Promise<void> {
  for (let before = ''; ; ) {
    const now = FAMILIES.map(({ family, service }) => kernelBytes(family, service)).join();
    if (now === before) return;
    before = now;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}

beforeAll(async () => {
  lab = await Lab.open();
  const addresses = [SERVICE, SERVICE6];
  const doors = [
    { key: HTTP, protocol: 'TCP', port: 80, addresses },
    { key: CLOSED, protocol: 'TCP', port: 81, addresses },
    { key: VOID, protocol: 'TCP', port: 82, addresses },
    { key: DNS, protocol: 'UDP', port: 53, addresses },
  ] as const;
  expect(
    directory.apply(
      doors.map((value) => ({ kind: 'servicePort', id: value.key, value })),
      Date.now(),
    ),
  ).toEqual([]);
  watch = await lab.hearRefusals({ onRefusal: (row) => refused.push(row), onLoss: (reason) => losses.push(reason) });
  await dump();
  for (const { service, server } of FAMILIES) {
    await lab.atClient(
      `times(${VISITS}, () => visit(80, ${VISIT_BYTES}, '${service}')), times(${STAYS}, () => stay('${service}', 80, 10)),
       stay('${server}', 8080, 10), times(${KNOCKS}, () => knock(81, '${service}')),
       times(${ASKS}, () => ask('who', '${service}')), attempt(82, '${service}')`,
    );
  }
});
afterAll(() => {
  watch.close();
  source.close();
  lab.close();
});

describe('a traffic plan', () => {
  test('is counted connection by connection and byte by byte', async () => {
    await expect.poll(() => refused.length).toBe(KNOCKS * FAMILIES.length);
    await atRest();
    const edges = await dump();
    const keys = [CLOSED, DNS, HTTP, VOID].flatMap((key) => [`${key} ipv4`, `${key} ipv6`]);
    expect([...edges.keys()].sort()).toEqual(keys.sort());
    for (const { family, service, backend, network, headerBytes } of FAMILIES) {
      const [toBackend, toClient] = kernelBytes(family, service);
      expect(toBackend).toBeGreaterThan(VISITS * VISIT_BYTES);
      expect(edges.get(`${HTTP} ${family}`)).toMatchObject({
        ...{ client: { kind: 'outside', network }, backend },
        ...{ opened: VISITS + STAYS, refused: 0, unanswered: 0 },
        ...{ bytesToBackend: toBackend, bytesToClient: toClient },
        ...{ moving: STAYS, idle: 0, closing: 0 },
      });
      expect(edges.get(`${CLOSED} ${family}`)).toMatchObject({
        ...{ opened: KNOCKS, refused: KNOCKS, packetsToBackend: KNOCKS, flows: 0 },
      });
      expect(edges.get(`${DNS} ${family}`)).toMatchObject({
        ...{ opened: ASKS, packetsToBackend: ASKS, packetsToClient: ASKS, moving: ASKS },
        ...{ bytesToBackend: ASKS * (headerBytes + 3), bytesToClient: ASKS * (headerBytes + 9) },
      });
      expect(edges.get(`${VOID} ${family}`)).toMatchObject({ opened: 1, unanswered: 0, waiting: 1, moving: 0 });
    }
    expect(ledger.figures).toMatchObject({ elsewhere: FAMILIES.length, unexplained: 0, endedUnseen: 0 });
    expect(losses).toEqual([]);
  });

  test('changes nothing when it rests: what stays is idle, what is over stays counted', async () => {
    const edges = await dump();
    for (const { family } of FAMILIES) {
      expect(edges.get(`${HTTP} ${family}`)).toMatchObject({ opened: VISITS + STAYS, moving: 0, idle: STAYS });
      expect(edges.get(`${DNS} ${family}`)).toMatchObject({ opened: ASKS, moving: 0, idle: ASKS });
    }
  });

  test('goes on after the kernel has forgotten it: totals stay, a SYN without an answer becomes unanswered', async () => {
    const before = new Map([...(await dump())].map(([key, { bytesToBackend }]) => [key, bytesToBackend]));
    run('conntrack', '-F');
    await dump();
    const edges = await dump();
    for (const { family } of FAMILIES) {
      const http = `${HTTP} ${family}`;
      const bytesToBackend = before.get(http);
      expect(edges.get(http)).toMatchObject({ opened: VISITS + STAYS, bytesToBackend, idle: 0, flows: 0 });
      expect(edges.get(`${VOID} ${family}`)).toMatchObject({ opened: 1, unanswered: 1, flows: 0 });
    }
    expect(decoder).toMatchObject({ malformed: 0, foreign: 0 });
  });
});
