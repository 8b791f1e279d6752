import type { RouteTables } from '@kubecity/netlink';
import { ERRNO, isOwnRoute, METRIC, peersOf, ROUTE_TYPE, type Route, type Step } from '@kubecity/routes';
import { ModelKernel } from '@kubecity/routes/testing';
import type { KubeNode } from '@kubecity/routing';
import { beforeEach, describe, expect, test } from 'vitest';
import { clearRoutes, RouteSync } from '../../src/routes/route-sync.ts';

const node = (name: string, range: string, address: string): KubeNode => ({
  metadata: { name },
  spec: { podCIDRs: [range] },
  status: { addresses: [{ type: 'InternalIP', address }] },
});
const NODES = [
  node('node-a', '10.244.1.0/24', '172.18.0.2'),
  node('node-b', '10.244.2.0/24', '172.18.0.3'),
  node('node-c', '10.244.3.0/24', '172.19.0.4'),
];

/** A node at 172.18.0.2/16 with a default route, and a door to it that counts, and refuses what it is told to. */
let kernel: ModelKernel;
let reads: number;
let asked: string[];
let refuse: (step: Step) => number;
let tables: RouteTables;

beforeEach(() => {
  kernel = new ModelKernel();
  [reads, asked, refuse] = [0, [], () => 0];
  const { index } = kernel.addLink({ name: 'eth0', up: true, mtu: 1500, mac: '02:00:00:00:00:01', kind: '' });
  kernel.addresses.push({ row: 'address', family: 'IPv4', device: index, address: '172.18.0.2', bits: 16 });
  kernel.routes.push(foreign('172.18.0.0/16', index), foreign('0.0.0.0/0', index, '172.18.0.1'));
  tables = {
    read: async () => {
      reads += 1;
      return kernel.rows();
    },
    ways: async (addresses) => {
      const all = [...addresses];
      asked.push(...all);
      return new Map(all.map((address) => [address, kernel.way(address)]));
    },
    write: async (steps) => steps.map((step) => refuse(step) || kernel.execute(step)),
    close: () => {},
  };
});

function foreign(range: string, device: number, gateway?: string): Route {
  return {
    ...{ row: 'route', family: 'IPv4', range, device, metric: METRIC.IPv4, tos: 0, table: 254, protocol: 3 },
    ...{ type: ROUTE_TYPE.unicast, onlink: false, multipath: false, gateway },
  };
}
const sync = (mode: 'direct' | 'auto') => new RouteSync(tables, { mode, vxlanId: 4242, vxlanPort: 4789 });
function wish(nodes = NODES) {
  const peers = peersOf(nodes, 'node-a');
  if (!peers.own) throw new Error('node-a is not there');
  return { ...peers, own: peers.own };
}
const kept = () =>
  kernel.routes
    .filter(isOwnRoute)
    .map(({ range, gateway = 'refused' }) => `${range} ${gateway}`)
    .sort();

test('what is wished is written, and written once', async () => {
  const routes = sync('direct');
  const first = await routes.compare(wish());
  expect(first).toMatchObject({ fresh: true, refusals: [] });
  expect(kept()).toEqual(['10.244.1.0/24 refused', '10.244.2.0/24 172.18.0.3']);
  expect((await routes.compare(wish())).done).toEqual([]);
  routes.forget();
  expect(await routes.compare(wish())).toMatchObject({ fresh: true, done: [] });
});

test('a node that changes costs one look-up and its own steps, and no reading', async () => {
  const routes = sync('direct');
  await routes.compare(wish());
  [reads, asked] = [0, []];
  const moved = [NODES[0], node('node-b', '10.244.2.0/24', '172.18.0.33')] as KubeNode[];
  const { done } = await routes.compare(wish(moved));
  expect(done.map(({ act }) => act)).toEqual(['replaceRoute']);
  expect([reads, asked]).toEqual([0, ['172.18.0.33']]);
  expect(kept()).toContain('10.244.2.0/24 172.18.0.33');
});

test('a tunnel is made, read back, and filled in one compare', async () => {
  const { plan, refusals } = await sync('auto').compare(wish());
  expect(refusals).toEqual([]);
  expect(plan.peers.map(({ node, via }) => `${node} ${via}`)).toEqual(['node-b direct', 'node-c vxlan']);
  expect(kernel.links.map(({ name }) => name)).toEqual(['eth0', 'city-vxlan4']);
  expect([kernel.neighbours.length, kernel.forwarding.length]).toEqual([1, 1]);
  expect(kept()).toEqual(['10.244.1.0/24 refused', '10.244.2.0/24 172.18.0.3', '10.244.3.0/24 10.244.3.0']);
  expect(await clearRoutes(tables)).toBeGreaterThan(0);
  expect([kept(), kernel.links.map(({ name }) => name)]).toEqual([[], ['eth0']]);
  expect(kernel.routes).toHaveLength(2);
});

describe('a kernel that refuses', () => {
  test.each([
    [ERRNO.EOPNOTSUPP, /EOPNOTSUPP.*no VXLAN.*modprobe vxlan/],
    [ERRNO.EEXIST, /EEXIST.*another device has this vxlanId and vxlanPort/],
    [ERRNO.EPERM, /EPERM/],
  ])('the tunnel with errno %i: its peers have no route and say why, the others have theirs', async (errno, words) => {
    refuse = ({ act }) => (act === 'createTunnel' ? errno : 0);
    const routes = sync('auto');
    const { plan, refusals } = await routes.compare(wish());
    expect(plan.peers.map(({ node, via }) => `${node} ${via}`)).toEqual(['node-c none', 'node-b direct']);
    expect(plan.peers[0]?.why).toEqual(expect.stringMatching(words));
    expect(refusals).toEqual([]);
    expect(kept()).toEqual(['10.244.1.0/24 refused', '10.244.2.0/24 172.18.0.3']);
    // It is tried again when the kernel is read anew, and not for each change of a node.
    refuse = () => 0;
    expect((await routes.compare(wish())).plan.peers[0]).toMatchObject({ via: 'none' });
    routes.forget();
    expect((await routes.compare(wish())).plan.peers.map(({ via }) => via)).toEqual(['direct', 'vxlan']);
  });

  test('a route: it is told, all else is done, and nothing is taken for known', async () => {
    refuse = (step) => (step.act === 'addRoute' && step.route.gateway === '172.18.0.3' ? ERRNO.ENETUNREACH : 0);
    const routes = sync('direct');
    const { refusals } = await routes.compare(wish());
    expect(refusals).toEqual([expect.stringMatching(/10\.244\.2\.0\/24.*ENETUNREACH/)]);
    expect(kept()).toEqual(['10.244.1.0/24 refused']);
    refuse = () => 0;
    expect(await routes.compare(wish())).toMatchObject({ fresh: true, refusals: [] });
    expect(kept()).toContain('10.244.2.0/24 172.18.0.3');
  });

  test('to be read: nothing is written, and it is read the next time', async () => {
    const routes = sync('direct');
    const { read } = tables;
    Object.assign(tables, { read: () => Promise.reject(new Error('interrupted')) });
    await expect(routes.compare(wish())).rejects.toThrow('interrupted');
    expect(kept()).toEqual([]);
    Object.assign(tables, { read });
    expect((await routes.compare(wish())).fresh).toBe(true);
  });

  test('to remove what is left of a former agent: that is said, and what is gone already is none of it', async () => {
    await sync('direct').compare(wish());
    refuse = (step) => (step.act !== 'deleteRoute' ? 0 : step.route.gateway ? ERRNO.EPERM : ERRNO.ESRCH);
    await expect(clearRoutes(tables)).rejects.toThrow('route 10.244.2.0/24 via 172.18.0.3 removed: refused with EPERM');
  });

  test('to remove what is gone already: that is as good as done', async () => {
    const routes = sync('direct');
    await routes.compare(wish());
    refuse = ({ act }) => (act === 'deleteRoute' ? ERRNO.ESRCH : 0);
    const { refusals, done } = await routes.compare(wish(NODES.slice(0, 1)));
    expect([refusals, done.map(({ act }) => act)]).toEqual([[], ['deleteRoute']]);
  });
});
