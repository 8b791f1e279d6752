import { expect, test } from 'vitest';
import { type Concerns, concerns } from '../../src/routes/concern.ts';

const known: Concerns = {
  devices: new Set(['eth0', 'city-vxlan4']),
  tunnels: new Set(['city-vxlan4']),
  routes: new Map([
    ['10.244.2.0/24', { gateway: '172.18.0.3', device: 'eth0' }],
    ['fd00:10:244:2::/64', { gateway: 'fd00:18::3', device: 'eth0' }],
    ['10.244.4.0/24', { gateway: '10.244.4.0', device: 'city-vxlan4' }],
    ['10.244.1.0/24', {}],
  ]),
  entries: new Map([
    ['10.244.4.0', '02:00:00:00:00:04'],
    ['02:00:00:00:00:04', '172.19.0.5'],
  ]),
  isOwn: (destination) => destination.startsWith('10.244.1.') || destination.startsWith('fd00:10:244:1:'),
};

/** Lines of iproute2 6.1. */
test.each([
  [
    'an uplink went down',
    '3: eth0@if9: <BROADCAST,MULTICAST> mtu 1500 qdisc noqueue state DOWN group default \\    link/ether 76:9c:05:f1:69:e6 brd ff:ff:ff:ff:ff:ff',
  ],
  [
    'our device was deleted',
    'Deleted 4: city-vxlan4: <BROADCAST,MULTICAST> mtu 1450 qdisc noop state DOWN group default \\    link/ether a6:bd:bd:91:05:2e brd ff:ff:ff:ff:ff:ff',
  ],
  ['an address came', '3: d0    inet 10.1.0.1/24 scope global d0\\       valid_lft forever preferred_lft forever'],
  [
    'an address of IPv6 went',
    'Deleted 3: d0    inet6 fd00:1::1/64 scope global nodad \\       valid_lft forever preferred_lft forever',
  ],
  ['a route of ours was deleted', 'Deleted 10.244.2.0/24 via 172.18.0.3 dev eth0 proto 202 '],
  ['another hand stands in its place', '10.244.2.0/24 via 172.18.0.3 dev eth0 '],
  ['its gateway was changed', '10.244.2.0/24 via 172.18.0.9 dev eth0 proto 202 '],
  ['its device was changed', 'fd00:10:244:2::/64 via fd00:18::3 dev eth1 proto 202 metric 1024 pref medium'],
  ['the guard was deleted', 'Deleted unreachable 10.244.1.0/24 proto 202 metric 4294967294 '],
  ['a default route came', 'default via 172.18.0.1 dev eth0 '],
  ['a network of the node came', '172.18.0.0/16 dev eth0 proto kernel scope link src 172.18.0.2 '],
  ['a foreign route holds pods of others', '10.244.0.0/16 via 172.18.0.77 dev eth0 proto bird '],
  ['a neighbour of ours was deleted', 'Deleted 10.244.4.0 dev city-vxlan4 lladdr 02:00:00:00:00:04 PERMANENT '],
  ['a neighbour of ours failed', '10.244.4.0 dev city-vxlan4 FAILED '],
  ['a neighbour of ours is somebody else', '10.244.4.0 dev city-vxlan4 lladdr 02:00:00:00:00:99 PERMANENT '],
  ['a forwarding entry leads elsewhere', '172.19.0.9 dev city-vxlan4 lladdr 02:00:00:00:00:04 NOARP PERMANENT '],
  ['a forwarding entry was deleted', 'Deleted 172.19.0.5 dev city-vxlan4 lladdr 02:00:00:00:00:04 NOARP PERMANENT '],
])('%s: a reason to compare', (_what, line) => {
  expect(concerns(line, known)).toBe(true);
});

test.each([
  [
    "a pod's cable",
    '12: veth1@if2: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default \\    link/ether 76:9c:05:f1:69:e6 brd ff:ff:ff:ff:ff:ff',
  ],
  [
    'what a device brings itself',
    '12: veth1    inet6 fe80::749c:5ff:fef1:69e6/64 scope link tentative \\       valid_lft forever preferred_lft forever',
  ],
  ['the network of one device', 'fe80::/64 dev veth1 proto kernel metric 256 pref medium'],
  ['multicast', 'multicast ff00::/8 dev eth0 table local proto kernel metric 256 pref medium'],
  ['the route to a pod of this node', '10.244.1.7 dev veth1 scope link '],
  ['the same of IPv6', 'Deleted fd00:10:244:1::7 dev veth1 metric 1024 pref medium'],
  ['a local address', 'local 172.18.0.2 dev eth0 table local proto kernel scope host src 172.18.0.2 '],
  ['another table', '10.9.0.0/16 via 10.1.0.2 dev d0 table 100 '],
  ['what we wrote', '10.244.2.0/24 via 172.18.0.3 dev eth0 proto 202 '],
  ['what we wrote of IPv6', 'fd00:10:244:2::/64 via fd00:18::3 dev eth0 proto 202 metric 1024 pref medium'],
  ['what we wrote over our device', '10.244.4.0/24 via 10.244.4.0 dev city-vxlan4 proto 202 onlink '],
  ['the guard that we wrote', 'unreachable 10.244.1.0/24 proto 202 metric 4294967294 '],
  ['what we removed', 'Deleted 10.244.9.0/24 via 172.18.0.9 dev eth0 proto 202 '],
  ['the neighbour that we wrote', '10.244.4.0 dev city-vxlan4 lladdr 02:00:00:00:00:04 PERMANENT '],
  ['the entry that we wrote', '172.19.0.5 dev city-vxlan4 lladdr 02:00:00:00:00:04 NOARP PERMANENT '],
  ['the entry that we removed', 'Deleted 10.244.9.0 dev city-vxlan4 lladdr 02:00:00:00:00:09 PERMANENT '],
  ['a multicast entry of our device', 'Deleted ff02::16 dev city-vxlan4 lladdr 33:33:00:00:00:16 NOARP '],
  ['a neighbour of a pod', '10.244.1.7 dev veth1 lladdr 02:00:00:00:00:07 REACHABLE '],
  ['nothing', ''],
])('%s: none', (_what, line) => {
  expect(concerns(line, known)).toBe(false);
});
