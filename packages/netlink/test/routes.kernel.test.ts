import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type KernelRow, ROUTE_PROTOCOL, ROUTE_TYPE, type Route, type Step } from '@kubecity/routes';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openRoutes, watchRouteNews } from '../src/index.ts';
import { run } from './lab.ts';

/** A router with a second, narrower link behind it: node (here) 10.1.0.1 — 10.1.0.2 router fd00:2::1 — fd00:2::2. */
const ROUTER = 'rt-router';
const BEHIND = 'rt-behind';
const tables = openRoutes();
const ip = (...lines: string[]) => execFileSync('ip', ['-batch', '-'], { input: `${lines.join('\n')}\n` });
const inside = (namespace: string, ...lines: string[]) =>
  execFileSync('ip', ['-n', namespace, '-batch', '-'], { input: `${lines.join('\n')}\n` });

beforeAll(() => {
  ip(
    ...['link set lo up', `netns add ${ROUTER}`, `netns add ${BEHIND}`],
    `link add rt0 type veth peer name eth0 netns ${ROUTER}`,
    ...['link set rt0 up', 'addr add 10.1.0.1/24 dev rt0', 'addr add fd00:1::1/64 dev rt0 nodad'],
  );
  inside(
    ROUTER,
    `link add eth1 mtu 1300 type veth peer name eth0 netns ${BEHIND}`,
    ...['link set eth0 up', 'link set eth1 up', 'addr add 10.1.0.2/24 dev eth0'],
    ...['addr add fd00:1::2/64 dev eth0 nodad', 'addr add fd00:2::1/64 dev eth1 nodad'],
  );
  inside(BEHIND, 'link set eth0 up', 'addr add fd00:2::2/64 dev eth0 nodad', 'route add default via fd00:2::1');
  run('ip', 'netns', 'exec', ROUTER, 'sysctl', '-qw', 'net.ipv6.conf.all.forwarding=1');
});
afterAll(() => {
  tables.close();
  ip('link del rt0', `netns del ${ROUTER}`, `netns del ${BEHIND}`);
});

const device = async () => {
  const link = (await tables.read()).find((row) => row.row === 'link' && row.name === 'rt0');
  if (link?.row !== 'link') throw new Error('there is no rt0');
  return link.index;
};
const routesOf = (rows: readonly KernelRow[]) => rows.filter((row) => row.row === 'route');
const own = (rows: readonly KernelRow[]) => routesOf(rows).filter(({ protocol }) => protocol === ROUTE_PROTOCOL);
const route = (range: string, gateway: string, index: number): Route => ({
  ...{
    row: 'route',
    family: 'IPv4',
    range,
    gateway,
    device: index,
    metric: 0,
    tos: 0,
    table: 254,
    protocol: ROUTE_PROTOCOL,
  },
  ...{ type: ROUTE_TYPE.unicast, onlink: false, multipath: false },
});

test('links, addresses and routes of both families are read', async () => {
  const rows = await tables.read();
  const index = await device();
  expect(rows).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ row: 'link', name: 'rt0', up: true, kind: 'veth', mtu: 1500 }),
      { row: 'address', family: 'IPv4', device: index, address: '10.1.0.1', bits: 24 },
      { row: 'address', family: 'IPv6', device: index, address: 'fd00:1::1', bits: 64 },
      expect.objectContaining({ row: 'route', range: '10.1.0.0/24', device: index, table: 254 }),
      expect.objectContaining({ row: 'route', range: 'fd00:1::/64', device: index, table: 254 }),
    ]),
  );
});

test("ways are the kernel's own, as many as are asked for", async () => {
  const index = await device();
  ip('route add 10.2.0.0/16 via 10.1.0.2');
  const many = Array.from({ length: 200 }, (_, n) => `10.2.0.${n}`);
  const ways = await tables.ways(['10.1.0.2', '10.1.0.1', '10.3.0.1', 'fd00:1::2', ...many]);
  expect(ways.size).toBe(204);
  expect(ways.get('10.1.0.2')).toEqual({ kind: 'link', device: index });
  expect(ways.get('fd00:1::2')).toEqual({ kind: 'link', device: index });
  expect(ways.get('10.1.0.1')).toEqual({ kind: 'local' });
  expect(ways.get('10.3.0.1')).toEqual({ kind: 'none', why: expect.stringContaining('ENETUNREACH') });
  for (const address of many)
    expect(ways.get(address)).toEqual({ kind: 'gateway', device: index, gateway: '10.1.0.2' });
  ip('route del 10.2.0.0/16');
});

test('each step is answered in its place, and a refused one spoils no other', async () => {
  const index = await device();
  const steps = Array.from({ length: 300 }, (_, n): Step => {
    const gateway = n % 100 === 50 ? '10.99.0.1' : '10.1.0.2';
    return { act: 'addRoute', route: route(`10.4.${n % 256}.${n < 256 ? 0 : 128}/25`, gateway, index) };
  });
  const answers = await tables.write(steps);
  const ENETUNREACH = 101;
  expect(answers.map((errno, n) => (errno === 0 ? '' : `${n} ${errno}`)).filter(Boolean)).toEqual(
    [50, 150, 250].map((n) => `${n} ${ENETUNREACH}`),
  );
  const found = own(await tables.read());
  expect(found).toHaveLength(297);
  expect(await tables.write(found.map((each) => ({ act: 'deleteRoute', route: each })))).toEqual(found.map(() => 0));
  expect(own(await tables.read())).toEqual([]);
});

test('a table that changes while it is read is read again: no row is missing', async () => {
  const lines = (act: string, net: number) =>
    Array.from({ length: 2_000 }, (_, n) => `route ${act} 10.${net}.${n >> 4}.${(n & 15) << 4}/28 via 10.1.0.2`);
  ip(...lines('add', 50));
  const storm = Array.from({ length: 10 }, () => [...lines('add', 40), ...lines('del', 40)]).flat();
  const child = spawn('ip', ['-batch', '-'], { stdio: ['pipe', 'ignore', 'inherit'] });
  child.stdin.end(`${storm.join('\n')}\n`);
  let whole = 0;
  let interrupted = 0;
  while (child.exitCode === null) {
    const rows = await tables.read().catch((error: { code: string }) => {
      expect(error.code).toBe('interrupted');
      interrupted += 1;
    });
    if (!rows) continue;
    whole += 1;
    expect(routesOf(rows).filter(({ range }) => range.startsWith('10.50.'))).toHaveLength(2_000);
  }
  expect(whole + interrupted).toBeGreaterThan(0);
  expect(routesOf(await tables.read()).filter(({ range }) => range.startsWith('10.50.'))).toHaveLength(2_000);
  ip(...lines('del', 50));
});

test('what the kernel learnt of one address is no route of ours', async () => {
  ip('route add fd00:2::/64 via fd00:1::2 proto 202');
  const send = `const socket = require('node:dgram').createSocket('udp6');
    socket.send(Buffer.alloc(1400), 9, 'fd00:2::2', () => socket.close());`;
  // The kernel has it when the router has answered: a copy for the one address, with a smaller packet size.
  await expect
    .poll(() => {
      run(process.execPath, '-e', send);
      return run('ip', '-6', 'route', 'show', 'cache');
    })
    .toContain('mtu 1300');
  expect(own(await tables.read()).map(({ range }) => range)).toEqual(['fd00:2::/64']);
  ip('route del fd00:2::/64');
});

test('news come line by line', async () => {
  const lines: string[] = [];
  const listens = Promise.withResolvers<void>();
  const watch = watchRouteNews(
    { onLine: (line) => lines.push(line), onLoss: () => listens.resolve() },
    { neighbours: true },
  );
  await listens.promise;
  ip(
    'route add 10.5.0.0/16 via 10.1.0.2 proto 202',
    'route del 10.5.0.0/16',
    'neigh add 10.1.0.9 lladdr 02:00:00:00:00:09 dev rt0 nud permanent',
  );
  await expect
    .poll(() => lines.map((line) => line.trim()))
    .toEqual(
      expect.arrayContaining([
        '10.5.0.0/16 via 10.1.0.2 dev rt0 proto 202',
        'Deleted 10.5.0.0/16 via 10.1.0.2 dev rt0 proto 202',
        '10.1.0.9 dev rt0 lladdr 02:00:00:00:00:09 PERMANENT',
      ]),
    );
  watch.close();
});

test('once closed nothing is done any more', async () => {
  const closed = openRoutes();
  closed.close();
  const fault = (operation: string) => ({ subject: 'routes', operation, code: 'closed' });
  await expect(closed.read()).rejects.toMatchObject(fault('read'));
  await expect(closed.ways(['10.1.0.2'])).rejects.toMatchObject(fault('lookUp'));
  await expect(closed.write([])).rejects.toMatchObject(fault('write'));
});

test('who may not is told so', async () => {
  const script = `import { openRoutes } from '@kubecity/netlink';
    const step = { act: 'addAddress', address: { row: 'address', family: 'IPv4', device: 1, address: '10.66.0.1', bits: 32 } };
    console.log(JSON.stringify(await openRoutes().write([step])));`;
  const child = spawn(
    'setpriv',
    ['--reuid=65534', '--clear-groups', process.execPath, '--input-type=module', '-e', script],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const [text] = (await once(child.stdout, 'data')) as [Buffer];
  const EPERM = 1;
  expect(JSON.parse(String(text))).toEqual([EPERM]);
});
