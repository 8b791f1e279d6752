import { readFileSync, writeFileSync } from 'node:fs';
import type { KubeService } from '@kubecity/routing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  affinitySet,
  type CompileOptions,
  Compiler,
  compile,
  countRules,
  diff,
  EMPTY_KERNEL,
  medianRules,
  type Ruleset,
  renderRestore,
  servicePortChain,
  stateOf,
  walk,
} from '../src/index.ts';
import { OPTIONS, OPTIONS_IPV6, service, slice, table, weight } from './city-fixture.ts';
import { cityEvents, RandomCity } from './random-city.ts';

const textOf = (ruleset: Ruleset) => [...renderRestore(diff(EMPTY_KERNEL, stateOf(ruleset)))].join('');

/** Compares with testdata/NAME; UPDATE_GOLDEN=1 writes it, to be read before it is committed. */
function expectGolden(name: string, text: string): void {
  const file = new URL(`../testdata/${name}`, import.meta.url);
  if (process.env.UPDATE_GOLDEN) writeFileSync(file, text);
  expect(text).toBe(readFileSync(file, 'utf8'));
}

const allDoors = (n: number, more: object = {}): KubeService => ({
  metadata: { namespace: 'shop', name: `front${n}` },
  spec: {
    type: 'LoadBalancer',
    clusterIP: `10.96.0.${n}`,
    clusterIPs: [`10.96.0.${n}`, `fd00:96::${n}`],
    ipFamilies: ['IPv4', 'IPv6'],
    externalIPs: ['198.51.100.20', '2001:db8:99::1'],
    ports: [{ name: 'http', port: 80 + n, protocol: 'TCP', nodePort: 30_000 + n }],
    ...more,
  },
  status: { loadBalancer: { ingress: [{ ip: `192.0.2.${n}` }, { ip: `2001:db8:2::${n}` }] } },
});
const bothFamilies = (n: number) => [
  slice(`front${n}`, ['10.244.1.1', '10.244.2.2']),
  {
    ...slice(`front${n}`, []),
    metadata: { namespace: 'shop', name: `front${n}-6`, labels: { 'kubernetes.io/service-name': `front${n}` } },
    addressType: 'IPv6',
    endpoints: [
      { addresses: ['fd00:244:0:1::1'], nodeName: 'node-a' },
      { addresses: ['fd00:244:0:2::2'], nodeName: 'node-b' },
    ],
  },
];

describe('kernel text', () => {
  it('takes the mark of a packet that it masquerades: what a tunnel puts around it is not masqueraded again', () => {
    for (const options of [OPTIONS, OPTIONS_IPV6, { ...OPTIONS, inFront: true }, { ...OPTIONS, masqueradeAll: true }]) {
      const { chains } = compile(table([allDoors(1)], bothFamilies(1)), options);
      const rules = chains.nat.get('CITY-POSTROUTING') ?? [];
      const mask = `0x${options.masqueradeMark.toString(16)}`;
      const masquerading = rules.flatMap((rule, i) => (rule.includes('-j MASQUERADE') ? [i] : []));
      const [own, marked] = masquerading as [number, number];
      expect(masquerading.length).toBe(2);
      // Of a connection to the pod itself, which no tunnel carries.
      expect(rules[own]).toContain('--ctstate DNAT -m bpf');
      expect(rules.slice(own + 1, marked)).toEqual([
        `-m mark ! --mark ${mask}/${mask} -j RETURN`,
        `-j MARK --set-xmark 0x0/${mask}`,
      ]);
    }
  });

  const doors = table(
    [
      allDoors(1, { loadBalancerSourceRanges: ['203.0.113.0/25', '192.168.10.0/24'] }),
      allDoors(2, { externalTrafficPolicy: 'Local', healthCheckNodePort: 31_002 }),
      allDoors(3, { sessionAffinity: 'ClientIP', internalTrafficPolicy: 'Local' }),
      allDoors(4),
    ],
    [...bothFamilies(1), ...bothFamilies(2), ...bothFamilies(3)],
  );
  // 10 % for two of five, one of the others counts half
  const canary = table(
    [service('cart', '10.96.0.9')],
    [slice('cart', ['10.244.1.1', '10.244.1.2', '10.244.1.3', '10.244.1.4', '10.244.1.5'])],
    [
      {
        ...weight('cart', 'canary', 0),
        spec: { service: 'cart', backends: { podNames: ['cart-2', 'cart-4'] }, share: 10 },
      },
      weight('cart', 'cart-5', 50),
    ],
  );
  const small = table(
    [service('cart', '10.96.0.9'), service('empty', '10.96.0.10')],
    [slice('cart', ['10.244.1.1', '10.244.2.2', '10.244.3.3'])],
    [weight('cart', 'cart-3', 50)],
  );
  const configured: CompileOptions = {
    ...OPTIONS,
    localDetect: { kind: 'interfacePrefix', prefix: 'cni' },
    masqueradeAll: true,
    masqueradeMark: 0x4000,
    nodePortAddresses: ['192.168.10.0/24', '10.0.0.0/8'],
    localhostNodePorts: false,
    dropInvalid: false,
  };

  it.each([
    ['small-city.rules', small, OPTIONS],
    ['canary.rules', canary, OPTIONS],
    ['all-doors-ipv4.rules', doors, OPTIONS],
    ['all-doors-ipv6.rules', doors, OPTIONS_IPV6],
    ['configured.rules', doors, configured],
  ] as const)('%s', (name, city, options) => expectGolden(name, textOf(compile(city, options))));

  it('names are stable, bounded and unique', () => {
    const names = new Set<string>();
    for (let i = 0; i < 20_000; i++) {
      const name = servicePortChain('S', { id: `namespace-${i % 7}/service-${i}:http/TCP` });
      expect(name).toMatch(/^CITY-S-[A-Z2-7]{10}(-[a-zA-Z0-9.-]*[a-zA-Z0-9])?$/);
      expect(name.length).toBeLessThanOrEqual(28);
      names.add(name);
    }
    expect(names.size).toBe(20_000);
    expect(servicePortChain('S', { id: 'a/bc:/TCP' })).not.toBe(servicePortChain('S', { id: 'ab/c:/TCP' }));
    const port = { id: 'shop/a-service-with-a-name-as-long-as-it-may-be:http/TCP/IPv6', family: 'IPv6' } as const;
    const set = affinitySet(port, { address: 'fd00:244:0:1:ffff:ffff:ffff:ffff', port: 8080 });
    expect(set.length).toBeLessThanOrEqual(31);
  });

  it('keeps every chain name within 28 characters, whatever the addresses', () => {
    const city = table(
      Array.from({ length: 200 }, (_, i) => ({
        ...allDoors(1),
        metadata: { namespace: 'shop', name: `wide${i}` },
        spec: {
          clusterIP: `fd00:96:${i}:ffff:ffff:ffff:ffff:${i}`,
          clusterIPs: [`fd00:96:${i}:ffff:ffff:ffff:ffff:${i}`],
          ports: [{ port: 80 }],
        },
      })),
      [],
    );
    const names = [...compile(city, OPTIONS_IPV6).chains.filter.keys()];
    expect(names.filter((name) => name.startsWith('CITY-R-')).length).toBeGreaterThan(5);
    expect(names.filter((name) => name.length > 28)).toEqual([]);
  });
});

describe('an incremental compiler', () => {
  it.each([OPTIONS, OPTIONS_IPV6])('always has the text of one that starts from nothing ($family)', (options) => {
    fc.assert(
      fc.property(cityEvents, (events) => {
        const city = new RandomCity();
        const compiler = new Compiler(options);
        let before = new Map(compiler.ruleset.chains.nat);
        for (const event of events) {
          city.apply(event);
          const { table, changed } = city.tracker.take();
          const touched = compiler.update(table.servicePorts, changed);
          const full = compile(city.anew().take().table, options);
          expect(textOf(compiler.ruleset)).toBe(textOf(full));
          expect([...compiler.ruleset.sets].sort()).toEqual([...full.sets].sort());
          const after = new Map(compiler.ruleset.chains.nat);
          const different = [...new Set([...before.keys(), ...after.keys()])].filter(
            (name) => before.get(name)?.join('\n') !== after.get(name)?.join('\n'),
          );
          // A first time also tells the chains that were there from the beginning.
          for (const name of different) expect(touched.nat.has(name), name).toBe(true);
          before = after;
        }
      }),
      { seed: 20261122, numRuns: 60 },
    );
  });

  it('compiles everything anew when its options change', () => {
    const city = table([allDoors(2, { externalTrafficPolicy: 'Local' })], bothFamilies(2));
    const compiler = new Compiler(OPTIONS);
    compiler.update(city.servicePorts, city.servicePorts.keys());
    const options: CompileOptions = {
      ...OPTIONS,
      localDetect: { kind: 'bridge', name: 'cbr0' },
      nodePortAddresses: ['10.0.0.0/8'],
    };
    compiler.configure(options);
    compiler.update(city.servicePorts, []);
    expect(textOf(compiler.ruleset)).toBe(textOf(compile(city, options)));
  });
});

describe('budgets at 10,000 Services', () => {
  const services = Array.from({ length: 10_000 }, (_, i) =>
    service(`s${i}`, `10.96.${Math.floor(i / 250)}.${(i % 250) + 1}`),
  );
  const slices = services.map((s, i) =>
    slice(s.metadata.name, [`10.244.1.${(i % 250) + 1}`, `10.244.2.${(i % 250) + 1}`]),
  );
  const compiler = new Compiler(OPTIONS);
  const { servicePorts } = table(services, slices);
  compiler.update(servicePorts, servicePorts.keys());

  const rulesTo = (destination: string) =>
    medianRules(walk(compiler.ruleset, { from: 'pod', source: '10.244.9.9', destination, protocol: 'tcp', port: 80 }));

  it('the median first packet passes at most 40 rules, none more than 80', () => {
    const passed = services.filter((_, i) => i % 41 === 0).map((s) => rulesTo(s.spec?.clusterIP ?? ''));
    passed.sort((a, b) => a - b);
    expect(passed[Math.floor(passed.length / 2)]).toBeLessThanOrEqual(40);
    expect(passed.at(-1)).toBeLessThanOrEqual(80);
  });

  it('one chain a Service, and less than a tenth more for the tree', () => {
    const { chains, rules } = countRules(compiler.ruleset);
    expect(chains).toBeLessThan(11_000);
    expect(rules).toBeLessThan(10_000 * 4.2);
  });

  it('one endpoint changed rewrites one chain', () => {
    const key = 'shop/s5000:http/TCP';
    const changed = table([service('s5000', '10.96.20.1')], [slice('s5000', ['10.244.1.77'])]).servicePorts;
    const touched = compiler.update(new Map([...servicePorts, ...changed]), [key]);
    expect([touched.nat.size, touched.filter.size]).toEqual([1, 0]);
  });

  it('many Services on one address are found by port', () => {
    const sharing = Array.from({ length: 1000 }, (_, i) => ({
      metadata: { namespace: 'shop', name: `p${i}` },
      spec: {
        clusterIP: `10.97.${Math.floor(i / 250)}.${(i % 250) + 1}`,
        externalIPs: ['198.51.100.20'],
        ports: [{ name: 'http', port: 1000 + i }],
      },
    }));
    const ruleset = compile(
      table(
        sharing,
        sharing.map(({ metadata }) => slice(metadata.name, ['10.244.1.1'])),
      ),
      OPTIONS,
    );
    const passed = [1000, 1500, 1999].map((port) =>
      medianRules(
        walk(ruleset, { from: 'external', source: '203.0.113.7', destination: '198.51.100.20', protocol: 'tcp', port }),
      ),
    );
    expect(Math.max(...passed)).toBeLessThanOrEqual(60);
  });
});
