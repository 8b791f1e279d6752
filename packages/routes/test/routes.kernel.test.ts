import { difference, EMPTY_PLAN, ERRNO, encodeStep, GUARD_METRIC, tunnelMac } from '@kubecity/routes';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KernelDoor } from './kernel-door.ts';
import { KernelMachine } from './kernel-machine.ts';
import { foreignRoute } from './machine.ts';
import { node, numbered } from './nodes.ts';
import { FAR_POD, hasVxlan, POD, run, told, Underlay } from './underlay.ts';

/** Behind the router. */
const far = numbered(3, { IPv4: '192.168.3', IPv6: 'fd00:3' });
const vxlan = hasVxlan();
const WITHOUT = 'this kernel has no VXLAN (EOPNOTSUPP): what it refuses is tested instead';

let underlay: Underlay;
let machine: KernelMachine;
/** What `ip` said before we came. */
let before: readonly string[];
/** Without what the kernel does by itself, in its own time. */
const everything = () =>
  run('ip route show table all; ip -6 route show table main; ip -o link | cut -d: -f2; ip rule')
    .split('\n')
    .filter((line) => !/fe80:|ff00:/.test(line))
    .sort();

beforeAll(() => {
  underlay = Underlay.open();
  before = everything();
  machine = new KernelMachine([numbered(2), far]);
});

afterAll(async () => {
  await machine.write(difference(await machine.door.state(), EMPTY_PLAN).steps);
  const after = everything();
  machine.door.close();
  underlay.close();
  expect(after).toEqual(before);
});

describe('what was written', () => {
  it('is what ip shows: routes and guards', async () => {
    await machine.settle();
    const own = 'proto 202';
    const brief = ({ dst, gateway, dev, type, metric, flags }: Record<string, unknown>) => ({
      dst,
      gateway,
      dev,
      type,
      metric,
      flags,
    });
    const through = (dst: string, gateway: string, dev: string, metric?: number) =>
      vxlan ? [{ dst, gateway, dev, type: undefined, metric, flags: ['onlink'] }] : [];
    expect(told(`ip -j -4 route show ${own}`).map(brief)).toEqual([
      { dst: '10.1.1.0/24', type: 'unreachable', metric: GUARD_METRIC, flags: [] },
      { dst: '10.1.2.0/24', gateway: '192.168.1.2', dev: 'eth0', flags: [] },
      ...through('10.1.3.0/24', '10.1.3.0', 'city-vxlan4'),
    ]);
    expect(told(`ip -j -6 route show ${own}`).map(brief)).toEqual([
      { dst: 'fd01:0:0:1::/64', type: 'unreachable', dev: 'lo', metric: GUARD_METRIC, flags: [] },
      { dst: 'fd01:0:0:2::/64', gateway: 'fd00::2', dev: 'eth0', metric: 1024, flags: [] },
      ...through('fd01:0:0:3::/64', 'fd01:0:0:3::', 'city-vxlan6', 1024),
    ]);
  });

  it.skipIf(!vxlan)(`is what ip and bridge show: tunnels and what is on them${vxlan ? '' : `; ${WITHOUT}`}`, () => {
    const ends = [
      ['city-vxlan4', 1450, '192.168.1.1', '192.168.3.3', '10.1.3.0', '10.1.1.0', 'local'],
      ['city-vxlan6', 1430, 'fd00::1', 'fd00:3::3', 'fd01:0:0:3::', 'fd01:0:0:1::', 'local6'],
    ] as const;
    for (const [name, mtu, local, remote, far, end, field] of ends) {
      const [link] = told(`ip -j -d link show ${name}`);
      expect(link).toMatchObject({
        mtu,
        address: tunnelMac(4242, local),
        flags: expect.arrayContaining(['UP', 'LOWER_UP']),
        linkinfo: {
          info_kind: 'vxlan',
          info_data: { id: 4242, port: 4789, link: 'eth0', learning: false, [field]: local },
        },
      });
      const mac = tunnelMac(4242, remote);
      expect(told(`ip -j neigh show dev ${name} nud permanent`)).toEqual([
        { dst: far, lladdr: mac, state: ['PERMANENT'] },
      ]);
      expect(told(`bridge -j fdb show dev ${name}`)).toEqual([
        { mac, flags: ['self'], state: 'permanent', dst: remote },
      ]);
      expect(run(`ip -o addr show dev ${name}`)).toContain(` ${end}/${name.endsWith('6') ? 128 : 32} scope global`);
    }
  });

  it('is found again: a second time there is nothing to do', async () => {
    expect(await machine.settle()).toEqual([]);
  });
});

describe('what another hand does', () => {
  it('deleted or turned routes are put back, alone', async () => {
    run(
      'ip route del 10.1.2.0/24; ip -6 route replace fd01:0:0:2::/64 via fd00::7 proto 202; ip route del unreachable 10.1.1.0/24',
    );
    expect(await machine.settle()).toEqual(
      [
        'route fd01:0:0:2::/64 via fd00::2 replaced',
        'route 10.1.1.0/24 added',
        'route 10.1.2.0/24 via 192.168.1.2 added',
      ].sort((a, b) => order(a) - order(b)),
    );
  });

  it('whatever carries our number and is not wished goes, however it was made', async () => {
    run(`ip route add 10.8.0.0/24 dev eth0 proto 202
      ip route add 10.8.1.0/24 via 192.168.1.7 proto 202 tos 0x10
      ip route add 10.8.2.0/24 proto 202 nexthop via 192.168.1.7 dev eth0 nexthop via 192.168.1.8 dev eth0
      ip route add 10.8.3.0/24 via inet6 fd00::7 dev eth0 proto 202
      ip route add blackhole 10.8.4.0/24 proto 202
      ip route append 10.1.2.0/24 via 192.168.1.9 proto 202
      ip -6 route add fd08::/64 proto 202 nexthop via fd00::7 dev eth0 nexthop via fd00::8 dev eth0
      ip -6 route add prohibit fd08:1::/64 proto 202`);
    await machine.settle();
    expect(await machine.settle()).toEqual([]);
    expect(run('ip route show proto 202; ip -6 route show proto 202')).not.toMatch(/10\.8\.|fd08|192\.168\.1\.9/);
  });

  it('a foreign route that is there first is not overwritten, not even when it comes between look and write', async () => {
    run('ip route del 10.1.2.0/24; ip route add 10.1.2.0/24 via 192.168.1.9 proto static');
    const route = foreignRoute('10.1.2.0/24', { protocol: 202, gateway: '192.168.1.2', device: 1 });
    const device = (await machine.door.state()).linkNamed('eth0')?.index ?? 0;
    const [answer] = await machine.door.send([{ act: 'addRoute', route: { ...route, device } }]);
    expect(answer?.errno).toBe(ERRNO.EEXIST);
    expect(await machine.settle()).toEqual([]);
    const plan = await machine.plan();
    expect(plan.peers.find(({ range }) => range === '10.1.2.0/24')?.why).toContain('by another hand');
    expect(run('ip route show 10.1.2.0/24')).toMatch(/via 192\.168\.1\.9 .*proto static/);
    run('ip route del 10.1.2.0/24');
    expect(await machine.settle()).toEqual(['route 10.1.2.0/24 via 192.168.1.2 added']);
  });

  it('the uplink goes down and comes up again', async () => {
    run('ip link set eth0 down; ip link set eth0 up; ip addr add fd00::1/64 dev eth0 nodad');
    run('ip route add default via 192.168.1.254; ip -6 route add default via fd00::ffff');
    expect(await machine.settle()).toEqual([
      'route 10.1.2.0/24 via 192.168.1.2 added',
      'route fd01:0:0:2::/64 via fd00::2 added',
    ]);
  });

  it.skipIf(!vxlan)(
    `a tunnel taken down, deleted, changed or made otherwise${vxlan ? '' : `; ${WITHOUT}`}`,
    async () => {
      const replayed = ['neighbour 10.1.3.0', 'route 10.1.3.0/24'];
      const steps = async () => (await machine.settle()).map((text) => text.split(/ (via|at|to) /)[0]);
      run('ip link set city-vxlan4 down');
      expect(await steps()).toEqual(['device city-vxlan4 set up', ...replayed]);
      run('ip link set city-vxlan4 address 02:00:00:00:00:01 mtu 1400');
      expect(await machine.settle()).toEqual([
        `device city-vxlan4 mtu set to 1450, mac set to ${tunnelMac(4242, '192.168.1.1')}`,
        `neighbour 10.1.3.0 at ${tunnelMac(4242, '192.168.3.3')} set`,
      ]);
      run('ip link del city-vxlan4');
      const made = [
        'device city-vxlan4 created',
        'address 10.1.1.0/32 added',
        `forwarding of ${tunnelMac(4242, '192.168.3.3')}`,
        'neighbour 10.1.3.0',
        'route 10.1.3.0/24',
      ];
      expect(await steps()).toEqual(made);
      run('ip link del city-vxlan4; ip link add city-vxlan4 type vxlan id 4242 dev eth0 dstport 8472');
      expect(await steps()).toEqual(['device city-vxlan4 removed', ...made]);
      run(`bridge fdb replace ${tunnelMac(4242, '192.168.3.3')} dev city-vxlan4 dst 192.0.2.1 self
      bridge fdb add 02:00:00:00:00:09 dev city-vxlan4 dst 192.0.2.1 self
      ip neigh replace 10.1.3.0 lladdr 02:00:00:00:00:09 dev city-vxlan4
      ip neigh add 10.1.9.0 lladdr 02:00:00:00:00:09 dev city-vxlan4
      ip addr add 10.99.0.1/32 dev city-vxlan4`);
      expect((await machine.settle()).sort()).toEqual([
        'address 10.99.0.1/32 removed',
        'forwarding of 02:00:00:00:00:09 to 192.0.2.1 removed',
        `forwarding of ${tunnelMac(4242, '192.168.3.3')} to 192.168.3.3 set`,
        'neighbour 10.1.3.0 at 02:c3:c0:a8:03:03 set',
        'neighbour 10.1.9.0 at 02:00:00:00:00:09 removed',
      ]);
      expect(await machine.settle()).toEqual([]);
    },
  );
});

describe('packets', () => {
  it('for a pod of this node that is not there are refused, they do not leave by the default route', () => {
    for (const [dead, alive, source] of [
      ['10.1.1.77', '10.1.1.5', '10.1.3.5'],
      ['fd01:0:0:1::77', 'fd01:0:0:1::5', 'fd01:0:0:3::5'],
    ]) {
      expect(() => run(`ip route get ${dead}`)).toThrow('No route to host');
      expect(() => run(`ip route get ${dead} from ${source} iif eth0`)).toThrow('No route to host');
      expect(run(`ip route get ${alive}`)).toContain('dev pod1');
    }
  });

  it.skipIf(!vxlan)(
    `of full size pass the tunnel whole, both ways, and keep their source${vxlan ? '' : `; ${WITHOUT}`}`,
    async () => {
      underlay.programFarNode(4242, 4789);
      await underlay.answer(FAR_POD, 7000);
      const times = 50;
      const sizes = [
        ['10.1.3.5', 1450 - 28, '10.1.1.5', 'city-vxlan4'],
        ['fd01:0:0:3::5', 1430 - 48, 'fd01:0:0:1::5', 'city-vxlan6'],
      ] as const;
      for (const [host, bytes, source, device] of sizes) {
        const sent = () => {
          const [tunnel, uplink] = [device, 'eth0'].map((name) => told(`ip -j -s link show ${name}`)[0]?.stats64);
          return [tunnel, uplink].map((stats) => (stats as { tx: { packets: number } }).tx.packets) as [number, number];
        };
        const [tunnelBefore, uplinkBefore] = sent();
        expect(await underlay.ask(POD, host, 7000, bytes, times)).toEqual([`${source} ${bytes}`]);
        const [tunnelAfter, uplinkAfter] = sent();
        // In pieces it would be twice as many.
        expect(tunnelAfter - tunnelBefore).toBeGreaterThanOrEqual(times);
        expect(tunnelAfter - tunnelBefore).toBeLessThan(1.5 * times);
        expect(uplinkAfter - uplinkBefore).toBeGreaterThanOrEqual(times);
        expect(uplinkAfter - uplinkBefore).toBeLessThan(1.5 * times);
      }
    },
  );
});

it('a node that comes back under its name with another address, and one that goes', async () => {
  machine.nodes.set('node-2', node('node-2', ['10.1.2.0/24', 'fd01:0:0:22::/64'], ['192.168.1.22', 'fd00::2']));
  expect(await machine.settle()).toEqual([
    'route 10.1.2.0/24 via 192.168.1.22 replaced',
    'route fd01:0:0:22::/64 via fd00::2 added',
    'route fd01:0:0:2::/64 via fd00::2 removed',
  ]);
  machine.nodes.delete('node-2');
  expect(await machine.settle()).toEqual([
    'route 10.1.2.0/24 via 192.168.1.22 removed',
    'route fd01:0:0:22::/64 via fd00::2 removed',
  ]);
});

it('a kernel without VXLAN refuses the tunnels; peers behind a gateway have no route and say why, the others go on', async () => {
  await machine.write(difference(await machine.door.state(), EMPTY_PLAN).steps);
  // Where there is VXLAN, a kind of device that no kernel has stands for it.
  const without: typeof encodeStep = (step, sequence) => {
    const text = Buffer.from(encodeStep(step, sequence)).toString('latin1');
    return Buffer.from(text.replace('vxlan\0', 'vxlam\0'), 'latin1');
  };
  const poor = new KernelMachine([numbered(2), far], new KernelDoor(vxlan ? without : encodeStep));
  expect(await poor.settle()).toEqual([
    'route 10.1.1.0/24 added',
    'route fd01:0:0:1::/64 added',
    'route 10.1.2.0/24 via 192.168.1.2 added',
    'route fd01:0:0:2::/64 via fd00::2 added',
  ]);
  expect((await poor.plan()).peers.slice(0, 2)).toEqual([
    {
      node: 'node-3',
      range: '10.1.3.0/24',
      via: 'none',
      why: '192.168.3.3 is behind the gateway 192.168.1.254 of eth0, and there is no tunnel: EOPNOTSUPP',
    },
    {
      node: 'node-3',
      range: 'fd01:0:0:3::/64',
      via: 'none',
      why: 'fd00:3::3 is behind the gateway fd00::ffff of eth0, and there is no tunnel: EOPNOTSUPP',
    },
  ]);
  expect(await poor.settle()).toEqual([]);
  poor.door.close();
});

/** As they are planned. */
function order(text: string): number {
  return ['10.1.1.0', '10.1.2.0', 'fd01:0:0:2::'].findIndex((range) => text.includes(range));
}
