import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { watchRouteNews } from '../src/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'kubecity-route-news-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A stand-in for `ip`. */
function program(name: string, script: string): string {
  const file = join(folder, name);
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  return file;
}

interface Told {
  readonly lines: string[];
  readonly losses: string[];
}

/** What is told until that is enough. */
async function heard(command: string, enough: (told: Told) => boolean, neighbours = false): Promise<Told> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const lines: string[] = [];
  const losses: string[] = [];
  const note = (to: string[]) => (text: string) => {
    to.push(text);
    if (enough({ lines, losses })) resolve();
  };
  const watch = watchRouteNews({ onLine: note(lines), onLoss: note(losses) }, { command, neighbours });
  await promise;
  watch.close();
  return { lines, losses };
}

test('tells lines, an overrun, the death of the program, and begins anew', async () => {
  const script = `echo 'default via 10.0.0.1'; echo 'netlink receive error No buffer space available (105)' >&2; exit 1`;
  const { lines, losses } = await heard(program('dies', script), (told) => told.lines.length === 2);
  expect(lines).toEqual(['default via 10.0.0.1', 'default via 10.0.0.1']);
  expect(losses).toEqual(
    expect.arrayContaining([expect.stringContaining('No buffer space'), expect.stringContaining('ended')]),
  );
});

test('says when it listens, as what was before was missed', async () => {
  const { losses } = await heard(program('sleeps', 'exec sleep 60'), (told) => told.losses.length === 1);
  expect(losses).toEqual([expect.stringContaining('begun to listen')]);
});

test('tells when there is no such program', async () => {
  const { losses } = await heard(join(folder, 'absent'), (told) => told.losses.length === 1);
  expect(losses).toEqual([expect.stringContaining('ENOENT')]);
});

test.each([
  [true, 'monitor link address route neigh'],
  [false, 'monitor link address route'],
])('asks for neighbours only where they matter: %s', async (neighbours, words) => {
  const { lines } = await heard(
    program('args', 'echo "$*"; exec sleep 60'),
    (told) => told.lines.length === 1,
    neighbours,
  );
  expect(lines[0]?.endsWith(words)).toBe(true);
});
