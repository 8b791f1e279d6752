import { describe, expect, it } from 'vitest';
import { playPolicyCase } from '../src/testing/index.ts';
import { policyCases } from './case-file.ts';

describe('the cases of network-policy.json, through judge', () => {
  const cases = policyCases();

  it('are all there, with the change steps', () => {
    expect(cases).toHaveLength(72);
    expect(cases.flatMap(({ steps = [] }) => steps)).toHaveLength(11);
  });

  it.each(cases.map((one) => [one.id, one.title, one] as const))('%s %s', (_id, _title, one) => {
    const outcomes = playPolicyCase(one);
    expect(outcomes.length).toBeGreaterThan(0);
    expect(outcomes.filter(({ probe, got }) => got !== probe.expect)).toEqual([]);
  });
});
