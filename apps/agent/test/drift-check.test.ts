import { pino } from 'pino';
import { expect, it } from 'vitest';
import { DriftCheck } from '../src/rules/drift-check.ts';

/** A kernel that counts its transactions, and a check that has seen one whole sync of two commits. */
async function setUp() {
  const kernel = { id: 7, read: async () => kernel.id, close() {} };
  const check = new DriftCheck(kernel, () => 0, pino({ level: 'silent' }));
  const sync = async (during = () => {}) => {
    await check.beforeSync();
    kernel.id += 2;
    during();
    await check.afterSync(2, true, 0);
  };
  await sync();
  return { kernel, check, sync };
}

it('takes what is told as ours for ours, and nothing else', async () => {
  const { kernel, check } = await setUp();
  kernel.id++;
  check.wrote(1);
  expect(await check.isDue()).toBe(false);
  kernel.id++;
  expect(await check.isDue()).toBe(true);
});

it('is due when another hand wrote beside what is told as ours', async () => {
  const { kernel, check } = await setUp();
  kernel.id += 2;
  check.wrote(1);
  expect(await check.isDue()).toBe(true);
});

it('counts what is ours while a sync is under way', async () => {
  const { kernel, check, sync } = await setUp();
  await sync(() => {
    kernel.id++;
    check.wrote(1);
  });
  expect(await check.isDue()).toBe(false);
  await sync(() => {
    kernel.id += 2;
    check.wrote(1);
  });
  expect(await check.isDue()).toBe(true);
});

it('trusts no number that it read while another of us was writing, and is not due meanwhile', async () => {
  const { kernel, check } = await setUp();
  check.writing();
  kernel.id++;
  expect(await check.isDue()).toBe(false);
  expect(await check.isUntouched()).toBe(false);
  check.written(1);
  expect(await check.isUntouched()).toBe(true);
});

it('compares all again after a sync that another of us wrote beside, unless it is told in time', async () => {
  const { kernel, check, sync } = await setUp();
  await sync(() => {
    check.writing();
    kernel.id++;
  });
  check.written(1);
  expect(await check.isDue()).toBe(true);
  await sync(() => {
    check.writing();
    kernel.id++;
    check.written(1);
  });
  expect(await check.isDue()).toBe(false);
});

it('a number that was on its way while the other one ended is not used', async () => {
  const { kernel, check } = await setUp();
  const read = Promise.withResolvers<void>();
  const now = kernel.id;
  kernel.read = async () => {
    await read.promise;
    return now;
  };
  const untouched = check.isUntouched();
  check.writing();
  kernel.id++;
  check.written(1);
  read.resolve();
  expect(await untouched).toBe(false);
});
