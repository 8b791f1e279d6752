import { describe, expect, it } from 'vitest';
import { BoundedRunner, type Clock } from '../src/runner.ts';

/** Time that moves only when told. */
class HandClock implements Clock {
  #now = 0;
  #timers: { at: number; run: () => void }[] = [];
  now(): number {
    return this.#now;
  }
  after(milliseconds: number, run: () => void) {
    const timer = { at: this.#now + milliseconds, run };
    this.#timers.push(timer);
    const cancel = () => {
      this.#timers = this.#timers.filter((each) => each !== timer);
    };
    return { cancel };
  }
  async advance(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds;
    for (;;) {
      const next = this.#timers.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.#now = next.at;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      next.run();
      await settle();
    }
    this.#now = end;
  }
}
const settle = () => new Promise((resolve) => setImmediate(resolve));

function setUp(run: () => Promise<void>) {
  const clock = new HandClock();
  const errors: number[] = [];
  const runner = new BoundedRunner({
    run,
    minMs: () => 100,
    maxMs: 30_000,
    retryMs: (failures) => 1000 * failures,
    onError: (_error, failures) => errors.push(failures),
    clock,
  });
  return { clock, runner, errors };
}

describe('BoundedRunner', () => {
  it('folds requests into one run and keeps the least pause', async () => {
    const at: number[] = [];
    const { clock, runner } = setUp(async () => void at.push(clock.now()));
    for (let i = 0; i < 10; i++) runner.request();
    await clock.advance(1);
    runner.request();
    runner.request();
    await clock.advance(500);
    expect(at).toEqual([0, 100]);
  });

  it('never runs twice at a time, and runs again for a request that came meanwhile', async () => {
    const gates: (() => void)[] = [];
    let inside = 0;
    let most = 0;
    const { clock, runner } = setUp(async () => {
      most = Math.max(most, ++inside);
      await new Promise<void>((resolve) => gates.push(resolve));
      inside--;
    });
    runner.request();
    await clock.advance(1);
    runner.request();
    await clock.advance(5000);
    expect(gates).toHaveLength(1);
    gates[0]?.();
    await settle();
    await clock.advance(5000);
    expect(gates).toHaveLength(2);
    expect(most).toBe(1);
  });

  it('tries again after a failure, later each time, and calms down after a success', async () => {
    const at: number[] = [];
    const { clock, runner, errors } = setUp(async () => {
      at.push(clock.now());
      if (at.length < 3) throw new Error('busy');
    });
    runner.request();
    await clock.advance(10_000);
    expect(at).toEqual([0, 1000, 3000]);
    expect(errors).toEqual([1, 2]);
    await clock.advance(30_000);
    expect(at).toEqual([0, 1000, 3000, 33_000]);
  });

  it('starts nothing after stop', async () => {
    let runs = 0;
    const { clock, runner } = setUp(async () => void runs++);
    runner.request();
    await runner.stop();
    runner.request();
    await clock.advance(60_000);
    expect(runs).toBe(0);
  });
});
