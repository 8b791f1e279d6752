import { expect, test } from 'vitest';
import { AgentLedger, edgeIdOf } from '../../server/agent-ledger.ts';
import { edgeFrame, webToCart1 } from './objects.ts';

const id = edgeIdOf(webToCart1);
const define: [number, typeof webToCart1][] = [[1, webToCart1]];

function connected(epoch = 'e1'): AgentLedger {
  const ledger = new AgentLedger();
  ledger.connected(epoch);
  return ledger;
}
const rates = (ledger: AgentLedger) => {
  const edge = ledger.edges.get(id);
  return edge && ledger.ratesOf(edge);
};

test('the first frame of an epoch is a starting point: hours of totals are not a rate', () => {
  const ledger = connected();
  expect(ledger.apply(edgeFrame(0, 1000, [[1, 5000]], { define }))).toEqual({ ok: true, added: [] });
  expect(rates(ledger)?.opened).toBe(0);
});

test('rates are the growth over the last three seconds of frames', () => {
  const ledger = connected();
  ledger.apply(edgeFrame(0, 0, [[1, 100]], { define }));
  // opened, refused, unanswered, packets and bytes to the backend, packets and bytes to the client
  ledger.apply(edgeFrame(1, 1000, [[1, 130, 3, 0, 10, 1000, 20, 9000]]));
  ledger.apply(edgeFrame(2, 3000, [[1, 160, 6, 0, 20, 4000, 40, 12_000]]));
  expect(rates(ledger)).toEqual({
    opened: 20,
    refused: 2,
    unanswered: 0,
    packets: 20,
    bytesToBackend: 4000 / 3,
    bytesToClient: 4000,
  });
  // three seconds of silence on this edge, while frames go on
  ledger.apply(edgeFrame(3, 4500, []));
  ledger.apply(edgeFrame(4, 6000, []));
  expect(rates(ledger)?.opened).toBe(0);
});

test('a new edge counts from nothing', () => {
  const ledger = connected();
  ledger.apply(edgeFrame(0, 0, []));
  const outcome = ledger.apply(edgeFrame(1, 1000, [[1, 7]], { define }));
  expect(outcome).toMatchObject({ ok: true, added: [{ key: webToCart1, delta: { opened: 7 } }] });
});

test('a reconnect within the epoch loses nothing and counts nothing twice', () => {
  const ledger = connected();
  ledger.apply(edgeFrame(0, 0, [[1, 100]], { define }));
  ledger.connected('e1');
  const outcome = ledger.apply(edgeFrame(0, 60_000, [[9, 160]], { define: [[9, webToCart1]] }));
  expect(outcome).toMatchObject({ ok: true, added: [{ delta: { opened: 60 } }] });
  expect(rates(ledger)?.opened).toBe(1);
});

test('an agent that restarted begins a new account', () => {
  const ledger = connected();
  ledger.apply(edgeFrame(0, 0, [[1, 100]], { define }));
  ledger.connected('e2');
  expect(ledger.apply(edgeFrame(0, 1000, [[1, 40]], { define }))).toEqual({ ok: true, added: [] });
});

test('a gap, a frame before the reset and an unknown id ask for a reset, until it comes', () => {
  const ledger = connected();
  expect(ledger.apply(edgeFrame(4, 0, []))).toMatchObject({ ok: false });
  ledger.apply(edgeFrame(0, 0, [[1, 1]], { define }));
  expect(ledger.apply(edgeFrame(2, 0, []))).toEqual({ ok: false, why: 'frame 2 instead of 1' });
  expect(ledger.apply(edgeFrame(3, 0, []))).toMatchObject({ ok: false });
  ledger.apply(edgeFrame(0, 0, [[1, 1]], { define }));
  expect(ledger.apply(edgeFrame(1, 1000, [[8, 1]]))).toEqual({ ok: false, why: 'edge 8 has no name' });
  expect(ledger.edges.size).toBe(1);
});

test('a forgotten edge is gone, after its last totals counted', () => {
  const ledger = connected();
  ledger.apply(edgeFrame(0, 0, [[1, 1]], { define }));
  const outcome = ledger.apply(edgeFrame(1, 1000, [[1, 4]], { forget: [1] }));
  expect(outcome).toMatchObject({ added: [{ delta: { opened: 3 } }] });
  expect(ledger.edges.size).toBe(0);
});

test('a clock that is set back makes no negative or endless rates', () => {
  const ledger = connected();
  ledger.apply(edgeFrame(0, 100_000, [[1, 1]], { define }));
  ledger.apply(edgeFrame(1, 50_000, [[1, 11]]));
  expect(rates(ledger)?.opened).toBe(0);
  ledger.apply(edgeFrame(2, 51_000, [[1, 21]]));
  expect(rates(ledger)?.opened).toBe(10);
});
