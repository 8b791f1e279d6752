import { expect, test } from 'vitest';
import type { ConntrackSource } from '../src/index.ts';

/** What every source must do, the real one and the fake. */
export function sourceContract(open: () => ConntrackSource): void {
  test('one dump at a time; the next may follow', async () => {
    const source = open();
    const first = source.dump(() => {});
    await expect(source.dump(() => {})).rejects.toMatchObject({ operation: 'dump', code: 'busy' });
    await expect(first).resolves.toEqual({ interrupted: false });
    await expect(source.dump(() => {})).resolves.toEqual({ interrupted: false });
    source.close();
  });

  test('close ends a running dump and refuses what comes later', async () => {
    const source = open();
    const running = source.dump(() => source.close());
    source.close();
    await expect(running).rejects.toMatchObject({ operation: 'dump', code: 'closed' });
    await expect(source.dump(() => {})).rejects.toMatchObject({ operation: 'dump', code: 'closed' });
    await expect(source.stats()).rejects.toMatchObject({ operation: 'stats', code: 'closed' });
    source.close();
  });

  test('what the consumer throws comes back as it is, and the source goes on', async () => {
    const source = open();
    const mistake = new Error('mistake');
    const dump = source.dump(() => {
      throw mistake;
    });
    await expect(dump).rejects.toBe(mistake);
    await expect(source.dump(() => {})).resolves.toEqual({ interrupted: false });
    source.close();
  });

  test('stats say how full the table is', async () => {
    const source = open();
    const { entries, max } = await source.stats();
    expect(entries).toBeGreaterThanOrEqual(0);
    expect(max).toBeGreaterThan(0);
    source.close();
  });
}
