import { emptyFlowRow, encodeFlow, flowIdentity } from '@kubecity/conntrack';
import { describe, expect, test } from 'vitest';
import { NetlinkError } from '../src/index.ts';
import { FakeConntrack } from '../src/testing/index.ts';
import { sourceContract } from './contract.ts';

const rows = [1, 2].map((id) => ({ ...emptyFlowRow(), protocol: 6, id }));
const filled = () => {
  const fake = new FakeConntrack();
  fake.chunks = rows.map((row) => encodeFlow(row));
  fake.entries = rows.length;
  return fake;
};

describe('the fake keeps the contract', () => sourceContract(filled));

test('a dump made to fail hands on its beginning; the next one is whole', async () => {
  const fake = filled();
  fake.failNext('permission');
  let chunks = 0;
  const count = () => {
    chunks += 1;
  };
  await expect(fake.dump(count)).rejects.toBeInstanceOf(NetlinkError);
  expect(chunks).toBe(1);
  await fake.dump(count);
  expect(chunks).toBe(3);
});

test('a dump made to be interrupted says so, once', async () => {
  const fake = filled();
  fake.interruptNext();
  expect(await fake.dump(() => {})).toEqual({ interrupted: true });
  expect(await fake.dump(() => {})).toEqual({ interrupted: false });
});

test('a deletion takes single entries out of a chunk, and is remembered', async () => {
  const fake = new FakeConntrack();
  const three = [1, 2, 3].map((id) => ({ ...emptyFlowRow(), protocol: 6, id }));
  fake.chunks = [Buffer.concat(three.map((row) => encodeFlow(row)))];
  expect(await fake.delete(three.slice(1).map(flowIdentity))).toEqual({ deleted: 2, missing: 0 });
  expect(await Promise.all(three.map((row) => fake.get(row)))).toEqual([three[0], undefined, undefined]);
  expect(fake.deletions).toEqual([2]);
});
