import { emptyFlowRow, encodeFlow } from '@kubecity/conntrack';
import { describe, expect, test } from 'vitest';
import { NetlinkError } from '../src/index.ts';
import { FakeConntrack } from '../src/testing/index.ts';
import { sourceContract } from './contract.ts';

const chunk = encodeFlow(emptyFlowRow());
const filled = () => {
  const fake = new FakeConntrack();
  fake.chunks = [chunk, chunk];
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
