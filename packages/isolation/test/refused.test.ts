import { describe, expect, it } from 'vitest';
import { IsolationCompiler, parseMemories } from '../src/index.ts';
import { smallCity } from './small-city.ts';

describe('what the kernel remembers of refusals', () => {
  it('is read in both families, and nothing that is no such line', () => {
    const text = [
      '9 10.0.1.2:0->10.0.2.2:80 4398046511104 687194765000000 137438953000000',
      '-1 fd01:0000:0000:0000:0000:0000:0000:0002:0->fd02:0000:0000:0000:0000:0000:0000:0003:53 1 2 3',
      'nonsense',
      '',
    ].join('\n');
    expect(parseMemories(text)).toEqual([
      { seconds: 9, from: '10.0.1.2', to: '10.0.2.2', port: 80 },
      {
        seconds: -1,
        from: 'fd01:0000:0000:0000:0000:0000:0000:0002',
        to: 'fd02:0000:0000:0000:0000:0000:0000:0003',
        port: 53,
      },
    ]);
  });
});

describe('what counters of gates mean', () => {
  const compiler = new IsolationCompiler({ family: 'IPv4', refusal: 'drop', closedRanges: [] });
  compiler.update(smallCity('node-a').take());
  const gates = [...compiler.countedGates()];

  it('is told for each rule of each chain, the refusal last', () => {
    expect(gates).toHaveLength(4);
    for (const { chain, rules, by, direction } of gates) {
      expect(rules).toBe(compiler.ruleset.chains.filter.get(chain));
      expect(rules).toHaveLength(by.length + 1);
      expect(rules.at(-1)).toMatch(/ -g CITY-JREFUSED$/);
      for (const [i, policies] of by.entries()) {
        for (const policy of policies) expect(rules[i]).toContain(`${policy} ${direction} `);
      }
    }
  });

  it('names the policies that close, and the pods behind it', () => {
    const ledgers = gates.find(({ direction, pods }) => direction === 'ingress' && pods.size === 2);
    expect([...(ledgers?.pods ?? [])].sort()).toEqual(['pay/ledger', 'pay/ledger-2']);
    expect(ledgers?.policies).toEqual(['pay/closed', 'pay/ledger']);
    expect(ledgers?.by).toEqual([['pay/ledger'], ['pay/ledger'], ['pay/ledger'], ['pay/ledger']]);
  });
});
