import { packAddress, packEndpoint, STATUS, type UdpFlow } from '@kubecity/conntrack';
import { describe, expect, test } from 'vitest';
import { FakeUdpTable } from '../src/testing/index.ts';
import { udpTableContract } from './udp-contract.ts';

const flow: UdpFlow = {
  ...{ protocol: 17, destination: packAddress('10.96.0.10'), destinationPort: 53 },
  ...{ answerer: packEndpoint('10.2.0.5', 5353), status: STATUS.destinationNat, zone: 0 },
};
const filled = () => {
  const fake = new FakeUdpTable();
  for (let n = 0; n < 3; n += 1) fake.add('IPv4', flow);
  return fake;
};

describe('the fake keeps the contract', () => udpTableContract(filled));

test('a selection made to fail or to be interrupted is so once', async () => {
  const fake = filled();
  fake.failNext('permission');
  fake.interruptNext();
  await expect(fake.select('IPv4', () => true)).rejects.toMatchObject({ code: 'permission' });
  expect(await fake.select('IPv4', () => true)).toMatchObject({ seen: 3, interrupted: true });
  expect(await fake.select('IPv6', () => true)).toEqual({ entries: [], seen: 0, interrupted: false });
  expect(fake.selections).toEqual(['IPv4', 'IPv4', 'IPv6']);
});
