import { describe, expect, it } from 'vitest';
import {
  Compiler,
  countRules,
  DEFAULT_MASQUERADE_MARK,
  diff,
  EMPTY_KERNEL,
  renderRestore,
  servicePortChain,
  stateOf,
  walk,
} from '../src/index.ts';
import { CLUSTER_CIDR, service, slice, table, weight } from './city-fixture.ts';

const options = { clusterCidr: CLUSTER_CIDR, masqueradeMark: DEFAULT_MASQUERADE_MARK };

describe('kernel text', () => {
  it('of a small city is exactly this', () => {
    const small = table(
      [service('cart', '10.96.0.9'), service('empty', '10.96.0.10')],
      [slice('cart', ['10.244.1.1', '10.244.2.2', '10.244.3.3'])],
      [weight('cart', 'cart-3', 50)],
    );
    const ruleset = new Compiler(options).compile(small);
    expect(renderRestore(diff(EMPTY_KERNEL, stateOf(ruleset)))).toMatchInlineSnapshot(`
      "*filter
      :CITY-REFUSE - [0:0]
      -A CITY-REFUSE -d 10.96.0.10/32 -p tcp -m tcp --dport 80 -m comment --comment "shop/empty:http" -j REJECT --reject-with icmp-port-unreachable
      -I FORWARD 1 -m conntrack --ctstate NEW -j CITY-REFUSE
      -I OUTPUT 1 -m conntrack --ctstate NEW -j CITY-REFUSE
      COMMIT
      *nat
      :CITY-S-DS6X5Y6D3J-cart.http - [0:0]
      :CITY-SERVICES - [0:0]
      :CITY-POSTROUTING - [0:0]
      -A CITY-S-DS6X5Y6D3J-cart.http ! -s 10.244.0.0/16 -j MARK --set-xmark 0x2000/0x2000
      -A CITY-S-DS6X5Y6D3J-cart.http -p tcp -m statistic --mode random --probability 0.39999999991 -j DNAT --to-destination 10.244.1.1:8080
      -A CITY-S-DS6X5Y6D3J-cart.http -p tcp -m statistic --mode random --probability 0.66666666651 -j DNAT --to-destination 10.244.2.2:8080
      -A CITY-S-DS6X5Y6D3J-cart.http -p tcp -j DNAT --to-destination 10.244.3.3:8080
      -A CITY-SERVICES -d 10.96.0.9/32 -p tcp -m tcp --dport 80 -m comment --comment "shop/cart:http" -g CITY-S-DS6X5Y6D3J-cart.http
      -A CITY-POSTROUTING -m conntrack --ctstate DNAT -m bpf --bytecode "6,32 0 0 12,7 0 0 0,32 0 0 16,29 0 1 0,6 0 0 65535,6 0 0 0" -j MASQUERADE --random-fully
      -A CITY-POSTROUTING -m mark ! --mark 0x2000/0x2000 -j RETURN
      -A CITY-POSTROUTING -j MARK --set-xmark 0x0/0x2000
      -A CITY-POSTROUTING -j MASQUERADE --random-fully
      -I PREROUTING 1 -j CITY-SERVICES
      -I OUTPUT 1 -j CITY-SERVICES
      -I POSTROUTING 1 -j CITY-POSTROUTING
      COMMIT
      "
    `);
  });

  it('names are stable, bounded and unique', () => {
    const names = new Set<string>();
    for (let i = 0; i < 20_000; i++) {
      const name = servicePortChain(`namespace-${i % 7}/service-${i}:http/TCP`);
      expect(name.length).toBeLessThanOrEqual(28);
      expect(name).toMatch(/^CITY-S-[A-Z2-7]{10}(-[a-zA-Z0-9.-]*[a-zA-Z0-9])?$/);
      names.add(name);
    }
    expect(names.size).toBe(20_000);
    expect(servicePortChain('shop/cart:http/TCP')).toBe(servicePortChain('shop/cart:http/TCP'));
    expect(servicePortChain('a/bc:/TCP')).not.toBe(servicePortChain('ab/c:/TCP'));
  });
});

describe('budgets at 10,000 Services', () => {
  const services = Array.from({ length: 10_000 }, (_, i) =>
    service(`s${i}`, `10.96.${Math.floor(i / 250)}.${(i % 250) + 1}`),
  );
  const slices = services.map((s, i) =>
    slice(s.metadata.name, [`10.244.1.${(i % 250) + 1}`, `10.244.2.${(i % 250) + 1}`]),
  );
  const compiler = new Compiler(options);
  const before = compiler.compile(table(services, slices));

  it('a first packet meets a few tens of rules, not thousands', () => {
    let worst = 0;
    for (let i = 0; i < 10_000; i += 97) {
      const address = services[i]?.spec?.clusterIP ?? '';
      worst = Math.max(worst, rulesMet(before, address));
      expect(
        walk(before, { hook: 'PREROUTING', source: '10.244.9.9', destination: address, protocol: 'tcp', port: 80 })
          .length,
      ).toBe(2);
    }
    expect(worst).toBeLessThanOrEqual(64);
  });

  it('grows by one chain and three rules a Service, and little more for the tree', () => {
    const { chains, rules } = countRules(before);
    expect(chains).toBeLessThan(10_000 * 1.15);
    expect(rules).toBeLessThan(10_000 * 4.2);
  });

  it('one endpoint changed rewrites one chain', () => {
    const changed = slices.map((s, i) => (i === 5000 ? slice('s5000', ['10.244.1.77']) : s));
    const after = compiler.compile(table(services, changed));
    const transaction = diff(stateOf(before), stateOf(after));
    expect({ chains: transaction.chains, rules: transaction.rules }).toEqual({ chains: 1, rules: 2 });
  });
});

/** Rules that a packet to this address is compared with in the dispatch tree. */
function rulesMet(ruleset: ReturnType<Compiler['compile']>, address: string): number {
  let met = 0;
  let chain: string | undefined = 'CITY-SERVICES';
  while (chain?.startsWith('CITY-T-') || chain === 'CITY-SERVICES') {
    let next: string | undefined;
    for (const rule of ruleset.chains.nat.get(chain)?.rules ?? []) {
      met++;
      const cidr = rule.matches.find((match) => match.kind === 'destination')?.cidr;
      if (cidr === undefined || !within(address, cidr)) continue;
      next = rule.target.kind === 'goto' ? rule.target.chain : undefined;
      break;
    }
    chain = next;
  }
  return met;
}

function within(address: string, cidr: string): boolean {
  const [base = '', bits = '32'] = cidr.split('/');
  const number = (text: string) => text.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
  const size = 2 ** (32 - Number(bits));
  return Math.floor(number(address) / size) === Math.floor(number(base) / size);
}
