import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Directory, type Edge, FlowLedger, type FlowRow } from '../src/index.ts';
import { podChange, serviceChange } from './city.ts';
import { flow } from './flows.ts';

const SERVICES = 3;

function city(maxEdges: number) {
  const directory = new Directory({ node: 'node-a' });
  directory.apply(
    [
      ...Array.from({ length: SERVICES }, (_, n) => serviceChange(`shop/s${n}:x/TCP`, 80, [`10.96.0.${n}`])),
      podChange(
        'backend',
        'node-a',
        [1, 2, 3, 4, 5].map((n) => `10.2.0.${n}`),
      ),
    ],
    0,
  );
  const ledger = new FlowLedger({ directory, maxEdges });
  let at = 0;
  const dump = (rows: readonly FlowRow[], after = 1000) => {
    at += after;
    ledger.begin(at);
    for (const row of rows) ledger.add(row);
    ledger.end(true);
    return [...ledger.edges.values()];
  };
  dump([]);
  return { ledger, dump };
}

const nameOf = ({ client, servicePort, backend }: Edge): string =>
  `${client.kind === 'outside' ? client.network : client.name} ${servicePort} ${backend}`;
/** From the n-th outside client to a backend of a service. */
const call = (id: number, client: number, service = 0, backend = 1): FlowRow =>
  flow({
    ...{ id, sourcePort: id, source: `203.0.${client}.1`, destination: `10.96.0.${service}` },
    ...{ replySource: `10.2.0.${backend}`, originalPackets: 1, originalBytes: 100 },
  });

describe('beyond the bound', () => {
  test('clients are summed for each service port and backend', () => {
    const { dump, ledger } = city(2);
    const edges = dump([call(1, 1), call(2, 2), call(3, 3), call(4, 4), call(5, 1)]);
    expect(edges.map((edge) => [nameOf(edge), edge.opened, edge.pod?.uid])).toEqual([
      ['203.0.1.0/24 shop/s0:x/TCP 10.2.0.1:8080', 2, 'backend'],
      ['203.0.2.0/24 shop/s0:x/TCP 10.2.0.1:8080', 1, 'backend'],
      ['other shop/s0:x/TCP 10.2.0.1:8080', 2, 'backend'],
    ]);
    expect(ledger.figures.folded).toBe(2);
  });

  test('of both bounds, clients and backends are summed for each service port', () => {
    const { dump, ledger } = city(2);
    const rows = [call(1, 1), call(2, 2), call(3, 3), call(4, 4, 0, 2), call(5, 5, 1, 2), call(6, 6, 1, 3)];
    expect(dump(rows).map((edge) => [nameOf(edge), edge.opened])).toEqual([
      ['203.0.1.0/24 shop/s0:x/TCP 10.2.0.1:8080', 1],
      ['203.0.2.0/24 shop/s0:x/TCP 10.2.0.1:8080', 1],
      ['other shop/s0:x/TCP 10.2.0.1:8080', 1],
      ['other shop/s0:x/TCP other', 1],
      ['other shop/s1:x/TCP other', 2],
    ]);
    expect(ledger.figures.folded).toBe(4);
    // Single connections are still told by their own backend.
    expect(ledger.details({ servicePort: 'shop/s1:x/TCP', backend: '10.2.0.3:8080', limit: 9 }).total).toBe(1);
  });

  test('a place is free when its edge has had no connections for 30 s', () => {
    const { dump, ledger } = city(1);
    dump([call(1, 1), call(2, 2)]);
    dump([call(2, 2)]);
    dump([call(2, 2)]);
    dump([call(2, 2)], 20_000);
    expect(dump([call(2, 2), call(3, 3)]).map(nameOf)).toHaveLength(2);
    dump([call(2, 2), call(3, 3)], 30_000);
    const edges = dump([call(2, 2), call(3, 3), call(4, 4)]);
    expect(edges.map((edge) => [nameOf(edge), edge.opened])).toEqual([
      ['other shop/s0:x/TCP 10.2.0.1:8080', 2],
      ['203.0.4.0/24 shop/s0:x/TCP 10.2.0.1:8080', 1],
    ]);
    expect(ledger.figures.folded).toBe(2);
  });

  test('so are the places of those that sum', () => {
    const { dump } = city(1);
    const [mine] = dump([call(1, 1), call(2, 2)]);
    for (const after of [1000, 1000, 31_000]) dump([call(1, 1)], after);
    const edges = dump([call(1, 1), call(3, 3, 0, 2), call(4, 4, 0, 3)]);
    expect(edges.map(nameOf)).toEqual([
      nameOf(mine as Edge),
      'other shop/s0:x/TCP 10.2.0.2:8080',
      'other shop/s0:x/TCP other',
    ]);
  });
});

const rows = fc.array(
  fc.record({
    client: fc.nat(30),
    service: fc.nat(SERVICES - 1),
    backend: fc.integer({ min: 1, max: 5 }),
    opensAt: fc.nat(9),
    lasts: fc.integer({ min: 1, max: 10 }),
    bytes: fc.nat(2 ** 40),
  }),
  { maxLength: 60 },
);

test('whatever the bound, sums over edges are sums over connections, and edges are few', () => {
  fc.assert(
    fc.property(rows, fc.nat(12), (connections, maxEdges) => {
      const { dump, ledger } = city(maxEdges);
      const totals = new Map<number, { servicePort: string; opened: number; bytes: number }>();
      for (let time = 0; time < 22; time += 1) {
        const open = connections.flatMap((connection, id) => {
          const age = time - connection.opensAt;
          const { client, service, backend, bytes, lasts } = connection;
          return age < 0 || age >= lasts ? [] : [{ ...call(id, client, service, backend), originalBytes: bytes + age }];
        });
        const edges = dump(open, 16_000);
        for (const { id, servicePort, opened, bytesToBackend } of edges) {
          totals.set(id, { servicePort, opened, bytes: bytesToBackend });
        }
        expect(edges.length).toBeLessThanOrEqual(maxEdges + Math.ceil(maxEdges / 2) + SERVICES);
        expect(edges.reduce((sum, { moving, idle }) => sum + moving + idle, 0)).toBe(open.length);
        const folded = edges.filter((edge) => edge.folds).reduce((sum, { flows }) => sum + flows, 0);
        expect(ledger.figures.folded).toBe(folded);
      }
      for (let service = 0; service < SERVICES; service += 1) {
        const ofService = connections.filter((connection) => connection.service === service);
        const edges = [...totals.values()].filter(({ servicePort }) => servicePort === `shop/s${service}:x/TCP`);
        expect(edges.reduce((sum, { opened }) => sum + opened, 0)).toBe(ofService.length);
        expect(edges.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(
          ofService.reduce((sum, { bytes, lasts }) => sum + bytes + lasts - 1, 0),
        );
      }
    }),
    { numRuns: 200, seed: 3 },
  );
});
