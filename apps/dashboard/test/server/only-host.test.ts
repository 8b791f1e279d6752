import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, test } from 'vitest';
import { type Admits, admitOnly, fromHost, gatewaysOf } from '../../server/only-host.ts';

const HEADER = 'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT';

it('takes the gateway of the default route for the host', () => {
  const routes = [
    HEADER,
    'eth0\t00000000\t010012AC\t0003\t0\t0\t0\t00000000\t0\t0\t0',
    'eth0\t000012AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0',
    'eth1\t0000A8C0\t0101A8C0\t0003\t0\t0\t0\t00FFFFFF\t0\t0\t0',
    '',
  ].join('\n');
  expect([...gatewaysOf(routes)]).toEqual(['172.18.0.1']);
  expect([...gatewaysOf(HEADER)]).toEqual([]);
});

test.each([
  ['172.18.0.1', true],
  ['172.18.0.2', true],
  ['127.0.0.1', true],
  ['172.18.0.3', false],
  ['', false],
])('from %s: %s', (from, admitted) => {
  expect(fromHost(new Set(['172.18.0.1']))(from, '172.18.0.2')).toBe(admitted);
});

it('closes what is not admitted, and answers the rest', async () => {
  const warned: object[] = [];
  let admits: Admits = () => true;
  const server = createServer((_request, response) => response.end('the map'));
  admitOnly(server, (from, to) => admits(from, to), { warn: (fields: object) => void warned.push(fields) });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const ask = async () => (await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } })).text();
  expect(await ask()).toBe('the map');
  admits = () => false;
  await expect(ask()).rejects.toThrow('fetch failed');
  expect(warned).toEqual([{ from: '127.0.0.1' }]);
  server.close();
});
