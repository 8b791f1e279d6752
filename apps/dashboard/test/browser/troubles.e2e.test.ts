import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { focusedOf, mapOf, openToyBrowser, queried, type ToyBrowser, titleOf } from './toy-page.ts';

/** What is wrong, since when: opened by the pointer, by a key and by a word, and followed to the thing itself. */
let toy: ToyBrowser;
let page: Page;

beforeAll(async () => {
  toy = await openToyBrowser();
  toy.feed.city.silence('node-d', true);
  page = await toy.open('/', { viewport: { width: 1280, height: 800 } });
  await mapOf(page);
});
afterAll(async () => {
  await toy?.close();
  expect(toy?.faults).toEqual([]);
});

const list = () => page.getByTestId('troubles-list');
const line = () => list().getByRole('button').filter({ hasText: 'node-d' });

it('is counted in the header, listed by a click with its time, and leads to the thing', async () => {
  const pill = page.getByTestId('troubles');
  await expect.poll(() => pill.getAttribute('aria-label')).toMatch(/^\d+ things? (is|are) wrong$/);
  await pill.click();
  await expect.poll(() => line().first().textContent()).toMatch(/node-d.*since \d\d:\d\d:\d\d/);
  const counted = Number((await pill.textContent())?.match(/\d+/)?.[0]);
  expect(await list().getByRole('button').count()).toBeGreaterThanOrEqual(counted);
  await line().first().click();
  await list().waitFor({ state: 'detached' });
  await expect.poll(() => titleOf(page)).toBe('node-d');
  expect(await queried(page, 'selected')).toBe('node~node-d');
});

it('opens by its key with the focus in it, closes with Escape, and gives the focus back', async () => {
  await page.keyboard.press('x');
  await list().waitFor();
  await expect.poll(() => list().evaluate((node) => node.contains(document.activeElement))).toBe(true);
  await page.keyboard.press('Escape');
  await list().waitFor({ state: 'detached' });
  await expect.poll(() => focusedOf(page)).toBe('troubles');
});

it('goes when the node is heard again', async () => {
  toy.feed.city.silence('node-d', false);
  await page.getByTestId('troubles').click();
  await expect.poll(() => line().count()).toBe(0);
  await page.keyboard.press('Escape');
});
