import type { EdgeKey } from '@kubecity/protocol';
import { describe, expect, test } from 'vitest';
import { HubTraffic } from './hub-traffic.ts';
import { cart1, cartPort, edgeFrame, webToCart1 } from './objects.ts';

const id = `pod:uid-web-1>${cart1}`;
const toCart2: EdgeKey = { ...webToCart1, backend: '10.0.0.2:8080' };
/** A hub that heard node-a's first frame, at second 0: one edge with the totals given. */
function heard(...figures: number[]): HubTraffic {
  const hub = new HubTraffic().connected('node-a', 'e1');
  hub.traffic.setInterest({ services: 'all' }, -10_000);
  hub.reset('node-a', 0, [[1, ...figures]], [webToCart1]);
  return hub;
}

describe('the account of an agent', () => {
  test('begins with its first frame: what it had counted before is no traffic of now', () => {
    const hub = heard(5000, 3, 2, 9, 9, 9, 9, 1, 2, 3, 4, 1);
    expect(hub.show(1000).get(id)).toMatchObject({
      ...{ opened: 0, refused: 0, unanswered: 0, openedPerSecond: 0 },
      ...{ moving: 1, idle: 2, closing: 3, waiting: 4, uncounted: 1, stale: 0 },
    });
    expect(hub.portTotal(cartPort, 'bytesToClient')).toBe(0);
  });

  test('counts a new edge from nothing', () => {
    const hub = heard(0);
    hub.take('node-a', 1000, edgeFrame(1, 1000, [[2, 7]], { define: [[2, toCart2]] }));
    expect(hub.portTotal(cartPort, 'opened')).toBe(7);
  });

  test('goes on over a new connection of the same epoch: nothing is lost, nothing counted twice', () => {
    const hub = heard(100);
    hub.connected('node-a', 'e1');
    expect(hub.take('node-a', 1000, edgeFrame(1, 1000, [[1, 130]]))).toEqual({ ok: false, why: 'no reset yet' });
    hub.reset('node-a', 60_000, [[1, 160]], [webToCart1]);
    expect(hub.show(60_000).get(id)).toMatchObject({ opened: 60 });
  });

  test('takes an edge that was forgotten and came back meanwhile for what it is: another account', () => {
    const hub = heard(100);
    hub.connected('node-a', 'e1');
    hub.reset('node-a', 60_000, [[2, 150]], [webToCart1]);
    expect(hub.show(60_000).get(id)).toMatchObject({ opened: 150 });
  });

  test('goes on with a new epoch, whose figures are all traffic', () => {
    const hub = heard(100, 0, 0, 0, 0, 0, 0, 5);
    hub.connected('node-a', 'e2');
    hub.reset('node-a', 1000, [[1, 40, 0, 0, 0, 0, 0, 0, 2]], [webToCart1]);
    expect(hub.show(1000).get(id)).toMatchObject({ opened: 40, moving: 2, idle: 0 });
    hub.take('node-a', 2000, edgeFrame(1, 2000, [[1, 50]]));
    expect(hub.show(2000).get(id)).toMatchObject({ opened: 50, moving: 0, idle: 0 });
  });

  test('asks for a reset after a gap, an id without a name or one defined twice, until it comes', () => {
    const hub = new HubTraffic().connected('node-a', 'e1');
    expect(hub.take('node-a', 0, edgeFrame(4, 0, []))).toEqual({ ok: false, why: 'no reset yet' });
    hub.reset('node-a', 0, [[1, 1]], [webToCart1]);
    expect(hub.take('node-a', 0, edgeFrame(2, 0, [[1, 9]]))).toEqual({ ok: false, why: 'frame 2 instead of 1' });
    expect(hub.take('node-a', 0, edgeFrame(1, 0, []))).toMatchObject({ ok: false });
    hub.reset('node-a', 0, [[1, 1]], [webToCart1]);
    expect(hub.take('node-a', 0, edgeFrame(1, 0, [[8, 1]]))).toEqual({ ok: false, why: 'edge 8 has no name' });
    const twice = edgeFrame(0, 0, [], {
      define: [
        [1, webToCart1],
        [1, toCart2],
      ],
    });
    expect(hub.take('node-a', 0, twice)).toEqual({ ok: false, why: 'an edge is defined twice' });
    expect(hub.portTotal(cartPort, 'opened')).toBe(0);
  });

  test('keeps the totals of an edge that is forgotten; the edge goes some seconds later', () => {
    const hub = heard(1, 0, 0, 0, 0, 0, 0, 1);
    hub.take('node-a', 1000, edgeFrame(1, 1000, [[1, 4, 0, 0, 0, 0, 0, 0, 1]], { forget: [1] }));
    expect(hub.show(1000).get(id)).toMatchObject({ opened: 3, moving: 0 });
    expect(hub.show(7000).all().size).toBe(0);
    expect(hub.portTotal(cartPort, 'opened')).toBe(3);
  });

  test('stays as it was, stale, while the agent is silent, and goes with its node', () => {
    const hub = heard(0, 0, 0, 0, 0, 0, 0, 3);
    hub.show(1000);
    expect(hub.silent('node-a').show(9000).get(id)).toMatchObject({ stale: 1, moving: 3 });
    hub.take('node-a', 10_000, edgeFrame(1, 10_000, []));
    expect(hub.silent().show(10_000).get(id)).toMatchObject({ stale: 0, moving: 3 });
    hub.traffic.forgetNode('node-a');
    expect(hub.show(20_000).all().size).toBe(0);
    expect(hub.take('node-a', 21_000, edgeFrame(2, 21_000, []))).toMatchObject({ ok: false });
    hub.reset('node-a', 22_000, [[1, 9]], [webToCart1]);
    expect(hub.show(22_000).get(id)).toMatchObject({ opened: 0 });
  });
});

test('the same outside client and backend seen by two nodes is one edge, stale while one of them is silent', () => {
  const hub = new HubTraffic();
  const key: EdgeKey = { ...webToCart1, client: { kind: 'outside', network: '203.0.113.0/24' } };
  for (const node of ['node-a', 'node-b']) {
    hub.connected(node, 'e1');
    hub.reset(node, 0, [[1, 5, 0, 0, 0, 0, 0, 0, 2]], [key]);
    hub.take(node, 1000, edgeFrame(1, 1000, [[1, 6, 0, 0, 0, 0, 0, 0, 3]]));
  }
  const outside = `outside:203.0.113.0/24>${cart1}`;
  expect(hub.show(1000).get(outside)).toMatchObject({ opened: 2, moving: 6, stale: 0 });
  expect(hub.silent('node-b').show(2000).get(outside)).toMatchObject({ moving: 6, stale: 1 });
  expect(hub.traffic.nodesOf(cartPort, '10.0.0.1:8080')).toEqual(['node-a', 'node-b']);
  expect(hub.traffic.nodesOf(cartPort, '10.0.0.9:8080')).toEqual([]);
  hub.traffic.forgetNode('node-b');
  expect(hub.show(3000).get(outside)).toMatchObject({ opened: 2, moving: 3, stale: 0 });
});

test('a reused address is another edge', () => {
  const hub = new HubTraffic().connected('node-a', 'e1');
  const pods = ['old', 'new'].map((uid) => ({ ...webToCart1, pod: { uid, namespace: 'shop', name: 'cart-1' } }));
  hub.reset('node-a', 0, [[1], [2]], pods);
  expect([...hub.show(0).all().keys()]).toEqual([`${id}>old`, `${id}>new`]);
});

describe('rates', () => {
  test('are means of the last ten whole seconds, and lag by as long as the figures took to come', () => {
    const hub = heard(0);
    for (let second = 1; second <= 12; second++) {
      hub.take('node-a', second * 1000, edgeFrame(second, second * 1000, [[1, second * 30, 0, 0, 10, second * 500]]));
    }
    // told at 1 to 11 s, flowed within 2 to 12 s
    expect(hub.show(12_000).get(id)).toMatchObject({ opened: 360, openedPerSecond: 30, bytesToBackendPerSecond: 500 });
    expect(hub.show(17_500).get(id)).toMatchObject({ openedPerSecond: 18 });
    expect(hub.show(23_000).get(id)).toMatchObject({ openedPerSecond: 0, bytesToBackendPerSecond: 0 });
  });

  test('are steady for edges that nobody looks at, which are told every ten seconds', () => {
    const hub = new HubTraffic().connected('node-a', 'e1');
    hub.reset('node-a', 0, [[1, 0]], [webToCart1]);
    const seen: (number | undefined)[] = [];
    for (let second = 1; second <= 50; second++) {
      const rows = second % 10 === 0 ? [[1, second * 20]] : [];
      hub.take('node-a', second * 1000, edgeFrame(second, second * 1000, rows));
      const rate = hub.show(second * 1000).get(id)?.openedPerSecond;
      if (second > 20) seen.push(rate);
    }
    expect(new Set(seen)).toEqual(new Set([20]));
  });

  test('count what came in a long pause over that pause', () => {
    const hub = heard(0);
    hub.take('node-a', 40_000, edgeFrame(1, 40_000, [[1, 400]]));
    expect(hub.show(51_000).get(id)).toMatchObject({ opened: 400, openedPerSecond: 10 });
  });

  test('survive a clock that is set back, the hub’s or the agent’s', () => {
    const hub = heard(0);
    hub.take('node-a', 100_000, edgeFrame(1, 100_000, [[1, 10]]));
    hub.take('node-a', 50_000, edgeFrame(2, 50_000, [[1, 30]]));
    expect(hub.show(52_000).get(id)).toMatchObject({ opened: 30, openedPerSecond: 2 });
  });
});

test('a load has the means of 1, 10 and 60 s, and its share of the service port', () => {
  const hub = new HubTraffic().connected('node-a', 'e1');
  hub.traffic.setInterest({ services: 'all' }, -10_000);
  hub.reset(
    'node-a',
    0,
    [
      [1, 0],
      [2, 0],
    ],
    [webToCart1, toCart2],
  );
  for (let second = 1; second <= 70; second++) {
    const opened = second <= 30 ? second * 4 : 120;
    const at = second * 1000;
    hub.take(
      'node-a',
      at,
      edgeFrame(second, at, [
        [1, opened, second],
        [2, 3 * opened],
      ]),
    );
  }
  hub.show(71_000);
  const loadsWith = (backend: string) => new Map(hub.traffic.backends.records([backend]));
  expect(loadsWith('quiet|10.9.9.9:1').get(cart1)).toEqual({
    openedPerSecond: { s1: 0, s10: 0, s60: 1.33 },
    refusedPerSecond: { s1: 1, s10: 1, s60: 1 },
    bytesPerSecond: { s1: 0, s10: 0, s60: 0 },
    ...{ opened: 80, openedOfPort: 320, windowSeconds: 60, moving: 0, idle: 0, closing: 0 },
  });
  expect(loadsWith('quiet|10.9.9.9:1').get('quiet|10.9.9.9:1')).toMatchObject({ opened: 0 });
});
