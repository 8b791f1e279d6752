import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KernelPlayer } from '../cases/kernel/kernel-player.ts';
import { OwnRules } from '../cases/kernel/own-rules.ts';
import { randomCase } from '../cases/random-case.ts';
import { runCases } from '../cases/run.ts';
import { casesOf, FILES, SKIPPED } from './cases-files.ts';

let player: KernelPlayer;
beforeAll(async () => {
  player = await KernelPlayer.open(new OwnRules('nft'));
});
afterAll(async () => {
  await player.close();
  expect(String(execFileSync('nft', ['list', 'tables']))).not.toContain('kubecity');
});

async function play(each: ReturnType<typeof casesOf>[number]) {
  const lines: string[] = [];
  const totals = await runCases(player, [each], (line) => lines.push(line));
  return { lines, totals };
}

/** The same packets that meet iptables in cases.kernel.test.ts, through the same rules said in nft. */
describe.each(FILES)('%s with real packets through a table of nftables', (file) => {
  it.each(casesOf(file).map((each) => [each.id, each] as const))('%s', async (id, each) => {
    const { lines, totals } = await play(each);
    expect(lines).toEqual(id in SKIPPED ? [`kernel skipped ${id}: ${SKIPPED[id]}`] : []);
    expect(totals.passed + totals.skipped).toBeGreaterThan(0);
  });
});

it('every door of a case made by chance is in the kernel what the walk says it is', async () => {
  const { lines, totals } = await play(await randomCase(5, 2));
  expect(lines.filter((line) => !/ skipped .* of the node to itself is confirmed on its way out/.test(line))).toEqual(
    [],
  );
  expect(totals.passed).toBeGreaterThan(20);
  expect(String(execFileSync('iptables-save', ['-t', 'nat']))).not.toContain('CITY-SERVICES');
});
