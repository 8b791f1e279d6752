import { describe, expect, it } from 'vitest';
import { BoundedRunner } from '../src/runner.ts';
import { HandClock, settle } from './hand-clock.ts';

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

  it('does not let news wait for the next try after a failure, but does not hurry either', async () => {
    const at: number[] = [];
    const { clock, runner } = setUp(async () => {
      at.push(clock.now());
      if (at.length < 5) throw new Error('busy');
    });
    runner.request();
    await clock.advance(4_500);
    expect(at).toEqual([0, 1000, 3000]);
    runner.request();
    await clock.advance(100);
    expect(at).toEqual([0, 1000, 3000, 4500]);
    for (let i = 0; i < 9; i++) {
      runner.request();
      await clock.advance(100);
    }
    expect(at).toEqual([0, 1000, 3000, 4500, 5500]);
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
