import { encodeFlow, STATUS } from '@kubecity/conntrack';
import type { RefusalListener } from '@kubecity/netlink';
import type { FakeConntrack } from '@kubecity/netlink/testing';
import { describe, expect, test, vi } from 'vitest';
import { ALL, BACKEND, CART, connection, START, second, start, useFakeClock } from './running-collector.ts';

useFakeClock();

describe('what it tells', () => {
  test('to the hub that listens: everything first, then what changed, with the figures of the table', async () => {
    const { collector, frames, show, totals, settle, stop } = start();
    collector.outlet.listen(1, ALL);
    await settle();
    show(connection(60));
    await second();
    expect(frames[0]).toMatchObject({ seq: 0, reset: true, at: START, rows: [] });
    const key = { client: { kind: 'outside', network: '192.0.2.0/24' }, servicePort: CART, backend: BACKEND };
    expect(frames[1]).toEqual({
      ...{ seq: 1, reset: false, at: START + 1000, define: [[1, key]], forget: [] },
      rows: [[1, 1, 0, 0, 1, 60, 0, 0, 1, 0, 0, 0, 0]],
      table: {
        ...{ entries: 1, max: 262_144, insertFailed: 0, dropped: 0, earlyDropped: 0 },
        ...{ withoutCounters: 0, lostDumps: 0, lostEvents: 0, endedUnseen: 0, elsewhere: 0, unexplained: 0, folded: 0 },
        ...{ dumpMilliseconds: 0, periodMilliseconds: 1000 },
      },
    });
    expect(totals.at(-1)).toMatchObject({ at: START + 1000, dumps: 2, edges: 1, flows: 1, malformed: 0 });
    await stop();
  });

  test('no frame to nobody, and everything to one who comes', async () => {
    const { collector, show, totals, numbers, settle, stop } = start();
    await settle();
    show(connection(60));
    await second();
    expect(numbers()).toEqual([]);
    expect(totals).toHaveLength(2);
    collector.outlet.listen(1, ALL);
    expect(numbers()).toEqual([[0, true, 1]]);
    collector.outlet.unlisten();
    await second();
    expect(numbers()).toHaveLength(1);
    await stop();
  });

  test('at most two frames that are not used yet; the next tells all that happened meanwhile', async () => {
    const { collector, show, frames, numbers, settle, stop } = start();
    collector.outlet.listen(1, ALL);
    await settle();
    for (const bytes of [10, 20, 30, 40]) {
      show(connection(bytes));
      await second();
    }
    expect(numbers()).toEqual([
      [0, true, 0],
      [1, false, 1],
    ]);
    collector.outlet.taken(7);
    expect(frames, 'of another link').toHaveLength(2);
    collector.outlet.taken(1);
    expect(frames[2]).toMatchObject({ seq: 2, rows: [expect.arrayContaining([40])] });
    collector.outlet.taken(1);
    expect(frames, 'nothing new').toHaveLength(3);
    await second();
    expect(frames).toHaveLength(4);
    await stop();
  });

  test('again everything when the hub lost the thread: at once, or after the dump that runs', async () => {
    const { collector, conntrack, show, numbers, settle, stop } = start();
    show(connection(60));
    collector.outlet.listen(1, ALL);
    await settle();
    collector.outlet.resync();
    expect(numbers()).toEqual([
      [0, true, 1],
      [0, true, 1],
    ]);
    collector.outlet.taken(1);
    const release = conntrack.hold();
    await second();
    collector.outlet.resync();
    expect(numbers()).toHaveLength(2);
    release();
    await settle();
    expect(numbers().at(-1)).toEqual([0, true, 1]);
    await stop();
  });

  test('at once what somebody begins to look at', async () => {
    const { collector, show, numbers, settle, stop } = start();
    collector.outlet.listen(1, { services: [] });
    await settle();
    show(connection(60));
    await second();
    expect(numbers().at(-1)).toEqual([1, false, 0]);
    collector.outlet.taken(1);
    collector.outlet.look({ services: ['shop/cart'] });
    expect(numbers().at(-1)).toEqual([2, false, 1]);
    await stop();
  });
});

describe('the time between two dumps', () => {
  test('follows what they cost; a warning when it becomes long, and word when it is over', async () => {
    let table: FakeConntrack | undefined;
    // The first three dumps cost 600 ms each, the others 2.
    const cpu = () => Math.min(table?.dumps ?? 0, 3) * 600 + Math.max((table?.dumps ?? 0) - 3, 0) * 2;
    const { conntrack, totals, news, settle, stop } = start({ cpu });
    table = conntrack;
    conntrack.entries = 100_000;
    await settle();
    expect(totals.at(-1)?.table.periodMilliseconds, 'one costly dump alone may be other work').toBe(1000);
    await second();
    expect(totals.at(-1)?.table.periodMilliseconds).toBe(30_000);
    await vi.advanceTimersByTimeAsync(29_999);
    expect(conntrack.dumps).toBe(2);
    await vi.advanceTimersByTimeAsync(1);
    expect(conntrack.dumps).toBe(3);
    await vi.advanceTimersByTimeAsync(30_000);
    expect(totals.at(-1)?.table.periodMilliseconds).toBe(1000);
    expect(news.map(({ level, about }) => [level, about.periodMs])).toEqual([
      ['warn', 30_000],
      ['info', 1000],
    ]);
    await stop();
  });
});

describe('losses', () => {
  test('are counted with those of the process before, and told once for a streak', async () => {
    const { collector, conntrack, frames, news, settle, stop } = start({
      settings: { losses: { dumps: 2, events: 3 } },
    });
    collector.outlet.listen(1, ALL);
    conntrack.failNext('timeout', 'timeout');
    conntrack.interruptNext();
    await settle();
    for (let dump = 0; dump < 4; dump += 1) {
      await second();
      collector.outlet.taken(1);
    }
    expect(frames.map(({ table }) => [table.lostDumps, table.lostEvents])).toEqual([
      [3, 3],
      [4, 3],
      [5, 3],
      [5, 3],
      [5, 3],
    ]);
    expect(news.map(({ level, about }) => [level, about])).toEqual([
      ['warn', { reason: expect.stringContaining('timeout') }],
      ['info', { lostDumps: 3 }],
    ]);
    await stop();
  });

  test('of refused connections, too; those that were heard come with the next dump', async () => {
    let listener: RefusalListener | undefined;
    const close = vi.fn();
    const watchRefusals = (given: RefusalListener) => {
      listener = given;
      return { close };
    };
    const { collector, frames, news, settle, stop } = start({ watchRefusals });
    collector.outlet.listen(1, ALL);
    await settle();
    listener?.onRefusal(connection(60, { replyPackets: 1, replyBytes: 40 }));
    await second();
    expect(frames.at(-1)?.rows).toEqual([[1, 1, 1, 0, 1, 60, 1, 40, 0, 0, 0, 0, 0]]);
    listener?.onLoss('overrun');
    listener?.onLoss('overrun');
    collector.outlet.taken(1);
    await second();
    expect(frames.at(-1)?.table).toMatchObject({ lostEvents: 2, lostDumps: 0 });
    expect(news).toHaveLength(1);
    await stop();
    expect(close).toHaveBeenCalledTimes(1);
  });

  test('of rows that cannot be read are counted', async () => {
    const { conntrack, totals, settle, stop } = start();
    conntrack.chunks = [encodeFlow(connection(60)).subarray(0, 40)];
    await settle();
    expect(totals[0]).toMatchObject({ malformed: 1, table: { lostDumps: 0 } });
    await stop();
  });
});

test('without direct connections looks at translated ones only, whatever the kernel sends', async () => {
  const direct = connection(60, { id: 2, sourcePort: 40_001, status: STATUS.seenReply });
  const { collector, show, totals, settle, stop } = start({ settings: { direct: false } });
  collector.outlet.listen(1, ALL);
  show(connection(60), direct);
  await settle();
  expect(totals[0]).toMatchObject({ flows: 1, table: { entries: 2 } });
  await stop();
});

test('sweeps the chunks of a large dump, and not those of a small one', async () => {
  const sweep = vi.fn();
  const { conntrack, show, settle, stop } = start({ sweep });
  show(...Array.from({ length: 63 }, (_, id) => connection(60, { id, sourcePort: 40_000 + id })));
  await settle();
  expect(sweep).not.toHaveBeenCalled();
  await second();
  expect([sweep.mock.calls.length, conntrack.dumps]).toEqual([1, 2]);
  await stop();
});

test('stop during a dump ends after it; nothing follows', async () => {
  const { collector, conntrack, totals, settle, stop } = start();
  collector.outlet.listen(1, ALL);
  await settle();
  const release = conntrack.hold();
  await second();
  const ended = stop();
  release();
  await ended;
  await vi.advanceTimersByTimeAsync(10_000);
  expect([conntrack.dumps, totals.length]).toEqual([2, 1]);
});
