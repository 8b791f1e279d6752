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
