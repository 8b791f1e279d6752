import { describe, expect, it } from 'vitest';
import {
  filterRulesPassed,
  medianRules,
  type Packet,
  type Ruleset,
  type Table,
  type World,
  walk,
} from '../src/index.ts';
import { HAIRPIN_BYTECODE } from '../src/rule.ts';

const PACKET: Packet = {
  from: 'pod',
  iif: 'veth7',
  source: '10.244.1.5',
  destination: '10.96.0.1',
  protocol: 'tcp',
  port: 80,
};
const WORLD = {
  localAddresses: ['192.168.10.11'],
  sets: new Map([
    ['KNOWN', new Set(['10.244.1.5'])],
    ['DOORS', new Set(['10.96.0.1', '10.96.0.1,tcp:80'])],
  ]),
} satisfies World;
const JUMPS: Ruleset['jumps'] = [
  { table: 'nat', from: 'PREROUTING', rule: '-j CITY-A' },
  { table: 'nat', from: 'OUTPUT', rule: '-j CITY-A' },
  { table: 'nat', from: 'POSTROUTING', rule: '-j CITY-P' },
  { table: 'filter', from: 'INPUT', rule: '-j CITY-I' },
  { table: 'filter', from: 'FORWARD', rule: '-m conntrack --ctstate NEW -j CITY-F' },
  { table: 'filter', from: 'OUTPUT', rule: '-m conntrack --ctstate NEW -j CITY-F' },
];

type Chains = Record<string, readonly string[]>;

function ruleset(nat: Chains, filter: Chains = {}): Ruleset {
  const chains: Record<Table, Map<string, readonly string[]>> = {
    nat: new Map(Object.entries({ 'CITY-A': [], 'CITY-P': [], ...nat })),
    filter: new Map(Object.entries({ 'CITY-I': [], 'CITY-F': [], ...filter })),
  };
  return { family: 'IPv4', chains, jumps: JUMPS, sets: new Set() };
}

const HERE = '-p tcp -j DNAT --to-destination 10.244.9.9:8080';

/** Whether a rule with these matches takes the packet. */
function takes(matches: string, packet: Partial<Packet> = {}): boolean {
  const [end] = walk(ruleset({ 'CITY-A': [`${matches} ${HERE}`] }), { ...PACKET, ...packet }, WORLD);
  return end?.kind === 'dnat';
}

describe('matches', () => {
  it.each([
    ['-s 10.244.0.0/16', true],
    ['! -s 10.244.0.0/16', false],
    ['-s 10.245.0.0/16', false],
    ['-s fd00::/8', false],
    ['-d 10.96.0.1/32', true],
    ['-d 10.96.0.2/31', false],
    ['! -d 127.0.0.0/8', true],
    ['-i veth7', true],
    ['-i veth', false],
    ['-i veth+', true],
    ['! -i podbr0', true],
    ['! -i veth+', false],
    ['-p udp', false],
    ['-p tcp', true],
    ['-p tcp -m tcp --dport 80', true],
    ['-p tcp -m tcp --dport 81', false],
    ['-p tcp -m tcp --dport 64:127', true],
    ['-p tcp -m tcp --dport 81:127', false],
    ['-p udp -m udp --dport 80', false],
    ['-p sctp -m sctp --dport 80', false],
    ['-m comment --comment word', true],
    ['-m comment --comment "shop/cart:http, \\"quoted\\" -j DROP"', true],
    ['-m mark --mark 0x2000/0x2000', false],
    ['-m mark ! --mark 0x2000/0x2000', true],
    ['-m mark --mark 0x0/0x2000', true],
    ['-m conntrack --ctstate NEW', true],
    ['-m conntrack ! --ctstate NEW', false],
    ['-m conntrack --ctstate RELATED,ESTABLISHED', false],
    ['-m conntrack --ctstate INVALID', false],
    ['-m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT', true],
    ['-m conntrack --ctstate DNAT', false],
    [`-m bpf --bytecode "${HAIRPIN_BYTECODE.IPv4}"`, false],
    ['-m addrtype --dst-type LOCAL', false],
    ['-m addrtype --src-type LOCAL', false],
    ['-m set --match-set KNOWN src', true],
    ['-m set ! --match-set KNOWN src', false],
    ['-m set --match-set OTHER src', false],
    ['-m set --match-set KNOWN dst', false],
    ['-m set --match-set DOORS dst', true],
    ['-m set --match-set DOORS dst,dst', true],
    ['-m set --match-set KNOWN dst,dst', false],
    ['-p tcp -m multiport --dports 79,81:90', false],
    ['-p tcp -m multiport --dports 22,80', true],
    ['-p tcp -m multiport --dports 22,70:80', true],
    ['-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN', true],
    ['-p tcp -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN', false],
  ])('%s: %s', (matches, taken) => {
    expect(takes(matches)).toBe(taken);
  });

  it('knows what is local: the addresses of the node and loopback', () => {
    expect(takes('-m addrtype --dst-type LOCAL', { destination: '192.168.10.11' })).toBe(true);
    expect(takes('-m addrtype --dst-type LOCAL', { destination: '127.8.0.1' })).toBe(true);
    expect(takes('-m addrtype --dst-type LOCAL', { destination: '::1' })).toBe(true);
    expect(takes('-m addrtype --src-type LOCAL', { source: '192.168.10.11' })).toBe(true);
  });

  it('sees no interface on a packet of the node itself', () => {
    expect(takes('-i veth+', { from: 'node' })).toBe(false);
    expect(takes('! -i veth+', { from: 'node' })).toBe(true);
  });

  it('goes on behind a rule that only remembers the packet', () => {
    const memory = [
      '-p tcp -m hashlimit --hashlimit-upto 1/sec --hashlimit-burst 5 --hashlimit-mode srcip,dstip,dstport',
      '--hashlimit-name seen --hashlimit-htable-max 4096 --hashlimit-htable-expire 10000',
    ].join(' ');
    const after = (target: string) => walk(ruleset({ 'CITY-A': [memory, target] }), PACKET, WORLD)[0]?.kind;
    expect(after('-j DNAT --to-destination 10.0.0.1:80')).toBe('dnat');
    expect(after('-j RETURN')).toBe('none');
  });

  it('calls a packet to its own source a hairpin, in both families and spellings', () => {
    expect(takes(`-m bpf --bytecode "${HAIRPIN_BYTECODE.IPv4}"`, { destination: '10.244.1.5' })).toBe(true);
    const v6 = { source: 'fd00::5', destination: 'fd00:0:0::5' };
    expect(takes(`-m bpf --bytecode "${HAIRPIN_BYTECODE.IPv6}"`, v6)).toBe(true);
  });

  it.each([
    '-o eth0 -j DROP',
    '-m limit --limit 1/sec -j DROP',
    '-m tcp --sport 80 -j DROP',
    '-p icmp -j DROP',
    '! -p tcp -j DROP',
    '-m conntrack --ctstate SNAT -j DROP',
    '-m bpf --bytecode "1,6 0 0 65535" -j DROP',
    '-m addrtype --dst-type BROADCAST -j DROP',
    '-m set --match-set KNOWN src,src -j DROP',
    '-m multiport --dports 80,x -j DROP',
    '-m multiport --sports 80 -j DROP',
    '-m statistic --mode nth --every 2 --packet 0 -j DROP',
    '-j LOG',
    '-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK RST -j DROP',
    '-j REJECT --reject-with icmp-host-prohibited',
    '-j DNAT --to-destination 10.0.0.1:80 --persistent',
    '-j MARK --set-mark 1',
    '-j DROP now',
    '-s 10.0.0.0/33 -j DROP',
    '-p tcp',
    '',
  ])('throws on what it does not know: %s', (rule) => {
    expect(() => walk(ruleset({ 'CITY-A': [rule] }), PACKET, WORLD)).toThrow(/^walk: .+/);
  });
});

describe('ways through chains', () => {
  const kinds = (set: Ruleset, packet: Partial<Packet> = {}) =>
    walk(set, { ...PACKET, ...packet }, WORLD).map(({ kind, to }) => to ?? kind);

  it('comes back from a jump, and from a goto to where its chain was entered from', () => {
    const back = '-p tcp -j DNAT --to-destination 10.0.0.1:1';
    const skipped = '-p tcp -j DNAT --to-destination 10.0.0.2:2';
    expect(kinds(ruleset({ 'CITY-A': ['-j CITY-B', back], 'CITY-B': ['-j RETURN', skipped] }))).toEqual(['10.0.0.1:1']);
    const gone = ruleset({ 'CITY-A': ['-j CITY-B', back], 'CITY-B': ['-g CITY-C', skipped], 'CITY-C': [] });
    expect(kinds(gone)).toEqual(['10.0.0.1:1']);
    // A goto from the chain that the hook entered leads back behind the hook's jump.
    expect(kinds(ruleset({ 'CITY-A': ['-g CITY-B', skipped], 'CITY-B': ['-j RETURN'] }))).toEqual(['none']);
  });

  it('meets INPUT, FORWARD or OUTPUT by where the packet goes after DNAT', () => {
    const filter = { 'CITY-I': ['-j ACCEPT'], 'CITY-F': ['-j REJECT --reject-with icmp-port-unreachable'] };
    expect(kinds(ruleset({}, filter))).toEqual(['reject']);
    expect(kinds(ruleset({}, filter), { destination: '192.168.10.11' })).toEqual(['accept']);
    expect(kinds(ruleset({}, { 'CITY-F': ['-j DROP'] }), { from: 'node', destination: '192.168.10.11' })).toEqual([
      'drop',
    ]);
    expect(kinds(ruleset({}, { 'CITY-I': ['-j DROP'] }), { from: 'node', destination: '192.168.10.11' })).toEqual([
      'drop',
    ]);
    const toSelf = ruleset(
      { 'CITY-A': ['-p tcp -j DNAT --to-destination 192.168.10.11:1'] },
      { 'CITY-I': ['-j DROP'] },
    );
    expect(kinds(toSelf)).toEqual(['drop']);
    // The new destination is what the filter table sees.
    const seen = ruleset({ 'CITY-A': [HERE] }, { 'CITY-F': ['-d 10.244.9.9/32 -p tcp -m tcp --dport 8080 -j DROP'] });
    expect(kinds(seen)).toEqual(['drop']);
  });

  it('still calls it dnat when a rule accepts the rewritten packet', () => {
    const set = ruleset({ 'CITY-A': [HERE] }, { 'CITY-F': ['-m conntrack --ctstate DNAT -j ACCEPT', '-j DROP'] });
    expect(kinds(set)).toEqual(['10.244.9.9:8080']);
  });

  it('carries marks to POSTROUTING, which sees only what leaves the node', () => {
    const post = [
      '-m mark ! --mark 0x2000/0x2000 -j RETURN',
      '-j MARK --set-xmark 0x0/0x2000',
      '-j MASQUERADE --random-fully',
    ];
    const set = ruleset({ 'CITY-A': ['-j MARK --set-xmark 0x2000/0x2000', HERE], 'CITY-P': post });
    expect(walk(set, PACKET, WORLD)).toMatchObject([{ masquerade: true }]);
    const unmarked = ruleset({ 'CITY-A': [HERE], 'CITY-P': post });
    expect(walk(unmarked, PACKET, WORLD)).toMatchObject([{ masquerade: false }]);
    const always = ruleset({ 'CITY-P': ['-j MASQUERADE'] });
    expect(walk(always, { ...PACKET, destination: '192.168.10.11' }, WORLD)).toMatchObject([{ masquerade: false }]);
    expect(walk(always, { ...PACKET, from: 'node', destination: '192.168.10.11' }, WORLD)).toMatchObject([
      { masquerade: true },
    ]);
  });

  it('throws where a rule leads nowhere or decides in the wrong table', () => {
    expect(() => walk(ruleset({ 'CITY-A': ['-j CITY-GONE'] }), PACKET)).toThrow(/CITY-GONE/);
    expect(() => walk(ruleset({ 'CITY-A': ['-j DROP'] }), PACKET)).toThrow(/drop in PREROUTING/);
    const random = ruleset({ 'CITY-P': ['-m statistic --mode random --probability 0.50000000000 -j MASQUERADE'] });
    expect(() => walk(random, PACKET)).toThrow(/chance/);
  });
});

describe('chances', () => {
  const half = '-m statistic --mode random --probability 0.50000000000';
  const to = (n: number) => `-j DNAT --to-destination 10.244.1.${n}:80`;

  it('follows both sides of every choice; the chances sum up to 1', () => {
    const set = ruleset({
      'CITY-A': ['-m statistic --mode random --probability 0.25000000000 -g CITY-B', `${half} -p tcp ${to(3)}`],
      'CITY-B': [`-p tcp ${half} ${to(1)}`, `-p tcp ${to(2)}`],
    });
    const ends = walk(set, PACKET, WORLD);
    expect(Object.fromEntries(ends.map((end) => [end.to ?? end.kind, end.chance]))).toEqual({
      '10.244.1.1:80': 0.125,
      '10.244.1.2:80': 0.125,
      '10.244.1.3:80': 0.375,
      none: 0.375,
    });
    expect(ends.reduce((sum, end) => sum + end.chance, 0)).toBe(1);
  });

  it('remembers a client within the packet, on the side of the choice that did so only', () => {
    const add = '-j SET --add-set S1 src --exist --timeout 600';
    const set = ruleset({
      'CITY-A': [`${half} ${add}`, `-p tcp -m set --match-set S1 src ${to(1)}`, `-p tcp ${to(2)}`],
    });
    expect(walk(set, PACKET, WORLD).map((end) => [end.to, end.chance])).toEqual(
      expect.arrayContaining([
        ['10.244.1.1:80', 0.5],
        ['10.244.1.2:80', 0.5],
      ]),
    );
    expect(WORLD.sets.has('S1')).toBe(false);
  });

  it('counts the rules of table filter that a packet is compared with', () => {
    const chains = {
      'CITY-F': ['-p udp -j DROP', '-j CITY-I', '-p tcp -j DROP', '-j RETURN'],
      'CITY-I': ['-p tcp -j RETURN'],
    };
    expect(filterRulesPassed(ruleset({}, chains), PACKET, WORLD)).toBe(5);
    expect(filterRulesPassed(ruleset({}, chains), { ...PACKET, protocol: 'udp' }, WORLD)).toBe(2);
  });

  it('counts the rules of table nat that a packet is compared with, and their median', () => {
    const set = ruleset(
      {
        'CITY-A': [
          '-d 10.96.0.9/32 -j RETURN',
          `-p tcp ${half} ${to(1)}`,
          `-p tcp ${half} ${to(2)}`,
          `-p tcp ${to(3)}`,
        ],
      },
      { 'CITY-F': ['-p udp -j DROP', '-p udp -j DROP'] },
    );
    const ends = walk(set, PACKET, WORLD);
    expect(new Map(ends.map((end) => [end.to, end.rulesPassed]))).toEqual(
      new Map([
        ['10.244.1.1:80', 3],
        ['10.244.1.2:80', 4],
        ['10.244.1.3:80', 5],
      ]),
    );
    expect(medianRules(ends)).toBe(3);
    expect(medianRules(walk(ruleset({}), PACKET))).toBe(1);
  });
});
