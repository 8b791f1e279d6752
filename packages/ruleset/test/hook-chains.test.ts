import { expect, it } from 'vitest';
import { compile, explain, hookChains, parseSaveAll, rulesetOf, stateOf, TABLES } from '../src/index.ts';
import { OPTIONS, service, slice, table } from './city-fixture.ts';

const ruleset = compile(table([service('cart', '10.96.0.10')], [slice('cart', ['10.244.0.5'])]), OPTIONS);

/** As iptables-save prints it, with rules of others around our jumps. */
function saved(): string {
  const { chains, jumps } = stateOf(ruleset);
  return TABLES.map((name) => {
    const hooks = name === 'nat' ? ['PREROUTING', 'OUTPUT', 'POSTROUTING'] : ['INPUT', 'FORWARD', 'OUTPUT'];
    return [
      `*${name}`,
      ...hooks.map((hook) => `:${hook} ${hook === 'FORWARD' ? 'DROP' : 'ACCEPT'} [0:0]`),
      ':FOREIGN - [0:0]',
      ...[...chains[name].keys()].map((chain) => `:${chain} - [0:0]`),
      ...(name === 'filter' ? ['-A FORWARD -i docker0 -j ACCEPT'] : []),
      ...jumps[name].map((jump) => `-A ${jump}`),
      ...hooks.map((hook) => `-A ${hook} -j FOREIGN`),
      '-A FOREIGN -s 192.0.2.1/32 -j DROP',
      ...[...chains[name]].flatMap(([chain, rules]) => rules.map((rule) => `-A ${chain} ${rule}`)),
      'COMMIT',
      '',
    ].join('\n');
  }).join('');
}

it('counts the rules of others around ours, and tells the policy', () => {
  const found = Object.fromEntries(hookChains(saved()).map((hook) => [`${hook.table} ${hook.chain}`, hook]));
  expect(found['filter FORWARD']).toEqual({ table: 'filter', chain: 'FORWARD', policy: 'DROP', before: 1, after: 1 });
  expect(found['nat POSTROUTING']).toMatchObject({ policy: 'ACCEPT', before: 0, after: 1 });
  expect(found['filter FOREIGN']).toBeUndefined();
  expect(hookChains('*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -j FOREIGN\nCOMMIT\n')).toEqual([
    { table: 'nat', chain: 'PREROUTING', policy: 'ACCEPT', before: 0, after: 1 },
  ]);
  expect(hookChains('')).toEqual([]);
});

it('walks what a kernel holds as what was compiled', () => {
  const packet = { from: 'pod', source: '10.244.0.9', destination: '10.96.0.10', protocol: 'tcp', port: 80 } as const;
  const world = { localAddresses: [], sets: new Map() };
  const read = explain(rulesetOf(parseSaveAll(saved()), 'IPv4'), packet, world);
  expect(read).toEqual(explain(ruleset, packet, world));
  expect(read.ends).toEqual([expect.objectContaining({ to: '10.244.0.5:8080', chance: 1 })]);
});
