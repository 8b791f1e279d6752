import { afterAll, beforeAll, expect, it } from 'vitest';
import { openToyBrowser, type ToyBrowser, titleOf } from './toy-page.ts';

let toy: ToyBrowser;
beforeAll(async () => {
  toy = await openToyBrowser();
});
afterAll(async () => {
  await toy?.close();
  expect(toy?.faults).toEqual([]);
});

it('says which agents are of another version, in the header, in the panel and in the directory, and what they lack', async () => {
  const page = await toy.open('/?lens=nodes');
  expect(await page.getByTestId('versions').count()).toBe(0);
  toy.feed.city.tellOfAgent('node-b', { version: '0.0.9', skew: { is: 'older', supported: true } });
  const pill = page.getByTestId('versions');
  await expect.poll(() => pill.textContent()).toContain('1 agent of another version');
  toy.feed.city.tellOfAgent('node-c', { version: '0.9.0', skew: { is: 'newer', supported: false } });
  await expect.poll(() => pill.textContent()).toContain('2 agents of another version');
  await pill.click();
  const list = page.getByTestId('version-nodes').getByRole('listitem');
  await expect
    .poll(() => list.allTextContents())
    .toEqual([
      'node-c0.9.0newer than this dashboard by more than one minor version',
      'node-b0.0.9older than this dashboard',
    ]);
  const lacks = 'list namespaces: forbidden. Until that changes floors that are set on namespaces do not count here';
  toy.feed.city.tellOfAgent('node-b', {
    version: '0.0.9',
    skew: { is: 'older', supported: true },
    problems: [lacks],
  });
  await list.nth(1).getByRole('button').click();
  await expect.poll(() => titleOf(page)).toBe('node-b');
  await expect.poll(() => page.getByTestId('panel').textContent()).toContain('0.0.9 · older than this dashboard');
  await expect.poll(() => page.getByTestId('panel').textContent()).toContain(lacks);
  await expect.poll(() => page.getByTestId('version-nodes').count()).toBe(0);
  await toy.visit(page, '/?lens=directory&tab=nodes');
  await expect.poll(() => page.getByRole('columnheader', { name: 'Version' }).count()).toBe(1);
  for (const node of ['node-b', 'node-c']) toy.feed.city.tellOfAgent(node);
  await expect.poll(() => pill.count()).toBe(0);
}, 60_000);

it('says where agents only observe, and no more when they steer', async () => {
  const page = await toy.open('/');
  const pill = page.getByTestId('observing');
  const heard = page.getByTestId('live-state');
  await heard.waitFor();
  expect(await pill.count()).toBe(0);
  toy.feed.city.tellOfAgent('node-b', { mode: 'observe' });
  await expect.poll(() => pill.textContent()).toMatch(/^1 of \d+ nodes observe.*No rules are written on node-b\./);
  toy.feed.city.tellOfAgent('node-b', { mode: 'steer' });
  await expect.poll(() => pill.count()).toBe(0);
  toy.feed.city.tellOfAgent('node-b');
});
