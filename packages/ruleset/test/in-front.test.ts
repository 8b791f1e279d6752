import { type ServicePort, steeredPorts, textHash } from '@kubecity/routing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type CompileOptions,
  Compiler,
  LEASE,
  type Packet,
  type Ruleset,
  routesAll,
  stateOf,
  type Verdict,
  type World,
  walk,
} from '../src/index.ts';
import { OPTIONS, OPTIONS_IPV6, service, slice, table, weight } from './city-fixture.ts';
import { cityEvents, RandomCity } from './random-city.ts';

const FOREIGN = { IPv4: '203.0.113.99:1', IPv6: '[2001:db8::99]:1' };
const inFront = (options: CompileOptions): CompileOptions => ({ ...options, inFront: true });

/** Behind ours stand the rules of somebody who takes whatever he gets. */
function withForeign(ruleset: Ruleset): Ruleset {
  const to = FOREIGN[ruleset.family].replaceAll(/[[\]]/g, ruleset.family === 'IPv6' ? '$&' : '');
  const rules = ['tcp', 'udp', 'sctp'].map((protocol) => `-p ${protocol} -j DNAT --to-destination ${to}`);
  const nat = new Map([...ruleset.chains.nat, ['FOREIGN', rules]]);
  const jumps = ['PREROUTING', 'OUTPUT'].map((from) => ({ table: 'nat', from, rule: '-j FOREIGN' }) as const);
  return { ...ruleset, chains: { ...ruleset.chains, nat }, jumps: [...ruleset.jumps, ...jumps] };
}

function doorsOf(port: ServicePort, node: string): (readonly [string, number])[] {
  return [
    ...[port.clusterIP, ...port.externalIPs, ...port.loadBalancerIPs].map((address) => [address, port.port] as const),
    ...(port.nodePort === undefined ? [] : [[node, port.nodePort] as const]),
  ];
}

function packetsTo(port: ServicePort, [destination, number]: readonly [string, number]): Packet[] {
  const six = port.family === 'IPv6';
  const common = { destination, port: number, protocol: port.protocol.toLowerCase() as Packet['protocol'] };
  return [
    { from: 'pod', source: six ? 'fd00:244:0:1::9' : '10.244.1.9', ...common },
    { from: 'external', source: six ? '2001:db8:ff::1' : '203.0.113.200', ...common },
    { from: 'external', source: six ? '2001:db8::7' : '203.0.113.7', ...common },
    { from: 'node', source: six ? '2001:db8:10::11' : '192.168.10.11', ...common },
  ];
}

const said = (verdicts: readonly Verdict[]) =>
  verdicts.map(({ kind, to, masquerade, chance }) => ({ kind, to, masquerade, chance }));

describe('in front of another Service proxy', () => {
  it.each([OPTIONS, OPTIONS_IPV6])(
    'a steered port behaves as if it stood alone, all others are left ($family)',
    (options) => {
      const node = options.nodeAddresses[0] as string;
      const alive: World = { localAddresses: [node], sets: new Map([[LEASE[options.family], new Set([node])]]) };
      const dead: World = { localAddresses: [node], sets: new Map() };
      let seen = 0;
      fc.assert(
        fc.property(cityEvents, fc.integer({ min: 0, max: 3 }), (events, share) => {
          const city = new RandomCity();
          for (const event of events) city.apply(event);
          const { servicePorts } = city.tracker.take().table;
          const ports = [...servicePorts.values()].filter(({ family }) => family === options.family);
          // Any will do, also such as no override would be accepted for.
          const chosen = [...servicePorts].filter(([id]) => (textHash(id)[0] & 3) <= share);
          const steered = new Map([...chosen, ...steeredPorts(servicePorts)]);
          const all = new Compiler(options);
          all.update(servicePorts, servicePorts.keys());
          const some = new Compiler(inFront(options));
          some.update(steered, steered.keys());
          const foreign = withForeign(some.ruleset);

          for (const id of steered.keys()) {
            for (const chain of all.placesOf([id]).own) {
              const rules = some.ruleset.chains.nat.get(chain) ?? [];
              expect(rules.filter((rule) => rule !== '-g CITY-CLOSED')).toEqual(all.ruleset.chains.nat.get(chain));
            }
          }
          const names = (port: ServicePort) => doorsOf(port, node).map((door) => `${port.protocol} ${door.join(' ')}`);
          const owners = Map.groupBy(
            ports.flatMap((port) => names(port).map((name) => ({ name, port }))),
            ({ name }) => name,
          );
          for (const port of ports) {
            for (const [i, door] of doorsOf(port, node).entries()) {
              // Two Services on one address and port are nobody's to tell apart.
              if (owners.get(names(port)[i] as string)?.length !== 1) continue;
              for (const packet of packetsTo(port, door)) {
                const taken = said(walk(foreign, packet, alive));
                const elsewhere = [{ kind: 'dnat', to: FOREIGN[port.family], masquerade: false, chance: 1 }];
                expect(taken).toEqual(steered.has(port.id) ? said(walk(all.ruleset, packet, alive)) : elsewhere);
                expect(said(walk(foreign, packet, dead))).toEqual(elsewhere);
                seen += Number(steered.has(port.id));
              }
            }
          }
        }),
        { seed: 20261123, numRuns: 150 },
      );
      expect(seen).toBeGreaterThan(1000);
    },
  );

  it('only the way in is guarded: what open connections need stays when the lease is over', () => {
    const { jumps } = new Compiler(inFront(OPTIONS)).ruleset;
    const guarded = jumps.filter(({ rule }) => rule.includes(`--match-set ${LEASE.IPv4} dst`));
    expect(guarded.map(({ from, rule }) => `${from} ${rule.slice(rule.indexOf('-j'))}`).sort()).toEqual([
      'FORWARD -j CITY-EXTERNAL',
      'FORWARD -j CITY-GUARD',
      'FORWARD -j CITY-REFUSE',
      'INPUT -j CITY-EXTERNAL',
      'INPUT -j CITY-GUARD',
      'INPUT -j CITY-REFUSE',
      'OUTPUT -j CITY-GUARD',
      'OUTPUT -j CITY-REFUSE',
      'OUTPUT -j CITY-SERVICES',
      'PREROUTING -j CITY-SERVICES',
    ]);
  });

  it('tells rules that route every Service from those that stand in front', () => {
    const compiler = new Compiler(OPTIONS);
    expect(routesAll(stateOf(compiler.ruleset))).toBe(true);
    compiler.configure(inFront(OPTIONS));
    compiler.update(new Map(), []);
    expect(routesAll(stateOf(compiler.ruleset))).toBe(false);
    expect(compiler.ruleset.chains.nat.has('CITY-CLOSED')).toBe(true);
    compiler.configure(OPTIONS);
    compiler.update(new Map(), []);
    expect(compiler.ruleset.chains.nat.has('CITY-CLOSED')).toBe(false);
  });

  it('a gateway is let in to no closed door, though its address is that of an open one', () => {
    const two = [
      { name: 'http', port: 80 },
      { name: 'none', port: 81 },
    ];
    const { servicePorts } = table(
      [service('cart', '10.96.0.9', two)],
      [slice('cart', ['10.244.1.1'])],
      [weight('cart', 'cart-1', 50)],
    );
    const compiler = new Compiler(inFront(OPTIONS));
    compiler.update(servicePorts, servicePorts.keys());
    const world = { localAddresses: [], sets: new Map([[LEASE.IPv4, new Set(['x'])]]) };
    const packet = { from: 'external', source: '203.0.113.7', destination: '10.96.0.9', protocol: 'tcp' } as const;
    const end = (port: number) => walk(withForeign(compiler.ruleset), { ...packet, port }, world)[0];
    expect([end(80)?.kind, end(80)?.masquerade]).toEqual(['dnat', true]);
    expect(end(81)?.kind).toBe('reject');
    // As kube-proxy has it in IPVS mode, and its own hooks come after filter.
    const bound = { ...world, localAddresses: ['10.96.0.9'] };
    const onNode = (port: number) => walk(compiler.ruleset, { ...packet, port }, bound)[0]?.kind;
    expect([onNode(80), onNode(81)]).toEqual(['dnat', 'reject']);
  });
});
