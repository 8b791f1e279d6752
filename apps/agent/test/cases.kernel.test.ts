import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KernelPlayer } from '../cases/kernel/kernel-player.ts';
import { randomCase } from '../cases/random-case.ts';
import { runCases } from '../cases/run.ts';
import { casesOf, FILES, SKIPPED, wrong } from './cases-files.ts';

let player: KernelPlayer;
beforeAll(async () => {
  player = await KernelPlayer.open();
});
afterAll(() => player.close());

async function play(each: ReturnType<typeof casesOf>[number]) {
  const lines: string[] = [];
  const totals = await runCases(player, [each], (line) => lines.push(line));
  return { lines, totals };
}

describe.each(FILES)('%s with real packets', (file) => {
  it.each(casesOf(file).map((each) => [each.id, each] as const))('%s', async (id, each) => {
    const { lines, totals } = await play(each);
    expect(lines).toEqual(id in SKIPPED ? [`kernel skipped ${id}: ${SKIPPED[id]}`] : []);
    expect(totals.passed + totals.skipped).toBeGreaterThan(0);
  });
});

it('every door of a case made by chance is in the kernel what the walk says it is', async () => {
  const { lines, totals } = await play(await randomCase(4, 8));
  expect(lines.filter((line) => !/ skipped .* of the node to itself is confirmed on its way out/.test(line))).toEqual(
    [],
  );
  expect(totals.passed).toBeGreaterThan(100);
});

describe('a wrong expectation fails', () => {
  const find = (id: string) => {
    const each = casesOf('packet-flow.json').find((one) => one.id === id);
    if (!each) throw new Error(`no case ${id}`);
    return each;
  };

  it.each([
    [
      'masq-base',
      0,
      { backends: ['10.244.1.81:8080'] },
      /expected dnat 10\.244\.1\.81:8080; got .*10\.244\.2\.81:8080/,
    ],
    [
      'masq-base',
      0,
      { backends: ['10.244.1.81:8080', '10.244.2.81:8080', '10.9.9.9:1'] },
      /dnat 10\.9\.9\.9:1; got dnat/,
    ],
    ['masq-base', 0, { masquerade: true }, /masqueraded; got dnat 10\.244\.1\.81:8080, dnat/],
    ['masq-base', 0, { verdict: 'none', backends: [] }, /expected none; got dnat/],
    ['noep-everything', 0, { verdict: 'drop' }, /expected drop; got reject/],
    ['noep-everything', 0, { verdict: 'none' }, /expected none; got reject/],
    ['itp-local-none', 0, { verdict: 'reject' }, /expected reject; got drop/],
    ['hcnp-open', 0, { verdict: 'none' }, /expected none; got accept/],
    ['hcnp-open', 2, { verdict: 'accept' }, /expected accept; got none/],
    ['sticky', 1, { backends: ['10.244.1.5:8080'] }, /got dnat 10\.244\.2\.5:8080$/],
  ] as const)('%s flow %i as %o', async (id, index, expected, line) => {
    const each = wrong(find(id), index, expected as Parameters<typeof wrong>[2]);
    const { lines, totals } = await play({ ...each, flows: each.flows.slice(index, index + 1) });
    expect(totals).toEqual({ passed: 0, failed: 1, skipped: 0 });
    expect(lines).toEqual([expect.stringMatching(line)]);
    expect(lines[0]).toMatch(new RegExp(`^kernel failed ${id} flow 1: `));
  });
});
