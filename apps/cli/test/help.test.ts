import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { helpPage } from '../src/help-page.ts';
import { buildProgram } from '../src/program.ts';
import { command, handTerminal } from './hand-terminal.ts';

const PAGE = join(import.meta.dirname, '../../../docs/cli.md');
const MARK = '<!-- What follows is written by apps/cli/test/help.test.ts with UPDATE_GOLDEN=1. -->\n';

test('the page about the command line says what the commands say of themselves', () => {
  const [head = ''] = readFileSync(PAGE, 'utf8').split(MARK);
  const page = `${head}${MARK}\n${helpPage(buildProgram(handTerminal().terminal, () => {}).program)}`;
  if (process.env.UPDATE_GOLDEN) writeFileSync(PAGE, page);
  expect(readFileSync(PAGE, 'utf8')).toBe(page);
});

test('help is no failure, and a word that no command has is one of usage', async () => {
  const help = await command(['drain', '--help']);
  expect([help.code, help.data]).toEqual([0, expect.stringContaining('kubecity drain')]);
  const wrong = await command(['darin', 'pod/a']);
  expect([wrong.code, wrong.data, wrong.words]).toEqual([2, '', expect.stringContaining('Did you mean drain?')]);
  expect((await command(['weight', 'service/cart'])).code).toBe(2);
});

test('what needs a cluster or a dashboard and has none says how to give one', async () => {
  const env = { HOME: '/nowhere' };
  const home = process.env.HOME;
  process.env.HOME = '/nowhere';
  try {
    const drain = await command(['drain', 'pod/a'], { env });
    expect([drain.code, drain.words]).toEqual([2, expect.stringContaining('--kubeconfig FILE')]);
    const rules = await command(['rules', 'service/cart'], { env });
    expect([rules.code, rules.words]).toEqual([2, expect.stringContaining('--dashboard URL')]);
  } finally {
    process.env.HOME = home;
  }
  const both = await command(['get', 'services', '--kubeconfig', 'a', '--kube-socket', 'b']);
  expect([both.code, both.words]).toEqual([2, expect.stringContaining('exclude each other')]);
  const plain = await command(['audit', '--dashboard', 'http://example.com', '--token-file', import.meta.filename]);
  expect([plain.code, plain.words]).toEqual([2, expect.stringContaining('not sent without TLS')]);
});
