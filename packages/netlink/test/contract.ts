import { copyFlowRow, emptyFlowRow, FlowDecoder, type FlowRow, flowIdentity } from '@kubecity/conntrack';
import { expect, test } from 'vitest';
import type { ConntrackSource } from '../src/index.ts';

/** What every source must do, the real one and the fake. `open` gives one with at least one IPv4 entry. */
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
    await expect(source.get(emptyFlowRow())).rejects.toMatchObject({ operation: 'get', code: 'closed' });
    await expect(source.delete([])).rejects.toMatchObject({ operation: 'delete', code: 'closed' });
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

  test('stats say how full the table is, and what went wrong', async () => {
    const source = open();
    const { entries, max, ...losses } = await source.stats();
    expect(entries).toBeGreaterThan(0);
    expect(max).toBeGreaterThan(0);
    expect(losses).toEqual({ insertFailed: 0, dropped: 0, earlyDropped: 0 });
    source.close();
  });

  test('what was dumped can be got, and is gone once deleted', async () => {
    const source = open();
    const rows: FlowRow[] = [];
    const decoder = new FlowDecoder((row) => rows.push(copyFlowRow(row)));
    const read = (bytes: Uint8Array) => decoder.read(bytes);
    await source.dump(read, { family: 4 });
    const [first] = rows.splice(0);
    const row = first as FlowRow;
    expect(await source.get(row)).toMatchObject({ id: row.id, words: row.words });
    expect(await source.delete([flowIdentity(row)])).toEqual({ deleted: 1, missing: 0 });
    expect(await source.delete([flowIdentity(row)])).toEqual({ deleted: 0, missing: 1 });
    expect(await source.get(row)).toBeUndefined();
    await source.dump(read);
    expect(rows.filter(({ id }) => id === row.id)).toEqual([]);
    expect(await source.delete([])).toEqual({ deleted: 0, missing: 0 });
    source.close();
  });

  test('a name that is none is refused', async () => {
    const source = open();
    await expect(source.delete([new Uint8Array(7)])).rejects.toBeInstanceOf(RangeError);
    source.close();
  });
}
