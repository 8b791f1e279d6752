import { GUARD_METRIC, tunnelMac } from '@kubecity/routes';
import { describe, expect, it } from 'vitest';
import { DIRECT, foreignRoute, Machine } from './machine.ts';
import { node, numbered } from './nodes.ts';

/** Behind the gateways. */
const FAR = { IPv4: '192.168.3', IPv6: 'fd00:3' } as const;
const far = numbered(3, FAR);
const via = (machine: Machine) => machine.plan().peers.map(({ range, via, why }) => `${range} ${via}: ${why}`);

describe('how a peer is reached', () => {
  it('is direct where the kernel needs no gateway, through VXLAN where it does', () => {
    expect(via(new Machine(numbered(2), far))).toEqual([
      '10.1.2.0/24 direct: 192.168.1.2 is on the link of eth0, no gateway between',
      'fd01:0:0:2::/64 direct: fd00::2 is on the link of eth0, no gateway between',
      '10.1.3.0/24 vxlan: 192.168.3.3 is behind the gateway 192.168.1.254 of eth0',
      'fd01:0:0:3::/64 vxlan: fd00:3::3 is behind the gateway fd00::ffff of eth0',
    ]);
  });

  it('is a route, and through VXLAN a neighbour and a forwarding entry beside it', () => {
    const { routes, neighbours, forwarding } = new Machine(numbered(2), far).plan();
    const mac = tunnelMac(4242, '192.168.3.3');
    expect(routes.filter(({ family }) => family === 'IPv4')).toEqual([
      { family: 'IPv4', range: '10.1.1.0/24', metric: GUARD_METRIC },
      { family: 'IPv4', range: '10.1.2.0/24', metric: 0, hop: { gateway: '192.168.1.2', device: 2 } },
      { family: 'IPv4', range: '10.1.3.0/24', metric: 0, hop: { gateway: '10.1.3.0', device: 'tunnel' } },
    ]);
    expect(neighbours.filter(({ family }) => family === 'IPv4')).toEqual([
      { family: 'IPv4', address: '10.1.3.0', mac },
    ]);
    expect(forwarding.filter(({ family }) => family === 'IPv4')).toEqual([
      { family: 'IPv4', mac, remote: '192.168.3.3' },
    ]);
  });

  it('is one forwarding entry for two ranges of a node', () => {
    const { neighbours, forwarding } = new Machine(node('two', ['10.1.8.0/24', '10.1.9.0/24'], ['192.168.3.9'])).plan();
    expect(neighbours).toHaveLength(2);
    expect(forwarding).toHaveLength(1);
  });

  it('is none behind a gateway when VXLAN is not wanted, and no tunnel is', () => {
    const machine = new Machine(numbered(2), far);
    machine.settings = DIRECT;
    expect(via(machine)).toEqual([
      '10.1.3.0/24 none: 192.168.3.3 is behind the gateway 192.168.1.254 of eth0; mode auto would reach it through VXLAN',
      'fd01:0:0:3::/64 none: fd00:3::3 is behind the gateway fd00::ffff of eth0; mode auto would reach it through VXLAN',
      '10.1.2.0/24 direct: 192.168.1.2 is on the link of eth0, no gateway between',
      'fd01:0:0:2::/64 direct: fd00::2 is on the link of eth0, no gateway between',
    ]);
    expect(machine.plan().tunnels).toEqual([]);
  });

  it('is none where the kernel would make no tunnel; direct ones go on', () => {
    const machine = new Machine(numbered(2), far);
    machine.refusedTunnels = { IPv4: 'the kernel has no VXLAN (EOPNOTSUPP)' };
    expect(via(machine)).toContain(
      '10.1.3.0/24 none: 192.168.3.3 is behind the gateway 192.168.1.254 of eth0, and there is no tunnel: the kernel has no VXLAN (EOPNOTSUPP)',
    );
    expect(machine.plan().peers.map(({ via }) => via)).toEqual(['none', 'direct', 'direct', 'vxlan']);
    expect(machine.plan().tunnels.map(({ family }) => family)).toEqual(['IPv6']);
  });

  it('is none where the kernel has no way at all', () => {
    const machine = new Machine(far);
    machine.kernel.routes = machine.kernel.routes.filter(({ gateway }) => gateway === undefined);
    expect(via(machine)[0]).toBe('10.1.3.0/24 none: 192.168.3.3: the kernel has no route to it (ENETUNREACH)');
  });

  it('is none where the range overlaps the network of the uplink', () => {
    const rogue = node('rogue', ['192.168.1.128/25'], ['192.168.3.9']);
    expect(via(new Machine(rogue))).toEqual([
      '192.168.1.128/25 none: the range 192.168.1.128/25 of node rogue overlaps 192.168.1.0/24, the network of eth0',
    ]);
  });

  it('is none where another hand keeps a route as good as ours, but not where it is worse', () => {
    const machine = new Machine(numbered(2));
    machine.kernel.routes.push(
      foreignRoute('10.1.2.0/24', { gateway: '192.168.1.9' }),
      foreignRoute('fd01:0:0:2::/64', { gateway: 'fd00::9', metric: 2000 }),
    );
    expect(via(machine)).toEqual([
      '10.1.2.0/24 none: a route to 10.1.2.0/24 by another hand is there already (protocol 4): is a CNI keeping routes?',
      'fd01:0:0:2::/64 direct: fd00::2 is on the link of eth0, no gateway between',
    ]);
    expect(machine.plan().routes.map(({ range }) => range)).not.toContain('10.1.2.0/24');
  });
});

describe('the tunnel', () => {
  it('is named, numbered, sized and addressed by what every node knows', () => {
    const { tunnels } = new Machine(numbered(2)).plan();
    expect(tunnels).toEqual([
      {
        family: 'IPv4',
        name: 'city-vxlan4',
        id: 4242,
        port: 4789,
        local: '192.168.1.1',
        device: 2,
        mtu: 1450,
        mac: tunnelMac(4242, '192.168.1.1'),
        address: { address: '10.1.1.0', bits: 32 },
      },
      {
        family: 'IPv6',
        name: 'city-vxlan6',
        id: 4242,
        port: 4789,
        local: 'fd00::1',
        device: 2,
        mtu: 1430,
        mac: tunnelMac(4242, 'fd00::1'),
        address: { address: 'fd01:0:0:1::', bits: 128 },
      },
    ]);
  });

  it('is bound to the link on the way where the node’s address is on one that leads nowhere', () => {
    for (const [name, kind] of [
      ['lo2', ''],
      ['dummy0', 'dummy'],
    ] as const) {
      const machine = new Machine(far);
      const { kernel } = machine;
      const mac = kind === '' ? '00:00:00:00:00:00' : '52:54:00:00:00:02';
      const { index } = kernel.addLink({ name, up: true, mtu: 65_536, mac, kind });
      kernel.addresses.push({ row: 'address', family: 'IPv4', device: index, address: '172.31.0.1', bits: 32 });
      machine.nodes.set('node-1', node('node-1', ['10.1.1.0/24'], ['172.31.0.1']));
      expect(machine.plan().tunnels).toMatchObject([{ local: '172.31.0.1', device: machine.uplink, mtu: 1450 }]);
    }
  });

  it('has no address where this node has no range, or one of a single address', () => {
    for (const ranges of [[], ['10.1.1.1/32']]) {
      const machine = new Machine(far);
      machine.nodes.set('node-1', node('node-1', ranges, ['192.168.1.1']));
      expect(machine.plan().tunnels.map(({ address }) => address)).toEqual([undefined]);
    }
  });

  it('is not there without peers of its family', () => {
    expect(new Machine().plan().tunnels).toEqual([]);
    const half = node('half', ['10.1.9.0/24'], ['192.168.1.9']);
    expect(new Machine(half).plan().tunnels.map(({ family }) => family)).toEqual(['IPv4']);
  });

  it.each<[string, (machine: Machine) => void]>([
    [
      'node node-1, which is this one, has no InternalIP of IPv4',
      ({ nodes }) => nodes.set('node-1', node('node-1', ['10.1.1.0/24'], ['fd00::1'])),
    ],
    [
      'no link of this node has its address 192.168.1.77',
      ({ nodes }) => nodes.set('node-1', node('node-1', ['10.1.1.0/24'], ['192.168.1.77'])),
    ],
    [
      'a device city-vxlan4 is there already that is no VXLAN device: remove or rename it',
      ({ kernel }) => kernel.addLink({ name: 'city-vxlan4', up: true, mtu: 1500, mac: '', kind: 'bridge' }),
    ],
    [
      'eth0 carries packets of 100 bytes, which leaves 50 inside: too few for IPv4',
      ({ kernel }) => {
        kernel.links = kernel.links.map((link) => (link.name === 'eth0' ? { ...link, mtu: 100 } : link));
      },
    ],
  ])('is not there, and said why: %s', (why, change) => {
    const machine = new Machine(far);
    change(machine);
    const row = machine.plan().peers.find(({ range }) => range === '10.1.3.0/24');
    expect(row).toMatchObject({ via: 'none' });
    expect(row?.why).toContain(`and there is no tunnel: ${why}`);
    expect(machine.plan().tunnels.filter(({ family }) => family === 'IPv4')).toEqual([]);
  });
});

describe('the guard', () => {
  it('refuses what is for this node’s pods and no pod has', () => {
    const { routes } = new Machine().plan();
    expect(routes).toEqual([
      { family: 'IPv4', range: '10.1.1.0/24', metric: 4_294_967_294 },
      { family: 'IPv6', range: 'fd01:0:0:1::/64', metric: 4_294_967_294 },
    ]);
  });

  it('leaves a foreign one alone', () => {
    const machine = new Machine();
    machine.kernel.routes.push(foreignRoute('10.1.1.0/24', { type: 7, metric: GUARD_METRIC, device: 0 }));
    expect(machine.plan().routes.map(({ range }) => range)).toEqual(['fd01:0:0:1::/64']);
  });
});

it('two nodes never have one MAC, nor two tunnels of a node', () => {
  const macs = new Set<string>();
  let count = 0;
  for (let high = 0; high < 40; high++) {
    for (let low = 0; low < 256; low++) {
      macs.add(tunnelMac(4242, `10.0.${high}.${low}`));
      macs.add(tunnelMac(4242, `fd00::${high.toString(16)}:${low === 0 ? '1000' : low.toString(16)}`));
      count += 2;
    }
  }
  expect(macs.size).toBe(count);
  for (const mac of macs) expect(mac).toMatch(/^0[26](:[0-9a-f]{2}){5}$/);
  expect(tunnelMac(1, '10.0.0.1')).not.toBe(tunnelMac(2, '10.0.0.1'));
});
