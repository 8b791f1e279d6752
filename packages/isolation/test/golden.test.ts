import { readFileSync, writeFileSync } from 'node:fs';
import { changesOf, renderRestore } from '@kubecity/ruleset';
import { describe, expect, it } from 'vitest';
import { IsolationCompiler, type IsolationOptions, renderSets } from '../src/index.ts';
import { smallCity } from './small-city.ts';

/** Everything that the kernel is given for a small city, in the order in which it is given. */
function kernelText(options: IsolationOptions): string {
  const compiler = new IsolationCompiler(options);
  const { chains, sets } = compiler.update(smallCity('node-a').take());
  const { prepare, widen, discard } = renderSets(sets);
  const { ruleset } = compiler;
  const jumps = ruleset.jumps.map(({ from, rule }) => `-I ${from} 1 ${rule}\n`).join('');
  return [prepare, ...renderRestore(changesOf(ruleset, chains)), jumps, widen, discard].join('');
}

describe('the kernel text of a small city', () => {
  it.each([
    ['small-city-ipv4', { family: 'IPv4', refusal: 'drop', closedRanges: ['10.244.1.0/24'] }],
    ['small-city-ipv6', { family: 'IPv6', refusal: 'reject', closedRanges: [] }],
  ] as const)('is as in %s', (name, options) => {
    const file = new URL(`../testdata/${name}.rules`, import.meta.url);
    const text = kernelText(options);
    if (process.env.UPDATE_GOLDEN) writeFileSync(file, text);
    expect(text).toBe(readFileSync(file, 'utf8'));
  });

  it('has names that the kernel takes', () => {
    for (const family of ['IPv4', 'IPv6'] as const) {
      const compiler = new IsolationCompiler({ family, refusal: 'drop', closedRanges: [] });
      compiler.update(smallCity('node-a').take());
      for (const chain of compiler.ruleset.chains.filter.keys()) expect(chain).toMatch(/^CITY-.{1,23}$/);
      for (const set of compiler.sets.keys()) expect(set).toMatch(/^CITY-I[46]-.{1,23}$/);
    }
  });
});
