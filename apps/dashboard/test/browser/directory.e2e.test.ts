import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openToyBrowser, type ToyBrowser } from './toy-page.ts';

let toy: ToyBrowser;
beforeAll(async () => {
  toy = await openToyBrowser();
});
afterAll(async () => {
  await toy?.close();
  expect(toy?.faults).toEqual([]);
});

const sortOf = (page: Page) => new URL(page.url()).searchParams.get('sort');
const focused = (page: Page) => page.evaluate<string>('document.activeElement.dataset.testid ?? ""');
const columnOf = (page: Page, column: string) =>
  page.locator(`[role=gridcell][data-column=${column}]`).allTextContents();
/** The row that the grid says is current. */
const current = (page: Page) =>
  page.evaluate<string>(`(() => {
    const id = document.activeElement.getAttribute('aria-activedescendant');
    return document.getElementById(id)?.dataset.row ?? '';
  })()`);

it('is read, sorted and chosen from with the keyboard alone', async () => {
  const page = await toy.open('/');
  await page.keyboard.press('3');
  await page.getByTestId('directory-services').focus();
  await page.keyboard.press('ArrowRight');
  await page.getByTestId('table-backends').waitFor();
  await page.keyboard.press('ArrowRight');
  await page.getByTestId('table-pods').waitFor();
  // Past the text and the two CSV buttons.
  for (let i = 0; i < 6 && (await focused(page)) !== 'table-pods'; i += 1) await page.keyboard.press('Tab');
  expect(await focused(page)).toBe('table-pods');

  await page.keyboard.press('End');
  const last = await current(page);
  await page.keyboard.press('Home');
  const first = await current(page);
  expect(last).not.toBe(first);
  await page.keyboard.press('ArrowDown');
  const second = await current(page);
  await page.keyboard.press('PageDown');
  expect([first, second]).not.toContain(await current(page));
  await page.keyboard.press('Home');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  expect(new URL(page.url()).searchParams.get('selected')).toBe(`pod~${second}`);
  await page.getByTestId('panel').waitFor();

  await page.getByTestId('table-pods').focus();
  await page.keyboard.press('Home');
  await page.keyboard.press('ArrowUp');
  expect(await focused(page)).toBe('sort-name');
  await page.keyboard.press('Enter');
  expect(sortOf(page)).toBe('-name');
  for (let i = 0; i < 7; i += 1) await page.keyboard.press('ArrowRight');
  expect(await focused(page)).toBe('sort-opened');
  await page.keyboard.press('Enter');
  expect(sortOf(page)).toBe('-opened');
  await page.locator('[role=columnheader][aria-sort=descending]', { hasText: 'New conn/s' }).waitFor();
  const rates = (await columnOf(page, 'opened')).map((text) => Number(text.replace(',', '').replace('<', '')));
  expect(rates.length).toBeGreaterThan(10);
  expect(rates).toEqual(rates.toSorted((a, b) => b - a));
  await page.keyboard.press('ArrowDown');
  expect(await focused(page)).toBe('table-pods');
  await page.close();
});

it('copies a row and a table, and hands the table out as a file', async () => {
  const page = await toy.open('/?lens=directory&tab=services&text=shop', {
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  const clipboard = () => page.evaluate<string>('navigator.clipboard.readText()');
  await page.getByTestId('table-services').focus();
  await page.keyboard.press('Home');
  await page.keyboard.press('c');
  await page.getByText('The row is copied.').first().waitFor();
  expect(await clipboard()).toMatch(/^cart,shop,10\.96\.41\.6,80\/TCP,3,[\d.]+,\d+,[\d.]+,0,\r\n$/);

  await page.getByTestId('copy-csv').click();
  await page.getByText('The table of 5 Services is copied.').first().waitFor();
  const [head, ...rows] = (await clipboard()).trimEnd().split('\r\n');
  expect(head).toBe(
    'Service,Namespace,Cluster IP,Ports,Backends,New connections per second,Open connections,"Bytes per second, both ways",Refused connections per second,State',
  );
  expect(rows.map((row) => row.split(',')[0])).toEqual(['cart', 'catalog', 'checkout', 'search', 'web']);

  const [download] = await Promise.all([page.waitForEvent('download'), page.getByTestId('download-csv').click()]);
  expect(download.suggestedFilename()).toMatch(/^shop-prod services .*\.csv$/);
  const file = await readFile(await download.path(), 'utf8');
  expect(file.split('\r\n').map((row) => row.split(',')[0])).toEqual([
    'Service',
    ...rows.map((row) => row.split(',')[0]),
    '',
  ]);
  await page.close();
});

it('says what the filter folds, in every table', async () => {
  const page = await toy.open('/?lens=directory');
  const counts = () =>
    page
      .locator('[data-testid^=directory-] span')
      .evaluateAll((spans) => spans.map((span) => Number(span.textContent)));
  const all = await counts();
  await page.goto(`${toy.feed.url}/?lens=directory&services=payments/fraud`);
  await page.getByTestId('filter-chip').waitFor();
  const shown = await counts();
  const tabs = ['services', 'backends', 'pods', 'nodes', 'edges'];
  for (const [i, tab] of tabs.entries()) {
    await page.getByTestId(`directory-${tab}`).click();
    const folded = (all[i] as number) - (shown[i] as number);
    const words = page.getByTestId('table-folded');
    if (folded === 0) expect(await words.count(), tab).toBe(0);
    else expect(await words.textContent(), tab).toBe(`${folded} folded by the filter`);
  }
  expect(shown[4]).toBeLessThan(all[4] as number);
  await page.close();
});
