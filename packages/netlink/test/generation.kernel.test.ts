import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openGeneration } from '../src/index.ts';
import { run } from './lab.ts';

const generation = openGeneration();
const restore = (...lines: string[]) => {
  execFileSync('iptables-restore', ['--noflush'], { input: `${lines.join('\n')}\n`, stdio: ['pipe', 'pipe', 'pipe'] });
};

/** By how much the number grows while `act` runs. */
async function growth(act: () => void): Promise<number> {
  const before = await generation.read();
  act();
  return (await generation.read()) - before;
}

beforeAll(() => {
  restore('*nat', ':CITY-A - [0:0]', '-A CITY-A -j RETURN', 'COMMIT', '*filter', ':CITY-B - [0:0]', 'COMMIT');
});
afterAll(() => {
  restore('*nat', '-F CITY-A', '-X CITY-A', 'COMMIT', '*filter', '-F CITY-B', '-X CITY-B', 'COMMIT');
  run('nft', 'delete', 'table', 'inet', 'foreign');
  generation.close();
});

describe('the generation', () => {
  test.each([
    ['a table', 1, ['*nat', '-A CITY-A -j RETURN', 'COMMIT']],
    ['two tables', 2, ['*nat', '-A CITY-A -j RETURN', 'COMMIT', '*filter', '-A CITY-B -j RETURN', 'COMMIT']],
    ['a thousand rules', 1, ['*nat', ...Array<string>(1000).fill('-A CITY-A -j RETURN'), 'COMMIT']],
    ['one table and an empty one', 1, ['*nat', '-A CITY-A -j RETURN', 'COMMIT', '*filter', 'COMMIT']],
    ['nothing', 0, ['*nat', 'COMMIT', '*filter', 'COMMIT']],
  ])('grows by the tables that a restore changes: %s', async (_what, by, lines) => {
    expect(await growth(() => restore(...lines))).toBe(by);
  });

  test('stays when a restore is refused, by the tool or by the kernel', async () => {
    expect(await growth(() => expect(() => restore('*nat', '-A CITY-NONE -j RETURN', 'COMMIT')).toThrow())).toBe(0);
    const loop = ['*nat', '-A OUTPUT -j CITY-A', '-A CITY-A -j CITY-A', 'COMMIT'];
    expect(await growth(() => expect(() => restore(...loop)).toThrow())).toBe(0);
  });

  test('stays when somebody reads', async () => {
    expect(await growth(() => run('iptables-save'))).toBe(0);
    expect(await growth(() => run('nft', 'list', 'ruleset'))).toBe(0);
  });

  test('grows when another hand changes a table of its own', async () => {
    expect(await growth(() => run('nft', 'add', 'table', 'inet', 'foreign'))).toBe(1);
    expect(await growth(() => run('iptables', '-t', 'nat', '-A', 'CITY-A', '-j', 'RETURN'))).toBe(1);
    expect(await growth(() => run('ip6tables', '-t', 'nat', '-A', 'OUTPUT', '-j', 'ACCEPT'))).toBe(1);
    run('ip6tables', '-t', 'nat', '-F', 'OUTPUT');
  });

  test('is refused once closed', async () => {
    const closed = openGeneration();
    closed.close();
    await expect(closed.read()).rejects.toMatchObject({ subject: 'nf_tables', operation: 'read', code: 'closed' });
  });

  test('can be read many times', async () => {
    const first = await generation.read();
    for (let n = 0; n < 200; n += 1) expect(await generation.read()).toBe(first);
  });
});
