import { FakeNetfilter } from '@kubecity/netfilter/testing';
import { type KubeService, RoutingTracker } from '@kubecity/routing';
import { Compiler, diff, EMPTY_KERNEL, renderRestore, servicePortChain, stateOf } from '@kubecity/ruleset';
import { beforeEach, expect, it } from 'vitest';
import { readServiceRules } from '../src/rules/service-rules.ts';
import { OPTIONS, service, slice } from './rule-world.ts';

const front: KubeService = service('front', '10.96.0.11', {
  type: 'NodePort',
  ports: [{ name: 'http', port: 80, nodePort: 30_080 }],
  externalIPs: ['198.51.100.9'],
});
const netfilter = new FakeNetfilter();
const compiler = new Compiler(OPTIONS);
const families = new Map([['IPv4', { compiler, netfilter }] as const]);

beforeEach(async () => {
  const tracker = new RoutingTracker({ name: 'node-a' });
  tracker.setService(service('cart', '10.96.0.10'));
  tracker.setEndpointSlice(slice('cart', '10.244.1.1', '10.244.1.2'));
  tracker.setService(front);
  tracker.setEndpointSlice(slice('front', '10.244.1.3'));
  tracker.setService(service('empty', '10.96.0.12'));
  const { table, changed } = tracker.take();
  compiler.update(table.servicePorts, changed);
  await netfilter.restore(renderRestore(diff(EMPTY_KERNEL, stateOf(compiler.ruleset))));
});

async function read(name: string) {
  const answer = await readServiceRules(families, name, 7);
  if (answer.kind !== 'rules') return answer;
  return answer.chains.map(
    ({ table, chain, rules }) => `${table} ${chain}: ${rules.map(({ rule }) => rule).join(' ; ')}`,
  );
}

it('tells the chains of a Service and the rules that lead to them, and nothing of others', async () => {
  const chain = (kind: 'E' | 'S') => servicePortChain(kind, { id: 'shop/front:http/TCP' });
  const told = await read('shop/front');
  expect(told).toEqual([
    expect.stringMatching(new RegExp(`^nat CITY-ADDRESSES: .*-d 10.96.0.11/32 .*-g ${chain('S')}.*-g ${chain('E')}$`)),
    expect.stringMatching(new RegExp(`^nat CITY-NODEPORTS: [^;]*--dport 30080 [^;]*-g ${chain('E')}$`)),
    expect.stringMatching(new RegExp(`^nat ${chain('S')}: .*--to-destination 10.244.1.3:8080$`)),
    expect.stringMatching(new RegExp(`^nat ${chain('E')}: .*-g ${chain('S')}$`)),
  ]);
  expect(String(told)).not.toContain('cart');
});

it('tells of a Service without backends by what refuses for it', async () => {
  expect(await read('shop/empty')).toEqual([expect.stringMatching(/^filter CITY-REFUSE: .*10\.96\.0\.12.*REJECT/)]);
});

it('shows the kernel as it is, not as it should be', async () => {
  const chain = servicePortChain('S', { id: 'shop/cart:http/TCP' });
  netfilter.meddle('nat', (chains) => {
    chains.set(chain, ['-j DROP']);
    chains.get('CITY-ADDRESSES')?.unshift(`-s 192.0.2.1/32 -g ${chain}`);
  });
  const [doors, own] = (await read('shop/cart')) as string[];
  expect(doors).toContain(`-s 192.0.2.1/32 -g ${chain} ; `);
  expect(own).toBe(`nat ${chain}: -j DROP`);
});

it('tells beside it what is wished, also where the kernel has nothing', async () => {
  const chain = servicePortChain('S', { id: 'shop/cart:http/TCP' });
  const wished = compiler.ruleset.chains.nat.get(chain);
  expect(wished).toHaveLength(2);
  netfilter.meddle('nat', (chains) => chains.delete(chain));
  netfilter.meddle('nat', (chains) => chains.set('CITY-ADDRESSES', []));
  expect(await readServiceRules(families, 'shop/cart', 7)).toEqual({
    kind: 'rules',
    at: 7,
    truncated: false,
    chains: [
      { family: 'IPv4', table: 'nat', chain: 'CITY-ADDRESSES', rules: [], wished: [expect.stringContaining(chain)] },
      { family: 'IPv4', table: 'nat', chain, rules: [], wished },
    ],
  });
});

it('does not know what is not routed here', async () => {
  expect(await read('shop/nothing')).toEqual({
    ...{ kind: 'refused', code: 'not-found', message: 'shop/nothing: no Service that is routed here' },
  });
});
