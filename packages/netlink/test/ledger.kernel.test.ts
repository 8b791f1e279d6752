import { type Directory, type Edge, FlowDecoder, FlowLedger, type FlowRow } from '@kubecity/conntrack';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openConntrack, type RefusalWatch, watchRefusals } from '../src/index.ts';
import { Lab, run, SERVER, SERVICE } from './lab.ts';

/** A traffic plan with known numbers, over real packets, against the ledger and against the kernel's own counters. */
const VISITS = 40;
const VISIT_BYTES = 20_000;
const STAYS = 3;
const KNOCKS = 7;
const ASKS = 5;

const directory: Directory = {
  servicePort: (protocol, address, port) => (address === SERVICE ? `${port}/${protocol}` : undefined),
  client: (address) => ({ kind: 'outside', address }),
};
const ledger = new FlowLedger({ directory });
const source = openConntrack({ destinationNatOnly: true });
const decoder = new FlowDecoder((row) => ledger.add(row));
let refused: FlowRow[] = [];
const losses: string[] = [];
let watch: RefusalWatch;
let lab: Lab;

async function dump(): Promise<Map<string, Edge>> {
  ledger.begin(Date.now());
  for (const row of refused) ledger.refuse(row);
  refused = [];
  const { interrupted } = await source.dump((bytes) => decoder.read(bytes));
  ledger.end(!interrupted);
  return new Map([...ledger.edges.values()].map((edge) => [edge.servicePort, edge]));
}

/** Counters of all entries to a port of SERVICE, as the conntrack tool adds up: [to backend, to client] bytes. */
function kernelBytes(port: number): [number, number] {
  const lines = run('conntrack', '-L', '-d', SERVICE, '-p', 'tcp', '--dport', String(port)).trim().split('\n');
  const bytes = lines.map((line) => [...line.matchAll(/bytes=(\d+)/g)].map(([, text]) => Number(text)));
  return [0, 1].map((way) => bytes.reduce((sum, both) => sum + (both[way] as number), 0)) as [number, number];
}

beforeAll(async () => {
  lab = await Lab.open();
  watch = watchRefusals({ onRefusal: (row) => refused.push(row), onLoss: (reason) => losses.push(reason) });
  // The watch listens when it has seen a refusal; that one is before the first dump, so nobody counts it.
  while (refused.length === 0) await lab.atClient('knock(81)');
  await dump();
  await lab.atClient(
    `times(${VISITS}, () => visit(80, ${VISIT_BYTES})), times(${STAYS}, () => stay('${SERVICE}', 80, 10)),
     stay('${SERVER}', 8080, 10), times(${KNOCKS}, () => knock(81)), times(${ASKS}, () => ask('who')), attempt(82)`,
  );
});
afterAll(() => {
  watch.close();
  source.close();
  lab.close();
});

describe('a traffic plan', () => {
  test('is counted connection by connection and byte by byte', async () => {
    await expect.poll(() => refused.length).toBe(KNOCKS);
    const edges = await dump();
    expect([...edges.keys()].sort()).toEqual(['53/17', '80/6', '81/6', '82/6']);
    const [toBackend, toClient] = kernelBytes(80);
    expect(toBackend).toBeGreaterThan(VISITS * VISIT_BYTES);
    expect(edges.get('80/6')).toMatchObject({
      client: { kind: 'outside', address: '10.201.1.2' },
      backend: `${SERVER}:8080`,
      ...{ opened: VISITS + STAYS, refused: 0, unanswered: 0 },
      ...{ bytesToBackend: toBackend, bytesToClient: toClient },
      ...{ moving: STAYS, idle: 0, closing: 0 },
    });
    expect(edges.get('81/6')).toMatchObject({ opened: KNOCKS, refused: KNOCKS, packetsToBackend: KNOCKS, flows: 0 });
    expect(edges.get('53/17')).toMatchObject({
      ...{ opened: ASKS, packetsToBackend: ASKS, packetsToClient: ASKS, moving: ASKS },
      ...{ bytesToBackend: ASKS * (28 + 3), bytesToClient: ASKS * (28 + 9) },
    });
    expect(edges.get('82/6')).toMatchObject({ opened: 1, unanswered: 0, moving: 0, idle: 0, closing: 0 });
    expect(losses).toEqual([]);
  });

  test('changes nothing when it rests: what stays is idle, what is over stays counted', async () => {
    const edges = await dump();
    expect(edges.get('80/6')).toMatchObject({ opened: VISITS + STAYS, moving: 0, idle: STAYS, closing: 0 });
    expect(edges.get('53/17')).toMatchObject({ opened: ASKS, moving: 0, idle: ASKS });
  });

  test('goes on after the kernel has forgotten it: totals stay, a SYN without an answer becomes unanswered', async () => {
    const before = (await dump()).get('80/6') as Edge;
    const { opened, bytesToBackend } = before;
    run('conntrack', '-F');
    await dump();
    const edges = await dump();
    expect(edges.get('80/6')).toMatchObject({ opened, bytesToBackend, idle: 0, flows: 0 });
    expect(edges.get('82/6')).toMatchObject({ opened: 1, unanswered: 1, flows: 0 });
    expect(decoder).toMatchObject({ malformed: 0, foreign: 0 });
  });
});
