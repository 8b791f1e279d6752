import { readFileSync, writeFileSync } from 'node:fs';
import type { KubeService } from '@kubecity/routing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type CompileOptions,
  compile,
  diff,
  EMPTY_KERNEL,
  firstDifference,
  fromNft,
  isFront,
  joined,
  LEASE,
  natChange,
  parseNftTable,
  parseSaveAll,
  parted,
  type Ruleset,
  renderRestore,
  stateOf,
  toNft,
} from '../src/index.ts';
import { OPTIONS, OPTIONS_IPV6, slice, table } from './city-fixture.ts';
import { cityEvents, RandomCity } from './random-city.ts';

/** Compares with testdata/NAME; UPDATE_GOLDEN=1 writes it, to be read before it is committed. */
function expectGolden(name: string, text: string): void {
  const file = new URL(`../testdata/${name}`, import.meta.url);
  if (process.env.UPDATE_GOLDEN) writeFileSync(file, text);
  expect(text).toBe(readFileSync(file, 'utf8'));
}

/** What the front of nft gets of a whole ruleset, and what iptables gets. */
function written(ruleset: Ruleset) {
  const parts = parted([...renderRestore(diff(EMPTY_KERNEL, stateOf(ruleset)))].join(''), 'nft');
  const commands = natChange(parts.nft, new Map(), ruleset.family).map(({ text }) => text);
  return { ...parts, commands };
}

const doors: KubeService = {
  metadata: { namespace: 'shop', name: 'front' },
  spec: {
    type: 'LoadBalancer',
    clusterIP: '10.96.0.1',
    clusterIPs: ['10.96.0.1', 'fd00:96::1'],
    ipFamilies: ['IPv4', 'IPv6'],
    externalIPs: ['198.51.100.20', '2001:db8:99::1'],
    externalTrafficPolicy: 'Local',
    sessionAffinity: 'ClientIP',
    ports: [{ name: 'http', port: 81, protocol: 'TCP', nodePort: 30_001 }],
    loadBalancerSourceRanges: ['203.0.113.0/25', '2001:db8:1::/48'],
  },
  status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }, { ip: '2001:db8:2::1' }] } },
};
const plain: KubeService = {
  metadata: { namespace: 'shop', name: 'plain' },
  spec: { clusterIP: '10.96.0.9', ports: [{ name: 'dns', port: 53, protocol: 'UDP' }] },
};
const small = table(
  [doors, plain],
  [
    slice('front', ['10.244.0.1', '10.244.1.2']),
    {
      ...slice('front', []),
      metadata: { namespace: 'shop', name: 'front-6', labels: { 'kubernetes.io/service-name': 'front' } },
      addressType: 'IPv6',
      endpoints: [{ addresses: ['fd00:244:0:1::1'], nodeName: 'node-a' }],
    },
    { ...slice('plain', ['10.244.1.5', '10.244.2.6']), ports: [{ name: 'dns', port: 53, protocol: 'UDP' }] },
  ],
);

describe('the front in nft', () => {
  it.each<[string, CompileOptions]>([
    ['front-ipv4.nft', { ...OPTIONS, inFront: true }],
    ['front-ipv6.nft', { ...OPTIONS_IPV6, inFront: true }],
  ])('%s is what the doors of two Services become', (name, options) => {
    const { commands, iptables } = written(compile(small, options));
    expectGolden(name, commands.map((command) => `${command}\n`).join(''));
    // What acts behind the choice of a backend stays where it is.
    expect(iptables).toMatch(/^:CITY-POSTROUTING /m);
    expect(iptables).toMatch(/^-I POSTROUTING 1 -j CITY-POSTROUTING$/m);
    expect(iptables.match(/\*nat[\s\S]*/)?.[0].match(/^:.*/gm)).toHaveLength(1);
  });

  const choices = fc.record({
    inFront: fc.boolean(),
    masqueradeAll: fc.boolean(),
    localhostNodePorts: fc.boolean(),
    masqueradeMark: fc.integer({ min: 0, max: 31 }).map((bit) => 2 ** bit),
    localDetect: fc.constantFrom<CompileOptions['localDetect']>(
      { kind: 'none' },
      { kind: 'bridge', name: 'cbr0' },
      { kind: 'interfacePrefix', prefix: 'veth' },
    ),
    nodePortAddresses: fc.constantFrom([], ['192.168.10.0/24'], ['0.0.0.0/0']),
  });

  it('says every rule that can be made for it, and is read back as that rule', () => {
    let rules = 0;
    fc.assert(
      fc.property(cityEvents, choices, fc.constantFrom(OPTIONS, OPTIONS_IPV6), (events, more, options) => {
        const city = new RandomCity();
        for (const event of events) city.apply(event);
        const { family } = options;
        const nodePortAddresses = family === 'IPv4' ? more.nodePortAddresses : [];
        const ruleset = compile(city.tracker.take().table, { ...options, ...more, nodePortAddresses });
        const texts = [...ruleset.chains.nat].flatMap(([chain, list]) => (isFront(chain) ? list : []));
        const ways = ruleset.jumps.filter(({ table, from }) => table === 'nat' && from !== 'POSTROUTING');
        for (const rule of [...texts, ...ways.map((jump) => jump.rule)]) {
          rules++;
          expect(fromNft(toNft(rule, family), family).rule).toBe(rule);
        }
      }),
      { seed: 7, numRuns: 1000 },
    );
    expect(rules).toBeGreaterThan(5000);
  });

  it.each([
    [`-m set --match-set ${LEASE.IPv4} dst -j CITY-SERVICES`, 'meta l4proto @CITY-LEASE-4 counter jump CITY-SERVICES'],
    ['-j ACCEPT', 'counter dnat to ip daddr'],
    [
      '-m statistic --mode random --probability 0.33333333349 -g CITY-X',
      `numgen random mod ${2 ** 31} < 715827883 counter goto CITY-X`,
    ],
    [
      '-j SET --add-set CITY-A4-x src --exist --timeout 93784',
      'counter update @CITY-A4-x { ip saddr timeout 1d2h3m4s }',
    ],
    ['-j SET --add-set CITY-A4-x src --exist --timeout 60', 'counter update @CITY-A4-x { ip saddr timeout 1m }'],
  ])('says %s and reads it back', (rule, text) => {
    expect(toNft(rule, 'IPv4')).toBe(text);
    expect(fromNft(text, 'IPv4')).toEqual({ rule, packets: 0, bytes: 0 });
  });

  it('reads what a rule has matched', () => {
    expect(fromNft('\t\tmeta l4proto tcp counter packets 7 bytes 420 dnat to 10.244.0.1:80', 'IPv4')).toEqual({
      rule: '-p tcp -j DNAT --to-destination 10.244.0.1:80',
      packets: 7,
      bytes: 420,
    });
  });

  it.each([
    ['-m conntrack --ctstate DNAT -j MASQUERADE', '-m conntrack --ctstate DNAT -j MASQUERADE'],
    ['-d 10.96.0.1/32 -j LOG', '-j LOG'],
    ['-d 10.96.0.1/32', '-d 10.96.0.1/32'],
    ['-j DNAT --to-destination 10.0.0.1:80 --random', '-j DNAT --to-destination 10.0.0.1:80 --random'],
    ['-m mark --mark 0x2000/0x3000 -j RETURN', '-m mark --mark 0x2000/0x3000 -j RETURN'],
    ['-m set --match-set CITY-A4-x dst -j RETURN', '-m set --match-set CITY-A4-x dst -j RETURN'],
    ['-m comment --comment "a \\"b\\"" -j RETURN', '-m comment --comment "a \\"b\\"" -j RETURN'],
  ])('refuses %s with the words it cannot say', (rule, words) => {
    expect(() => toNft(rule, 'IPv4')).toThrow(`nft: cannot say ${words} of rule: ${rule}`);
    const line = `-A CITY-X ${rule}`;
    const thrown = (() => {
      try {
        natChange([':CITY-X - [0:0]', line], new Map(), 'IPv4');
      } catch (error) {
        return error;
      }
    })();
    expect(thrown).toMatchObject({ name: 'UnknownWordsError', line });
  });

  it.each(['tcp dport 80 counter accept', 'counter dnat to 10.0.0.1', 'ip6 daddr ::1 counter return', 'return'])(
    'takes nothing that it did not write for a rule of ours: %s',
    (text) => expect(fromNft(text, 'IPv4').rule).toBe(`nft ${text}`),
  );
});

/** `nft list table` of what the commands make, as far as chains go. */
function listing(commands: readonly string[]): string {
  const chains = new Map<string, string[]>();
  for (const command of commands) {
    const [, added, type] = /^add chain \S+ \S+ (\S+)(?: \{ (.*) \})?$/.exec(command) ?? [];
    if (added !== undefined) chains.set(added, type === undefined ? [] : [type]);
    const [, chain = '', rule = ''] = /^add rule \S+ \S+ (\S+) (.*)$/.exec(command) ?? [];
    chains.get(chain)?.push(rule);
  }
  return `table ip kubecity {\n${[...chains].map(([name, rules]) => `\tchain ${name} {\n${rules.map((rule) => `\t\t${rule}\n`).join('')}\t}\n`).join('\n')}}\n`;
}

describe('both sides in one text', () => {
  const ruleset = compile(small, OPTIONS);
  const wanted = stateOf(ruleset);
  const { commands, iptables } = written(ruleset);
  const nft = parseNftTable(listing(commands), 'IPv4');
  /** As iptables-save prints it: restored text without `-I`. */
  const save = (text: string) => `${text.replace(/^-I (\S+) 1 /gm, '-A $1 ')}`;
  const whole = save([...renderRestore(diff(EMPTY_KERNEL, wanted))].join(''));
  const hooksOf = (chains: typeof nft.chains) =>
    new Map([...chains].map(([name, rules]) => [name, rules.map(({ rule }) => rule)]));
  const foreign = '*nat\n:PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n-A PREROUTING -j KUBE-SERVICES\nCOMMIT\n';
  const change = (iptablesText: string, table: typeof nft | undefined, front: 'iptables' | 'nft') => {
    const found = parseSaveAll(joined(iptablesText, table, front));
    const difference = diff(found, wanted);
    return { found, ...parted([...renderRestore(difference)].join(''), front) };
  };

  it('is as wished when each side has its part', () => {
    expect(firstDifference(wanted, parseSaveAll(joined(save(iptables), nft, 'nft')))).toBeUndefined();
    expect(firstDifference(wanted, parseSaveAll(joined(whole, undefined, 'iptables')))).toBeUndefined();
  });

  it('tells the front of nft before what others have in iptables', () => {
    const lines = joined(foreign, nft, 'nft').split('\n');
    expect(lines.indexOf('-A PREROUTING -j CITY-SERVICES')).toBeLessThan(
      lines.indexOf('-A PREROUTING -j KUBE-SERVICES'),
    );
    expect(lines.indexOf('-A PREROUTING -j CITY-SERVICES')).toBeGreaterThan(lines.indexOf(':PREROUTING ACCEPT [0:0]'));
    expect(joined('', nft, 'nft')).toMatch(
      /^\*nat\n:PREROUTING ACCEPT [\s\S]*-A PREROUTING -j CITY-SERVICES[\s\S]*COMMIT\n$/m,
    );
  });

  it('moves to nft: the table is made, and only then iptables loses the same chains', () => {
    const moved = change(whole, undefined, 'nft');
    expect(natChange(moved.nft, new Map(), 'IPv4').map(({ text }) => text)).toEqual(commands);
    expect(moved.iptables).toBe('');
    const front = [...wanted.chains.nat.keys()].filter(isFront);
    expect(moved.misplaced.filter((line) => line.startsWith('-D'))).toEqual([
      '-D OUTPUT -j CITY-SERVICES',
      '-D PREROUTING -j CITY-SERVICES',
    ]);
    expect(moved.misplaced.filter((line) => line.startsWith('-X')).sort()).toEqual(
      front.map((chain) => `-X ${chain}`).sort(),
    );
  });

  it('moves back: the table goes as a whole after iptables has its chains', () => {
    const moved = change(save(iptables), nft, 'iptables');
    expect(moved.nft).toEqual([]);
    expect(moved.iptables).toContain('-I PREROUTING 1 -j CITY-SERVICES');
    expect(natChange(moved.misplaced, hooksOf(nft.chains), 'IPv4').map(({ text }) => text)).toEqual([
      'delete table ip kubecity',
    ]);
    const rest = change(whole, { chains: new Map(), sets: [LEASE.IPv4] }, 'iptables');
    expect(natChange(rest.misplaced, new Map(), 'IPv4').map(({ text }) => text)).toEqual(['delete table ip kubecity']);
  });

  it('writes only the chain that changed, and a hook anew when its jump is gone', () => {
    const damaged = new Map(nft.chains);
    const [chain = ''] = [...damaged.keys()].filter((name) => name.startsWith('CITY-S-'));
    damaged.set(chain, []);
    damaged.set('OUTPUT', []);
    const { nft: lines, found } = change(save(iptables), { chains: damaged, sets: [] }, 'nft');
    expect(firstDifference(wanted, found)).toContain(chain);
    const texts = natChange(lines, hooksOf(damaged), 'IPv4').map(({ text }) => text);
    expect(texts.filter((text) => text.startsWith('flush'))).toEqual([
      `flush chain ip kubecity ${chain}`,
      'flush chain ip kubecity OUTPUT',
    ]);
    expect(texts.at(-1)).toBe('add rule ip kubecity OUTPUT counter jump CITY-SERVICES');
  });

  it('takes away a rule that nobody wished in a hook of ours', () => {
    const strange = new Map(nft.chains);
    strange.set('OUTPUT', [fromNft('counter jump CITY-ADDRESSES', 'IPv4'), ...(strange.get('OUTPUT') ?? [])]);
    const { nft: lines } = change(save(iptables), { chains: strange, sets: [] }, 'nft');
    expect(natChange(lines, hooksOf(strange), 'IPv4').map(({ text }) => text)).toEqual([
      'add table ip kubecity',
      'add chain ip kubecity OUTPUT { type nat hook output priority -110; policy accept; }',
      'flush chain ip kubecity OUTPUT',
      'add rule ip kubecity OUTPUT counter jump CITY-SERVICES',
    ]);
  });
});
