import {
  encodeDump,
  encodeLookup,
  encodeStep,
  type Forwarding,
  GUARD_METRIC,
  type Link,
  type LinkAddress,
  type Neighbour,
  type Route,
  type Step,
  type WishedTunnel,
} from '@kubecity/routes';
import { expect, it } from 'vitest';
import { bytes, hex } from './bytes.ts';

/*
 * What iproute2 6.1 sent to the kernel for the command above each, with its sequence number: 0x6b045907 in host order. The
 * machine had eth0 as link 3, city-vxlan4 as 4 and city-vxlan6 as 5. Bytes of a little-endian machine.
 */
const SEQUENCE = 0x6b045907;

const tunnel4: WishedTunnel = {
  family: 'IPv4',
  name: 'city-vxlan4',
  id: 4242,
  port: 4789,
  local: '192.168.1.1',
  device: 3,
  mtu: 1450,
  mac: '02:be:c0:a8:01:01',
};
const tunnel6: WishedTunnel = {
  ...tunnel4,
  family: 'IPv6',
  name: 'city-vxlan6',
  local: 'fd00::1',
  mtu: 1430,
  mac: '06:2b:20:48:53:6a',
};
const link: Link = { row: 'link', index: 4, name: 'city-vxlan4', up: true, mtu: 1450, mac: tunnel4.mac, kind: 'vxlan' };
const address4: LinkAddress = { row: 'address', family: 'IPv4', device: 4, address: '10.1.1.0', bits: 32 };
const address6: LinkAddress = { row: 'address', family: 'IPv6', device: 5, address: 'fd01:0:0:1::', bits: 128 };
const neighbour4: Neighbour = {
  row: 'neighbour',
  family: 'IPv4',
  device: 4,
  address: '10.1.3.0',
  mac: '02:c3:c0:a8:03:03',
  permanent: true,
};
const neighbour6: Neighbour = {
  ...neighbour4,
  family: 'IPv6',
  device: 5,
  address: 'fd01:0:0:3::',
  mac: '06:c3:16:a8:44:c9',
};
const forwarding4: Forwarding = {
  row: 'forwarding',
  device: 4,
  mac: '02:c3:c0:a8:03:03',
  remote: '192.168.3.3',
  permanent: true,
};
const forwarding6: Forwarding = { ...forwarding4, device: 5, mac: '06:c3:16:a8:44:c9', remote: 'fd00:3::3' };
const direct4: Route = {
  row: 'route',
  family: 'IPv4',
  range: '10.1.2.0/24',
  table: 254,
  protocol: 202,
  type: 1,
  tos: 0,
  metric: 0,
  device: 3,
  gateway: '192.168.1.2',
  onlink: false,
  multipath: false,
};
const guard4: Route = {
  ...direct4,
  range: '10.1.1.0/24',
  type: 7,
  metric: GUARD_METRIC,
  device: 0,
  gateway: undefined,
};
const through4: Route = { ...direct4, range: '10.1.3.0/24', device: 4, gateway: '10.1.3.0', onlink: true };
const direct6: Route = { ...direct4, family: 'IPv6', range: 'fd01:0:0:2::/64', metric: 1024, gateway: 'fd00::2' };
const guard6: Route = { ...guard4, family: 'IPv6', range: 'fd01:0:0:1::/64' };
const through6: Route = {
  ...direct6,
  range: 'fd01:0:0:3::/64',
  device: 5,
  gateway: 'fd01:0:0:3::',
  onlink: true,
};

const steps: readonly (readonly [command: string, step: Step, message: Uint8Array])[] = [
  [
    'ip link add city-vxlan4 mtu 1450 address 02:be:c0:a8:01:01 up type vxlan id 4242 local 192.168.1.1 dev eth0 dstport 4789 nolearning',
    { act: 'createTunnel', tunnel: tunnel4 },
    bytes(
      '80000000 1000 0506 0759046b 00000000 00000000 00000000 01000000 01000000',
      '08000400 aa050000 0a000100 02bec0a801010000 10000300 636974792d76786c616e3400',
      '3c001200 09000100 76786c616e000000 2c000200 08000300 03000000 08000100 92100000',
      '08000400 c0a80101 05000700 00000000 06000f00 12b50000',
    ),
  ],
  [
    'ip link add city-vxlan6 mtu 1430 address 06:2b:20:48:53:6a up type vxlan id 4242 local fd00::1 dev eth0 dstport 4789 nolearning',
    { act: 'createTunnel', tunnel: tunnel6 },
    bytes(
      '8c000000 1000 0506 0759046b 00000000 00000000 00000000 01000000 01000000',
      '08000400 96050000 0a000100 062b2048536a0000 10000300 636974792d76786c616e3600',
      '48001200 09000100 76786c616e000000 38000200 08000300 03000000 08000100 92100000',
      '14001100 fd000000000000000000000000000001 05000700 00000000 06000f00 12b50000',
    ),
  ],
  [
    'ip link set city-vxlan4 mtu 1400',
    { act: 'changeLink', link, mtu: 1400 },
    bytes('28000000 1000 0500 0759046b 00000000 00000000 04000000 00000000 00000000 08000400 78050000'),
  ],
  [
    'ip link set city-vxlan4 up',
    { act: 'changeLink', link, up: true },
    bytes('20000000 1000 0500 0759046b 00000000 00000000 04000000 01000000 01000000'),
  ],
  [
    'ip link set city-vxlan4 address 02:be:c0:a8:01:02',
    { act: 'changeLink', link, mac: '02:be:c0:a8:01:02' },
    bytes('2c000000 1000 0500 0759046b 00000000 00000000 04000000 00000000 00000000 0a000100 02bec0a801020000'),
  ],
  [
    'ip link del city-vxlan4',
    { act: 'deleteLink', link },
    bytes('20000000 1100 0500 0759046b 00000000 00000000 04000000 00000000 00000000'),
  ],
  [
    'ip addr replace 10.1.1.0/32 dev city-vxlan4',
    { act: 'addAddress', address: address4 },
    bytes('28000000 1400 0505 0759046b 00000000 02200000 04000000 08000200 0a010100 08000100 0a010100'),
  ],
  [
    'ip addr replace fd01:0:0:1::/128 dev city-vxlan6 nodad',
    { act: 'addAddress', address: address6 },
    bytes(
      '40000000 1400 0505 0759046b 00000000 0a800200 05000000',
      '14000200 fd010000000000010000000000000000 14000100 fd010000000000010000000000000000',
    ),
  ],
  [
    'ip addr del 10.1.1.0/32 dev city-vxlan4',
    { act: 'deleteAddress', address: address4 },
    bytes('28000000 1500 0500 0759046b 00000000 02200000 04000000 08000200 0a010100 08000100 0a010100'),
  ],
  [
    'ip neigh replace 10.1.3.0 lladdr 02:c3:c0:a8:03:03 dev city-vxlan4 nud permanent',
    { act: 'setNeighbour', neighbour: neighbour4 },
    bytes(
      '30000000 1c00 0505 0759046b 00000000 02000000 04000000 8000 0000 08000100 0a010300 0a000200 02c3c0a803030000',
    ),
  ],
  [
    'ip -6 neigh replace fd01:0:0:3:: lladdr 06:c3:16:a8:44:c9 dev city-vxlan6 nud permanent',
    { act: 'setNeighbour', neighbour: neighbour6 },
    bytes(
      '3c000000 1c00 0505 0759046b 00000000 0a000000 05000000 8000 0000',
      '14000100 fd010000000000030000000000000000 0a000200 06c316a844c90000',
    ),
  ],
  [
    'ip neigh del 10.1.3.0 lladdr 02:c3:c0:a8:03:03 dev city-vxlan4',
    { act: 'deleteNeighbour', neighbour: neighbour4 },
    bytes(
      '30000000 1d00 0500 0759046b 00000000 02000000 04000000 8000 0000 08000100 0a010300 0a000200 02c3c0a803030000',
    ),
  ],
  [
    'bridge fdb replace 02:c3:c0:a8:03:03 dev city-vxlan4 dst 192.168.3.3 self permanent',
    { act: 'setForwarding', forwarding: forwarding4 },
    bytes(
      '30000000 1c00 0505 0759046b 00000000 07000000 04000000 c000 0200 0a000200 02c3c0a803030000 08000100 c0a80303',
    ),
  ],
  [
    'bridge fdb replace 06:c3:16:a8:44:c9 dev city-vxlan6 dst fd00:3::3 self permanent',
    { act: 'setForwarding', forwarding: forwarding6 },
    bytes(
      '3c000000 1c00 0505 0759046b 00000000 07000000 05000000 c000 0200',
      '0a000200 06c316a844c90000 14000100 fd000003000000000000000000000003',
    ),
  ],
  [
    'bridge fdb del 02:c3:c0:a8:03:03 dev city-vxlan4 dst 192.168.3.3 self',
    { act: 'deleteForwarding', forwarding: forwarding4 },
    bytes(
      '30000000 1d00 0500 0759046b 00000000 07000000 04000000 c000 0200 0a000200 02c3c0a803030000 08000100 c0a80303',
    ),
  ],
  [
    'ip route add unreachable 10.1.1.0/24 metric 4294967294 proto 202',
    { act: 'addRoute', route: guard4 },
    bytes('2c000000 1800 0506 0759046b 00000000 02180000 feca0007 00000000 08000100 0a010100 08000600 feffffff'),
  ],
  [
    'ip route add 10.1.2.0/24 via 192.168.1.2 dev eth0 proto 202',
    { act: 'addRoute', route: direct4 },
    bytes(
      '34000000 1800 0506 0759046b 00000000 02180000 feca0001 00000000',
      '08000100 0a010200 08000500 c0a80102 08000400 03000000',
    ),
  ],
  [
    'ip route replace 10.1.3.0/24 via 10.1.3.0 dev city-vxlan4 onlink proto 202',
    { act: 'replaceRoute', route: through4 },
    bytes(
      '34000000 1800 0505 0759046b 00000000 02180000 feca0001 04000000',
      '08000100 0a010300 08000500 0a010300 08000400 04000000',
    ),
  ],
  [
    'ip -6 route add unreachable fd01:0:0:1::/64 metric 4294967294 proto 202',
    { act: 'addRoute', route: guard6 },
    bytes(
      '38000000 1800 0506 0759046b 00000000 0a400000 feca0007 00000000',
      '14000100 fd010000000000010000000000000000 08000600 feffffff',
    ),
  ],
  [
    'ip -6 route add fd01:0:0:2::/64 via fd00::2 dev eth0 proto 202 metric 1024',
    { act: 'addRoute', route: direct6 },
    bytes(
      '54000000 1800 0506 0759046b 00000000 0a400000 feca0001 00000000 14000100 fd010000000000020000000000000000',
      '14000500 fd000000000000000000000000000002 08000600 00040000 08000400 03000000',
    ),
  ],
  [
    'ip -6 route replace fd01:0:0:3::/64 via fd01:0:0:3:: dev city-vxlan6 onlink proto 202 metric 1024',
    { act: 'replaceRoute', route: through6 },
    bytes(
      '54000000 1800 0505 0759046b 00000000 0a400000 feca0001 04000000 14000100 fd010000000000030000000000000000',
      '14000500 fd010000000000030000000000000000 08000600 00040000 08000400 05000000',
    ),
  ],
  [
    'ip route del unicast 10.1.2.0/24 via 192.168.1.2 dev eth0 proto 202',
    { act: 'deleteRoute', route: direct4 },
    bytes(
      '34000000 1900 0500 0759046b 00000000 02180000 fecaff01 00000000',
      '08000100 0a010200 08000500 c0a80102 08000400 03000000',
    ),
  ],
];

it.each(steps)('%s', (_command, step, message) => {
  expect(hex(encodeStep(step, SEQUENCE))).toBe(hex(message));
});

it('names no gateway of the other family when it deletes', () => {
  const odd = encodeStep({ act: 'deleteRoute', route: { ...direct4, gateway: 'fd00::5' } }, SEQUENCE);
  const without = encodeStep({ act: 'deleteRoute', route: { ...direct4, gateway: undefined } }, SEQUENCE);
  expect(hex(odd)).toBe(hex(without));
});

it('asks as iproute2 asks', () => {
  // ip -4 route show table all; ip neigh show dev eth0, which asks for both families at once; ip -4 route get 192.168.3.3,
  // with a flag more (0x1000) that asks for the table's number.
  expect(hex(encodeDump({ rows: 'routes', family: 'IPv4' }, SEQUENCE))).toBe(
    hex(bytes('1c000000 1a00 0103 0759046b 00000000 02000000 00000000 00000000')),
  );
  expect(hex(encodeDump({ rows: 'neighbours', family: 'IPv4', device: 3 }, SEQUENCE))).toBe(
    hex(bytes('24000000 1e00 0103 0759046b 00000000 02000000 00000000 00000000 08000800 03000000')),
  );
  expect(hex(encodeLookup('192.168.3.3', SEQUENCE))).toBe(
    hex(bytes('24000000 1a00 0100 0759046b 00000000 02200000 00000000 00000000 08000100 c0a80303')),
  );
});
