import { describe, expect, it } from 'vitest';
import { PROTOCOLS, type RulesReport, reportFor, versionSkew } from '../src/index.ts';

describe('versions of an agent and the hub', () => {
  it.each([
    ['0.1.0', '0.1.9', undefined],
    ['0.1.0', '0.2.0', { is: 'older', supported: true }],
    ['v0.3.1', '0.2.0', { is: 'newer', supported: true }],
    ['0.1.0-dev+7', '0.3.0', { is: 'older', supported: false }],
    ['1.0.0', '0.9.0', { is: 'newer', supported: false }],
    ['0.10.0', '0.9.0', { is: 'newer', supported: true }],
    ['whatever', '0.9.0', undefined],
    ['', '0.9.0', undefined],
  ])('%s beside %s: %j', (theirs, ours, skew) => {
    expect(versionSkew(theirs, ours)).toEqual(skew);
  });
});

describe('a report', () => {
  const report = (mode: string) => ({ at: 1, mode, inSync: true, acknowledged: [] }) as unknown as RulesReport;

  it('goes as it is to a hub of our time', () => {
    for (const mode of ['observe', 'steer', 'replace'])
      expect(reportFor(PROTOCOLS[0] ?? 0, report(mode))).toEqual(report(mode));
  });

  it('names to a hub of protocol 2 no mode that it would refuse, and no agreement that there is not', () => {
    expect(reportFor(2, report('replace'))).toEqual(report('replace'));
    expect(reportFor(2, report('steer'))).toEqual({ ...report('replace') });
    const told = reportFor(2, report('observe'));
    expect([told.mode, told.inSync, told.error]).toEqual(['replace', false, expect.stringContaining('only observes')]);
  });
});
