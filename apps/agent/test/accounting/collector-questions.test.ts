import { describe, expect, test, vi } from 'vitest';
import type { AccountingAnswer, AccountingQuestion } from '../../src/accounting/messages.ts';
import { BACKEND, CART, connection, START, second, start, useFakeClock } from './running-collector.ts';

useFakeClock();

describe('questions', () => {
  const many = (count: number) =>
    Array.from({ length: count }, (_, n) => connection(100 + n, { id: n + 1, sourcePort: 40_000 + n }));
  const which = { servicePort: CART, backend: BACKEND };

  test('the busiest connections, and the sums per service port', async () => {
    const { collector, show, settle, stop } = start();
    await settle();
    show(...many(5));
    await second();
    expect(await collector.answer({ kind: 'flows', servicePort: CART, limit: 2 })).toMatchObject({
      ...{ kind: 'flows', at: START + 1000, total: 5 },
      flows: [{ bytesToBackend: 104 }, { bytesToBackend: 103 }],
    });
    const { servicePorts } = (await collector.answer({ kind: 'servicePorts' })) as AccountingAnswer & {
      kind: 'servicePorts';
    };
    expect(servicePorts).toEqual([
      expect.objectContaining({ servicePort: CART, opened: 5, bytesToBackend: 510, moving: 5 }),
    ]);
    await stop();
  });

  test('wait for the dump that runs', async () => {
    const { collector, conntrack, show, settle, stop } = start();
    show(...many(3));
    await settle();
    const release = conntrack.hold();
    await second();
    const answered = vi.fn();
    const answer = collector.answer({ kind: 'flows', servicePort: CART, limit: 2 }).then(answered);
    await settle();
    expect(answered).not.toHaveBeenCalled();
    release();
    await answer;
    expect(answered).toHaveBeenCalledWith(expect.objectContaining({ at: START + 1000, total: 3 }));
    await stop();
  });

  test('ends connections at the pace that is asked, one order at a time, and looks again', async () => {
    const { collector, conntrack, show, settle, stop } = start();
    show(...many(25));
    await settle();
    const order: AccountingQuestion = { kind: 'endFlows', ...which, classes: ['moving', 'idle'], perSecond: 100 };
    const ending = collector.answer(order);
    await settle();
    expect(conntrack.deletions).toEqual([10]);
    expect(await collector.answer(order)).toMatchObject({ kind: 'refused', code: 'busy' });
    await vi.advanceTimersByTimeAsync(100);
    expect(conntrack.deletions).toEqual([10, 10]);
    await vi.advanceTimersByTimeAsync(100);
    const before = conntrack.dumps;
    expect(await ending).toEqual({ kind: 'endFlows', at: START + 200, matched: 25, deleted: 25, left: 0 });
    expect([conntrack.deletions, conntrack.dumps]).toEqual([[10, 10, 5], before]);
    expect(await collector.answer({ ...order, backend: '10.2.0.6:8080' })).toMatchObject({
      matched: 0,
      deleted: 0,
      left: 0,
    });
    await stop();
  });

  test('answers in time when the pace is too slow for all, and says how many are left', async () => {
    const { collector, show, settle, stop } = start();
    show(...many(25));
    await settle();
    const ending = collector.answer({ kind: 'endFlows', ...which, classes: ['moving', 'idle'], perSecond: 1 });
    await vi.advanceTimersByTimeAsync(16_000);
    expect(await ending).toMatchObject({ matched: 25, deleted: 16, left: 9 });
    await stop();
  });

  test('a shutdown ends an order, too', async () => {
    const { collector, conntrack, show, settle, stop } = start();
    show(...many(25));
    await settle();
    void collector.answer({ kind: 'endFlows', ...which, classes: ['moving', 'idle'], perSecond: 10 });
    await settle();
    await stop();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(conntrack.deletions).toEqual([1]);
  });
});
