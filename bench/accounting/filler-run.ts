/**
 * Child of the bench, beside what is measured: fills the connection table and keeps it busy. A line of JSON in, one out, in
 * the order of the questions: `{ fill: N }`, `{ perSecond: N }` (from now on; 0 ends it and tells how many were made in
 * all), `{ mark: N }` (the N-th mark; tells when it was in the table, Unix ms).
 */
import { createInterface } from 'node:readline';
import { setTimeout as rest } from 'node:timers/promises';
import { TableFiller } from './table-filler.ts';
import { connection, mark, shortConnection } from './world.ts';

const TICK_MS = 10;

type Order = { readonly fill: number } | { readonly perSecond: number } | { readonly mark: number };

const filler = new TableFiller();
let filled = 0;
let made = 0;
let perSecond = 0;
let busy: Promise<void> = Promise.resolve();

/** One after the other, whoever asks. */
function create(rows: Parameters<TableFiller['create']>[0]): Promise<void> {
  busy = busy.then(() => filler.create(rows));
  return busy;
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await obey(JSON.parse(line) as Order)));
}
filler.close();

async function obey(order: Order): Promise<unknown> {
  if ('fill' in order) {
    await create(rowsFrom(connection, filled, order.fill));
    filled += order.fill;
    return filled;
  }
  if ('mark' in order) {
    await create([mark(order.mark)]);
    return performance.timeOrigin + performance.now();
  }
  const before = perSecond;
  perSecond = order.perSecond;
  if (before === 0 && perSecond > 0) void keepBusy();
  if (perSecond === 0) await busy;
  return made;
}

async function keepBusy(): Promise<void> {
  const start = performance.now();
  const first = made;
  while (perSecond > 0) {
    const due = first + Math.floor(((performance.now() - start) / 1000) * perSecond) - made;
    await create(rowsFrom(shortConnection, filled + made, due));
    made += due;
    await rest(TICK_MS);
  }
}

function* rowsFrom<T>(make: (index: number) => T, first: number, count: number): Generator<T> {
  for (let index = first; index < first + count; index += 1) yield make(index);
}
