import { describe, expect, it } from 'vitest';
import { walkPlayer } from '../cases/player.ts';
import { randomCase } from '../cases/random-case.ts';
import { runCases } from '../cases/run.ts';

describe('a case made by chance', () => {
  it('is the same for the same seed, and another for another', async () => {
    const [first, again, other] = [await randomCase(7, 4), await randomCase(7, 4), await randomCase(8, 4)];
    expect(again).toEqual(first);
    expect(other.services).not.toEqual(first.services);
  });

  it('has every ending, every kind of client, both families and all protocols', async () => {
    const { flows } = await randomCase(1);
    const kinds = (of: (flow: (typeof flows)[number]) => string) => [...new Set(flows.map(of))].sort();
    expect(kinds(({ expect: { verdict } }) => verdict)).toEqual(['accept', 'dnat', 'drop', 'none', 'reject']);
    expect(kinds(({ from }) => from.kind)).toEqual(['external', 'node', 'pod']);
    expect(kinds(({ to }) => to.proto)).toEqual(['SCTP', 'TCP', 'UDP']);
    expect(kinds(({ to }) => (to.ip.includes(':') ? 'IPv6' : 'IPv4'))).toEqual(['IPv4', 'IPv6']);
    expect(flows.some(({ history, expect: { backends } }) => history.length > 0 && backends.length === 1)).toBe(true);
  });

  it('expects of each flow what the walk says', async () => {
    const each = await randomCase(3, 8);
    const lines: string[] = [];
    const totals = await runCases(walkPlayer, [each], (line) => lines.push(line));
    expect(lines).toEqual([]);
    expect(totals).toEqual({ passed: each.flows.length, failed: 0, skipped: 0 });
  });
});
