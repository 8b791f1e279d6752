import { difference, EMPTY_PLAN, GUARD_METRIC, KernelState, type Step, stepText, tunnelMac } from '@kubecity/routes';
import { describe, expect, it } from 'vitest';
import { AUTO, DIRECT, foreignRoute, Machine } from './machine.ts';
import { node, numbered } from './nodes.ts';

const FAR = { IPv4: '192.168.3', IPv6: 'fd00:3' } as const;
const far = numbered(3, FAR);
const texts = (steps: readonly Step[]) => steps.map(stepText);
const settled = (...nodes: Parameters<typeof numbered>[0][]) => {
  const machine = new Machine(...nodes.map((number) => numbered(number, number > 2 ? FAR : undefined)));
  machine.settle();
  return machine;
};
const tunnel = ({ kernel }: Machine, name = 'city-vxlan4') => kernel.links.find((link) => link.name === name);

describe('from nothing', () => {
  it('tunnels first, then what only they carry, in the order that a packet needs', () => {
    const machine = new Machine(numbered(2), far);
    const first = difference(machine.kernel.state(), machine.plan());
    expect(first.again).toBe(true);
    expect(texts(first.steps)).toEqual([
      'device city-vxlan4 created',
      'device city-vxlan6 created',
      'route 10.1.1.0/24 added',
      'route fd01:0:0:1::/64 added',
      'route 10.1.2.0/24 via 192.168.1.2 added',
      'route fd01:0:0:2::/64 via fd00::2 added',
    ]);
    for (const step of first.steps) machine.execute(step);
    const second = difference(machine.kernel.state(), machine.plan());
    expect(second.again).toBe(false);
    expect(texts(second.steps)).toEqual([
      'address 10.1.1.0/32 added',
      'address fd01:0:0:1::/128 added',
      `forwarding of ${tunnelMac(4242, '192.168.3.3')} to 192.168.3.3 set`,
      `forwarding of ${tunnelMac(4242, 'fd00:3::3')} to fd00:3::3 set`,
      `neighbour 10.1.3.0 at ${tunnelMac(4242, '192.168.3.3')} set`,
      `neighbour fd01:0:0:3:: at ${tunnelMac(4242, 'fd00:3::3')} set`,
      'route 10.1.3.0/24 via 10.1.3.0 added',
      'route fd01:0:0:3::/64 via fd01:0:0:3:: added',
    ]);
  });

  it('a second time there is nothing to do', () => {
    expect(settled(2, 3).settle()).toEqual([]);
  });
});

describe('what changes', () => {
  it('a node that goes: its route first, then neighbour and forwarding; nothing else', () => {
    const machine = settled(2, 3, 4);
    machine.nodes.delete('node-3');
    const steps = texts(machine.settle());
    expect(steps).toHaveLength(6);
    expect(steps[0]).toBe('route 10.1.3.0/24 via 10.1.3.0 removed');
    expect(steps[2]).toMatch(/^neighbour 10\.1\.3\.0 .* removed$/);
    expect(steps[4]).toMatch(/^forwarding of .* to 192\.168\.3\.3 removed$/);
  });

  it('a node that comes back under its name with another range and address is simply another peer', () => {
    const machine = settled(3);
    machine.nodes.set('node-3', node('node-3', ['10.1.33.0/24'], ['192.168.3.33']));
    const steps = texts(machine.settle());
    expect(steps).toContain('route 10.1.33.0/24 via 10.1.33.0 added');
    expect(steps).toContain('route 10.1.3.0/24 via 10.1.3.0 removed');
    expect(machine.kernel.routes.filter(({ protocol }) => protocol === 202).map(({ range }) => range)).toEqual([
      '10.1.1.0/24',
      'fd01:0:0:1::/64',
      '10.1.33.0/24',
    ]);
  });

  it('another address for the same range is swapped, without a hole', () => {
    const machine = settled(2);
    machine.nodes.set('node-2', node('node-2', ['10.1.2.0/24'], ['192.168.1.22']));
    expect(texts(machine.settle()).slice(0, 1)).toEqual(['route 10.1.2.0/24 via 192.168.1.22 replaced']);
  });

  it('another address behind the gateway: where its MAC is, then the MAC, then the old one goes; the route stays', () => {
    const machine = settled(3);
    machine.nodes.set('node-3', node('node-3', ['10.1.3.0/24', 'fd01:0:0:3::/64'], ['192.168.3.33', 'fd00:3::3']));
    expect(texts(machine.settle())).toEqual([
      `forwarding of ${tunnelMac(4242, '192.168.3.33')} to 192.168.3.33 set`,
      `neighbour 10.1.3.0 at ${tunnelMac(4242, '192.168.3.33')} set`,
      `forwarding of ${tunnelMac(4242, '192.168.3.3')} to 192.168.3.3 removed`,
    ]);
  });

  it('a peer that moves behind a gateway is swapped to the tunnel, and back', () => {
    const machine = settled(2, 3);
    machine.nodes.set('node-2', node('node-2', ['10.1.2.0/24'], ['192.168.3.22']));
    const there = texts(machine.settle());
    expect(there.indexOf('route 10.1.2.0/24 via 10.1.2.0 replaced')).toBe(2);
    machine.nodes.set('node-2', numbered(2));
    expect(texts(machine.settle())[0]).toBe('route 10.1.2.0/24 via 192.168.1.2 replaced');
  });

  it('a direct route stays until the tunnel that takes its place is there', () => {
    const machine = new Machine(numbered(2));
    machine.settings = DIRECT;
    machine.settle();
    machine.settings = AUTO;
    machine.nodes.set('node-2', node('node-2', ['10.1.2.0/24'], ['192.168.3.22']));
    const first = difference(machine.kernel.state(), machine.plan());
    expect(texts(first.steps)).toEqual(['device city-vxlan4 created', 'route fd01:0:0:2::/64 via fd00::2 removed']);
    const steps = texts(machine.settle());
    expect(steps.at(-1)).toBe('route 10.1.2.0/24 via 10.1.2.0 replaced');
  });

  it('another range of this node: the guard and the tunnel’s end move, the rest is put back', () => {
    const machine = settled(3);
    machine.nodes.set('node-1', node('node-1', ['10.1.99.0/24'], ['192.168.1.1']));
    machine.settle();
    const { kernel } = machine;
    expect(kernel.routes.filter(({ type }) => type === 7).map(({ range }) => range)).toEqual(['10.1.99.0/24']);
    expect(kernel.addresses.filter(({ device }) => device === tunnel(machine)?.index)).toMatchObject([
      { address: '10.1.99.0', bits: 32 },
    ]);
    expect(kernel.routes.some(({ range }) => range === '10.1.3.0/24')).toBe(true);
  });

  it('no tunnel wanted any more: its routes go before it does', () => {
    const machine = settled(2, 3);
    machine.settings = DIRECT;
    expect(texts(machine.settle())).toEqual([
      'route 10.1.3.0/24 via 10.1.3.0 removed',
      'route fd01:0:0:3::/64 via fd01:0:0:3:: removed',
      'device city-vxlan4 removed',
      'device city-vxlan6 removed',
    ]);
  });
});

describe('what another hand did', () => {
  it('a deleted route, neighbour or forwarding entry is put back, alone', () => {
    const machine = settled(2, 3);
    const { kernel } = machine;
    kernel.routes = kernel.routes.filter(({ range }) => range !== '10.1.2.0/24');
    expect(texts(machine.settle())).toEqual(['route 10.1.2.0/24 via 192.168.1.2 added']);
    kernel.neighbours = kernel.neighbours.filter(({ family }) => family === 'IPv6');
    expect(texts(machine.settle())).toEqual([`neighbour 10.1.3.0 at ${tunnelMac(4242, '192.168.3.3')} set`]);
    kernel.forwarding = kernel.forwarding.slice(1);
    expect(texts(machine.settle())).toEqual([`forwarding of ${tunnelMac(4242, '192.168.3.3')} to 192.168.3.3 set`]);
  });

  it('a neighbour that is not permanent, a forwarding entry elsewhere, a second one beside it', () => {
    const machine = settled(3);
    const { kernel } = machine;
    kernel.neighbours = kernel.neighbours.map((each) => ({ ...each, permanent: false }));
    kernel.forwarding = kernel.forwarding.map((each) => ({ ...each, remote: '192.0.2.1' }));
    expect(machine.settle()).toHaveLength(4);
    const [entry] = kernel.forwarding;
    if (entry) kernel.forwarding.push({ ...entry, remote: '192.0.2.2' });
    expect(texts(machine.settle())).toEqual([`forwarding of ${entry?.mac} to 192.0.2.2 removed`]);
  });

  it('the uplink down and up again: all that went with it is put back', () => {
    const machine = settled(2, 3);
    const { kernel, uplink } = machine;
    const before = kernel.routes.filter(({ protocol }) => protocol === 202).length;
    kernel.setDown(uplink);
    kernel.links = kernel.links.map((link) => (link.index === uplink ? { ...link, up: true } : link));
    machine.connect();
    expect(texts(machine.settle())).toEqual([
      'route 10.1.2.0/24 via 192.168.1.2 added',
      'route fd01:0:0:2::/64 via fd00::2 added',
    ]);
    expect(kernel.routes.filter(({ protocol }) => protocol === 202)).toHaveLength(before);
  });

  it('the tunnel down, deleted, with another MAC or MTU', () => {
    const machine = settled(3);
    const { kernel } = machine;
    kernel.setDown(tunnel(machine)?.index ?? 0);
    expect(texts(machine.settle())).toEqual([
      'device city-vxlan4 set up',
      expect.stringMatching(/^neighbour 10\.1\.3\.0 .* set$/),
      'route 10.1.3.0/24 via 10.1.3.0 added',
    ]);
    kernel.deleteLink(tunnel(machine)?.index ?? 0);
    expect(texts(machine.settle())).toEqual([
      'device city-vxlan4 created',
      'address 10.1.1.0/32 added',
      expect.stringMatching(/^forwarding of .* to 192\.168\.3\.3 set$/),
      expect.stringMatching(/^neighbour 10\.1\.3\.0 .* set$/),
      'route 10.1.3.0/24 via 10.1.3.0 added',
    ]);
    kernel.links = kernel.links.map((link) =>
      link.name === 'city-vxlan4' ? { ...link, mtu: 1400, mac: '02:00:00:00:00:09' } : link,
    );
    expect(texts(machine.settle())).toEqual([
      `device city-vxlan4 mtu set to 1450, mac set to ${tunnelMac(4242, '192.168.1.1')}`,
      expect.stringMatching(/^neighbour 10\.1\.3\.0 .* set$/),
    ]);
  });

  it.each([
    ['number', { id: 7 }],
    ['port', { port: 8472 }],
    ['own address', { local: '192.168.1.9' }],
    ['uplink', { device: 1 }],
    ['learning', { learning: true }],
    ['what is strange about it', { strange: true }],
  ])('a tunnel with another %s is made anew, with all that was on it', (_what, change) => {
    const machine = settled(3);
    const { kernel } = machine;
    kernel.links = kernel.links.map((link) =>
      link.name === 'city-vxlan4' && link.vxlan ? { ...link, vxlan: { ...link.vxlan, ...change } } : link,
    );
    const steps = texts(machine.settle());
    expect(steps.slice(0, 2)).toEqual(['device city-vxlan4 removed', 'device city-vxlan4 created']);
    expect(steps).toHaveLength(6);
  });

  it('a route of ours turned elsewhere is turned back; one more with our number is stale', () => {
    const machine = settled(2);
    const { kernel } = machine;
    kernel.routes = kernel.routes.map((route) =>
      route.range === '10.1.2.0/24' ? { ...route, multipath: true, gateway: undefined, device: 0 } : route,
    );
    kernel.routes.push(
      foreignRoute('10.9.0.0/24', { protocol: 202, gateway: '192.168.1.7' }),
      foreignRoute('10.1.2.0/24', { protocol: 202, gateway: '192.168.1.2', tos: 16 }),
      foreignRoute('10.1.2.0/24', { protocol: 202, gateway: '192.168.1.2', metric: 5 }),
    );
    expect(texts(machine.settle())).toEqual([
      'route 10.1.2.0/24 via 192.168.1.2 replaced',
      'route 10.1.2.0/24 via 192.168.1.2 removed',
      'route 10.1.2.0/24 via 192.168.1.2 removed',
      'route 10.9.0.0/24 via 192.168.1.7 removed',
    ]);
  });

  it('several routes of ours at one place end as the one that is wished', () => {
    const machine = settled(2);
    const { kernel } = machine;
    const wished = kernel.routes.find(({ range }) => range === '10.1.2.0/24');
    if (!wished) throw new Error('no route');
    kernel.routes = kernel.routes.filter((route) => route !== wished);
    kernel.routes.push({ ...wished, gateway: '192.168.1.8' }, { ...wished, gateway: '192.168.1.9' });
    machine.settle();
    expect(kernel.routes.filter(({ range }) => range === '10.1.2.0/24')).toEqual([wished]);
  });
});

describe('what is not ours', () => {
  it('a route of another protocol, table or guard is never touched', () => {
    const machine = settled(2, 3);
    const others = [
      foreignRoute('10.7.0.0/16', { gateway: '192.168.1.7' }),
      foreignRoute('10.1.1.0/24', { device: 9 }),
      foreignRoute('10.7.0.0/16', { protocol: 202, table: 1000 }),
    ];
    machine.kernel.routes.push(...others);
    expect(machine.settle()).toEqual([]);
  });

  it('ours gives way to a foreign route to the same range', () => {
    const machine = settled(2);
    machine.kernel.routes.unshift(foreignRoute('10.1.2.0/24', { gateway: '192.168.1.9' }));
    expect(texts(machine.settle())).toEqual(['route 10.1.2.0/24 via 192.168.1.2 removed']);
    expect(machine.kernel.routes.filter(({ range }) => range === '10.1.2.0/24')).toHaveLength(1);
  });

  it('a device with the name of a tunnel that is none, and all that is on it', () => {
    const machine = new Machine(far);
    const { kernel } = machine;
    const { index: device } = kernel.addLink({ name: 'city-vxlan4', up: true, mtu: 1500, mac: '', kind: 'bridge' });
    kernel.neighbours.push({ row: 'neighbour', family: 'IPv4', device, address: '10.5.5.5', mac: '', permanent: true });
    kernel.forwarding.push({ row: 'forwarding', device, mac: '02:00:00:00:00:01', remote: '', permanent: true });
    machine.settle();
    expect(kernel.links.some(({ index }) => index === device)).toBe(true);
    expect(kernel.neighbours.some((each) => each.device === device)).toBe(true);
    expect(kernel.forwarding.some((each) => each.device === device)).toBe(true);
  });

  it('what the kernel itself put on a tunnel: neighbours it learnt, its link-local address', () => {
    const machine = settled(3);
    const device = tunnel(machine, 'city-vxlan6')?.index ?? 0;
    const own = { family: 'IPv6', device } as const;
    machine.kernel.neighbours.push({
      row: 'neighbour',
      ...own,
      address: 'ff02::16',
      mac: '33:33:00:00:00:16',
      permanent: false,
    });
    machine.kernel.addresses.push({ row: 'address', ...own, address: 'fe80::1', bits: 64 });
    expect(machine.settle()).toEqual([]);
  });
});

it('nothing wished: all of ours goes, and nothing else', () => {
  const machine = settled(2, 3);
  const { kernel } = machine;
  const foreign = kernel.routes.filter(({ protocol }) => protocol !== 202);
  for (const step of difference(kernel.state(), EMPTY_PLAN).steps) machine.execute(step);
  expect(kernel.routes).toEqual(foreign);
  expect(kernel.links.map(({ name }) => name)).toEqual(['lo', 'eth0']);
  expect([...kernel.neighbours, ...kernel.forwarding]).toEqual([]);
  expect(difference(kernel.state(), EMPTY_PLAN)).toEqual({ steps: [], again: false });
  expect(difference(new KernelState(), EMPTY_PLAN).steps).toEqual([]);
  expect(GUARD_METRIC).toBeLessThan(2 ** 32 - 1);
});
