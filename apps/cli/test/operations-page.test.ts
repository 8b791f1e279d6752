import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { command } from './hand-terminal.ts';

const PAGE = readFileSync(join(import.meta.dirname, '../../../docs/operations.md'), 'utf8');
const LINES = [...new Set([...PAGE.matchAll(/`(kubecity [^`]+)`/g)].map(([, line = '']) => line))];

test('the page for operators has commands', () => {
  expect(LINES.length).toBeGreaterThan(10);
});

test.each(LINES)('%s is understood', async (line) => {
  const words = line.match(/"[^"]*"|\S+/g) ?? [];
  const [, ...args] = words.map((word) => word.replaceAll('"', ''));
  // The line is read before anybody is called; nobody is there.
  const { code, words: said } = await command([
    ...args,
    '--dashboard',
    'http://127.0.0.1:9',
    '--kube-socket',
    '/nowhere',
  ]);
  expect([code, said]).toEqual([1, expect.stringContaining('cannot be reached')]);
});
