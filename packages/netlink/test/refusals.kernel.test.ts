import { ADDRESS, type FlowRow, formatWords, STATUS } from '@kubecity/conntrack';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RefusalWatch } from '../src/index.ts';
import { Lab, SERVER, SERVER6, SERVICE, SERVICE6 } from './lab.ts';

const KNOCKS = 5;
let rows: FlowRow[] = [];
const losses: string[] = [];
let lab: Lab;
let watch: RefusalWatch;

beforeAll(async () => {
  lab = await Lab.open();
  watch = await lab.hearRefusals({ onRefusal: (row) => rows.push(row), onLoss: (reason) => losses.push(reason) });
});
afterAll(() => {
  watch.close();
  lab.close();
});

describe.each([
  ['IPv4', 4, SERVICE, SERVER, '10.201.1.2'],
  ['IPv6', 6, SERVICE6, SERVER6, 'fd00:201:1::2'],
] as const)('refused connections of %s', (_, family, service, server, client) => {
  const addresses = ({ words }: FlowRow) =>
    [ADDRESS.source, ADDRESS.destination, ADDRESS.replySource, ADDRESS.replyDestination].map((place) =>
      formatWords(family, words, place),
    );

  test('are told one by one, through a Service and direct, and nothing else is', async () => {
    rows = [];
    await lab.atClient(
      `times(${KNOCKS}, () => knock(81, '${service}')), visit(80, 10, '${service}'), ask('?', '${service}')`,
    );
    await lab.atClient(`knock(8081, '${server}')`);
    await expect.poll(() => rows.length).toBe(KNOCKS + 1);
    const direct = rows.filter(({ destinationPort }) => destinationPort === 8081);
    const translated = rows.filter(({ destinationPort }) => destinationPort === 81);
    expect([direct.length, translated.length]).toEqual([1, KNOCKS]);
    for (const row of translated) {
      expect(addresses(row)).toEqual([client, service, server, client]);
      expect(row).toMatchObject({
        family,
        replySourcePort: 8081,
        originalPackets: 1,
        replyPackets: 1,
        hasCounters: true,
      });
      expect(row.status).toBe(STATUS.confirmed | STATUS.destinationNat);
    }
    expect(addresses(direct[0] as FlowRow)).toEqual([client, server, server, client]);
    expect(direct[0]?.status).toBe(STATUS.confirmed);
    expect(new Set(rows.map(({ id }) => id)).size).toBe(KNOCKS + 1);
    expect(losses).toEqual([]);
  });
});
