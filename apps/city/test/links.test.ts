import { expect, test } from 'vitest';
import { AddressPool } from '../src/machine/address-pool.ts';
import { gateLines, nodeLines, podCableLines, podLines, podLink, underlayLines } from '../src/machine/links.ts';
import { planCity } from '../src/plan/city-plan.ts';

const { nodes } = planCity({ nodes: 2 });
const [a] = nodes as [(typeof nodes)[0]];

test('the underlay: a bridge and a leg for each node and the gate', () => {
  expect(underlayLines(nodes)).toEqual([
    'link set lo up',
    'link add underlay type bridge',
    'link set underlay addrgenmode none up',
    'address add 172.18.0.1/16 dev underlay',
    'netns add node-a',
    'link add leg0 type veth peer name eth0 netns node-a',
    'link set leg0 addrgenmode none master underlay up',
    'netns add node-b',
    'link add leg1 type veth peer name eth0 netns node-b',
    'link set leg1 addrgenmode none master underlay up',
    'netns add gate',
    'link add leg2 type veth peer name eth0 netns gate',
    'link set leg2 addrgenmode none master underlay up',
  ]);
});

test('a node: a leg and the way out; those to the pods of other nodes are laid by its agent', () => {
  expect(nodeLines(a)).toEqual([
    'link set lo up',
    'link set eth0 addrgenmode none up',
    'address add 172.18.0.2/16 dev eth0',
    'route add default via 172.18.0.1',
  ]);
});

test('the gate reaches Services through the first node', () => {
  expect(gateLines(a, '10.96.0.0/16')).toContain('route add 10.96.0.0/16 via 172.18.0.2');
});

test('a pod: an address of its own, and a next hop whose link address both ends know', () => {
  expect(podCableLines('shop.web-1', '10.244.1.7')).toEqual([
    'link add pod1-7 address ee:ee:ee:ee:ee:ee type veth peer name eth0 netns shop.web-1 address 02:0a:0a:f4:01:07',
    'link set pod1-7 addrgenmode none up',
    'route add 10.244.1.7/32 dev pod1-7',
    'neighbour replace 10.244.1.7 lladdr 02:0a:0a:f4:01:07 dev pod1-7 nud permanent',
  ]);
  expect(podLines('10.244.1.7')).toEqual([
    'link set lo up',
    'link set eth0 addrgenmode none up',
    'address add 10.244.1.7/32 dev eth0',
    'route add 169.254.1.1 dev eth0 scope link',
    'route add default via 169.254.1.1 dev eth0',
    'neighbour replace 169.254.1.1 lladdr ee:ee:ee:ee:ee:ee dev eth0 nud permanent',
  ]);
});

test('the longest address makes a link name that the kernel takes', () => {
  expect(podLink('10.244.200.254').length).toBeLessThanOrEqual(15);
});

test('pod addresses: in turn, none twice, none before it is given back', () => {
  const pool = new AddressPool('10.244.3.0/24');
  const first = pool.take();
  expect(first).toBe('10.244.3.2');
  pool.giveBack('10.244.3.2');
  const all = Array.from({ length: 253 }, () => pool.take());
  expect(all[0]).toBe('10.244.3.3');
  expect(all.at(-1)).toBe('10.244.3.2');
  expect(new Set(all).size).toBe(253);
  expect(pool.take()).toBeUndefined();
});
