import { expect, test } from 'vitest';
import type { UdpTable } from '../src/index.ts';

/** What every UDP table must do, the real one and the fake. `open` gives one with at least two IPv4 entries. */
export function udpTableContract(open: () => UdpTable): void {
  const all = () => true;

  test('deletes what it is given, and counts what was gone already', async () => {
    const table = open();
    const { entries, seen, interrupted } = await table.select('IPv4', all);
    expect(interrupted).toBe(false);
    expect(entries).toHaveLength(seen);
    const first = entries.slice(0, 1);
    expect(await table.delete(first)).toEqual({ deleted: 1, missing: 0 });
    expect(await table.delete(first)).toEqual({ deleted: 0, missing: 1 });
    expect((await table.select('IPv4', all)).seen).toBe(seen - 1);
    expect(await table.delete([])).toEqual({ deleted: 0, missing: 0 });
    table.close();
  });

  test('what the chooser throws comes back as it is, and the table goes on', async () => {
    const table = open();
    const mistake = new Error('mistake');
    const thrower = () => {
      throw mistake;
    };
    await expect(table.select('IPv4', thrower)).rejects.toBe(mistake);
    expect((await table.select('IPv4', all)).seen).toBeGreaterThan(0);
    table.close();
  });

  test('close ends what is running and refuses what comes later', async () => {
    const table = open();
    const running = table.select('IPv4', all);
    table.close();
    await expect(running).rejects.toMatchObject({ operation: 'dump', code: 'closed' });
    await expect(table.select('IPv4', all)).rejects.toMatchObject({ operation: 'dump', code: 'closed' });
    await expect(table.delete([])).rejects.toMatchObject({ operation: 'delete', code: 'closed' });
  });
}
