import { PeerBook, peersOf, tunnelMac } from '@kubecity/routes';
import type { KubeNode } from '@kubecity/routing';
import { describe, expect, it } from 'vitest';
import { node, numbered } from './nodes.ts';

const self = numbered(1);
const brief = (nodes: Parameters<typeof peersOf>[0]) => {
  const { peers, refused, problems, ...rest } = peersOf(nodes, 'node-1');
  return {
    ...rest,
    peers: peers.map((peer) => `${peer.node} ${peer.range.text} ${peer.address}`),
    refused: refused.map((peer) => `${peer.node} ${peer.range.text}: ${peer.why}`),
    problems: problems.map(({ name, field, message }) => `${name} ${field}: ${message}`),
  };
};

describe('who the peers are', () => {
  it('is every range of every other node, with the address of its family', () => {
    expect(brief([numbered(3), self, numbered(2)])).toMatchObject({
      peers: [
        'node-2 10.1.2.0/24 192.168.1.2',
        'node-2 fd01:0:0:2::/64 fd00::2',
        'node-3 10.1.3.0/24 192.168.1.3',
        'node-3 fd01:0:0:3::/64 fd00::3',
      ],
      refused: [],
      waiting: [],
      problems: [],
    });
  });

  it('says where this node is itself, and nothing while its object is not there', () => {
    const { own } = peersOf([self, numbered(2)], 'node-1');
    expect(own?.ranges.map(({ text }) => text)).toEqual(['10.1.1.0/24', 'fd01:0:0:1::/64']);
    expect([...(own?.addresses ?? [])]).toEqual([
      ['IPv4', '192.168.1.1'],
      ['IPv6', 'fd00::1'],
    ]);
    expect(peersOf([numbered(2)], 'node-1').own).toBeUndefined();
  });

  it('reads every spelling, host bits and old single ranges', () => {
    const odd = node('odd', ['010.1.09.7/24', 'FD01:0:0:9:0::1/64'], ['192.168.001.9', 'FD00:0::9']);
    const old = { ...node('old', [], ['192.168.1.8']), spec: { podCIDR: '10.1.8.0/24' } };
    expect(brief([self, odd, old]).peers).toEqual([
      'odd 10.1.9.0/24 192.168.1.9',
      'odd fd01:0:0:9::/64 fd00::9',
      'old 10.1.8.0/24 192.168.1.8',
    ]);
  });

  it('waits for a node without a range', () => {
    const news = node('news', [], ['192.168.1.9']);
    expect(brief([self, news])).toMatchObject({ peers: [], waiting: ['news'], problems: [] });
    expect(brief([self, { metadata: { name: 'empty' } }])).toMatchObject({
      peers: [],
      waiting: ['empty'],
      problems: [],
    });
  });

  it('refuses a range without an address of its family, and goes on with the other', () => {
    const half = node('half', ['10.1.9.0/24', 'fd01:0:0:9::/64'], ['192.168.1.9']);
    const why = 'node half has no InternalIP of IPv6';
    expect(brief([self, half])).toMatchObject({
      peers: ['half 10.1.9.0/24 192.168.1.9'],
      refused: [`half fd01:0:0:9::/64: ${why}`],
      problems: [`half spec.podCIDRs[1]: ${why}`],
    });
  });

  it('names what cannot be read, and what no node can have as its address', () => {
    const broken = node('broken', ['10.1.9.0', '10.1.9.0/24'], ['127.0.0.1', 'fe80::1%eth0', '192.168.1.9']);
    expect(brief([self, broken])).toMatchObject({
      peers: ['broken 10.1.9.0/24 192.168.1.9'],
      problems: [
        'broken spec.podCIDRs[0]: "10.1.9.0" is no address range',
        'broken status.addresses[0]: "127.0.0.1" is no address of a node',
        'broken status.addresses[1]: "fe80::1%eth0" is no address of a node',
      ],
    });
  });
});

describe('claims that overlap', () => {
  const early = '2026-01-01T00:00:00Z';
  const late = '2026-02-01T00:00:00Z';

  it.each([
    ['the same', '10.1.8.0/24', '10.1.8.0/24'],
    ['within', '10.1.8.0/24', '10.1.8.128/25'],
    ['around', '10.1.8.0/24', '10.1.0.0/16'],
  ])('%s: the later node is refused, naming both', (_, first, second) => {
    // Found in any order, and by name the other way round.
    const nodes = [node('a', [second], ['192.168.9.3'], late), node('b', [first], ['192.168.9.2'], early)];
    const why = `the range ${second} of node a overlaps the range ${first} of node b, which was there first`;
    for (const order of [nodes, nodes.toReversed()]) {
      expect(brief([node('node-1', ['10.2.0.0/24'], ['192.168.9.1'], late), ...order])).toMatchObject({
        peers: [`b ${first} 192.168.9.2`],
        refused: [`a ${second}: ${why}`],
        problems: [`a spec.podCIDRs[0]: ${why}`],
      });
    }
  });

  it('with this node: the other is refused however old it is', () => {
    const other = node('node-0', ['10.1.0.0/16'], ['192.168.1.2'], early);
    const { peers, refused, own } = peersOf([other, node('node-1', ['10.1.1.0/24'], ['192.168.1.1'], late)], 'node-1');
    expect(peers).toEqual([]);
    expect(refused[0]?.why).toBe(
      'the range 10.1.0.0/16 of node node-0 overlaps the range 10.1.1.0/24 of node node-1, which is this one',
    );
    expect(own?.ranges.map(({ text }) => text)).toEqual(['10.1.1.0/24']);
  });

  it('a range that was refused is in nobody’s way', () => {
    const nodes = [
      self,
      node('a', ['10.8.0.0/24'], ['192.168.9.2'], '1'),
      node('b', ['10.8.0.0/16'], ['192.168.9.3'], '2'),
      node('c', ['10.8.1.0/24'], ['192.168.9.4'], '3'),
    ];
    expect(brief(nodes).peers).toEqual(['a 10.8.0.0/24 192.168.9.2', 'c 10.8.1.0/24 192.168.9.4']);
  });

  it('a range with the address of a node inside is refused, its own and a default route too', () => {
    const inside = node('inside', ['192.168.1.0/24'], ['192.168.1.8']);
    const all = node('zero', ['0.0.0.0/0'], ['192.168.7.8']);
    const { peers, refused } = brief([self, inside, all]);
    expect(peers).toEqual([]);
    expect(refused).toEqual([
      'inside 192.168.1.0/24: the range 192.168.1.0/24 of node inside overlaps the address 192.168.1.1 of node node-1, which is this one',
      'zero 0.0.0.0/0: the range 0.0.0.0/0 of node zero overlaps the address 192.168.1.1 of node node-1, which is this one',
    ]);
  });

  it('an address inside the range of an earlier node does not cut that node off', () => {
    const nodes = [
      self,
      node('a', ['10.8.0.0/24'], ['192.168.9.2'], '1'),
      node('b', ['10.9.0.0/24'], ['10.8.0.7'], '2'),
    ];
    const found = brief(nodes);
    expect(found.peers).toEqual(['a 10.8.0.0/24 192.168.9.2']);
    const why = 'the address 10.8.0.7 of node b overlaps the range 10.8.0.0/24 of node a, which was there first';
    expect(found.refused).toEqual([`b 10.9.0.0/24: ${why}`]);
    expect(found.problems).toEqual([`b status.addresses: ${why}`]);
  });

  it('two addresses with one MAC address of their tunnels: the later node is refused, where there are tunnels', () => {
    const [first, second, mac] = ['fd00:18::5:5ec5', 'fd00:18::b:5056', '06:e9:34:79:fd:17'];
    expect([tunnelMac(4242, first), tunnelMac(4242, second)]).toEqual([mac, mac]);
    const nodes = [
      self,
      node('b', ['fd01:0:0:b::/64'], [first], early),
      node('a', ['fd01:0:0:a::/64'], [second], late),
    ];
    for (const order of [nodes, nodes.toReversed()]) {
      const { peers, refused, problems } = peersOf(order, 'node-1', 4242);
      expect(peers.map((peer) => peer.node)).toEqual(['b']);
      expect(refused).toEqual([expect.objectContaining({ node: 'a', rival: 'b' })]);
      expect(refused[0]?.why).toBe(
        `the address ${second} of node a comes to the tunnel's MAC address ${mac}, and so does the address ${first} of node b, which was there first: give one of them another address, or all nodes another vxlanId`,
      );
      expect(problems.map(({ field }) => field)).toEqual(['status.addresses']);
      for (const id of [4243, undefined]) expect(peersOf(order, 'node-1', id).refused).toEqual([]);
    }
    // Each of the two refuses the other, whoever is older.
    expect(peersOf(nodes, 'a', 4242).refused).toEqual([expect.objectContaining({ node: 'b', rival: 'a' })]);
    expect(peersOf(nodes, 'b', 4242).refused).toEqual([expect.objectContaining({ node: 'a', rival: 'b' })]);
    // One machine with two objects is no clash.
    expect(peersOf([self, node('c', [], [first]), node('d', [], [first])], 'node-1', 4242).refused).toEqual([]);
    const book = new PeerBook('node-1', 4242);
    for (const one of nodes) book.set(one);
    expect(book.peers().refused.map((peer) => peer.node)).toEqual(['a']);
    book.delete('b');
    expect(book.peers().refused).toEqual([]);
    book.set(nodes[1] as KubeNode);
    expect(book.peers().refused.map((peer) => peer.node)).toEqual(['a']);
  });

  it('two objects of one machine may have its address, but not this node’s', () => {
    const nodes = [self, node('a', ['10.8.0.0/24'], ['192.168.9.2']), node('b', ['10.9.0.0/24'], ['192.168.9.2'])];
    expect(brief(nodes).peers).toEqual(['a 10.8.0.0/24 192.168.9.2', 'b 10.9.0.0/24 192.168.9.2']);
    const mirror = node('mirror', ['10.9.0.0/24'], ['192.168.1.1']);
    expect(brief([self, mirror]).refused).toEqual([
      'mirror 10.9.0.0/24: node mirror has the address 192.168.1.1, and so has node node-1, which is this one',
    ]);
  });
});
