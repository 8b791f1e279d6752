import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { focusedOf, moveFocus, openToyBrowser, queried, type ToyBrowser } from './toy-page.ts';

let toy: ToyBrowser;
beforeAll(async () => {
  toy = await openToyBrowser();
});
afterAll(async () => {
  await toy?.close();
  expect(toy?.faults).toEqual([]);
});

const columnOf = (page: Page, column: string) =>
  page.locator(`[role=gridcell][data-column=${column}]`).allTextContents();
/** The row that the grid says is current. */
const current = (page: Page) =>
  page.evaluate<string>(`(() => {
    const id = document.activeElement.getAttribute('aria-activedescendant');
    return document.getElementById(id)?.dataset.row ?? '';
  })()`);
/** Presses a key and tells the row that is current then; it must be another one. */
async function movedTo(page: Page, key: string): Promise<string> {
  const before = await current(page);
  await page.keyboard.press(key);
  await expect.poll(() => current(page)).not.toBe(before);
  return current(page);
}
/** Presses a key until something has the focus, at most so many times. */
async function goUntil(page: Page, key: string, testId: string, atMost: number): Promise<void> {
  for (let i = 0; i < atMost && (await focusedOf(page)) !== testId; i += 1) await moveFocus(page, key);
  expect(await focusedOf(page)).toBe(testId);
}

it('is read, sorted and chosen from with the keyboard alone', async () => {
  const page = await toy.open('/');
  await page.keyboard.press('3');
  await page.getByTestId('directory-services').focus();
  await page.keyboard.press('ArrowRight');
  await page.getByTestId('table-backends').waitFor();
  await page.keyboard.press('ArrowRight');
  await page.getByTestId('table-pods').waitFor();
  // Past the text and the two CSV buttons.
  await goUntil(page, 'Tab', 'table-pods', 6);

  await movedTo(page, 'End');
  const first = await movedTo(page, 'Home');
  const second = await movedTo(page, 'ArrowDown');
  expect(await movedTo(page, 'PageDown')).not.toBe(first);
  expect(await movedTo(page, 'Home')).toBe(first);
  expect(await movedTo(page, 'ArrowDown')).toBe(second);
  await page.keyboard.press('Enter');
  await expect.poll(() => queried(page, 'selected')).toBe(`pod~${second}`);
  await page.getByTestId('panel').waitFor();

  await page.getByTestId('table-pods').focus();
  expect(await movedTo(page, 'Home')).toBe(first);
  await page.keyboard.press('ArrowUp');
  await expect.poll(() => focusedOf(page)).toBe('sort-name');
  await page.keyboard.press('Enter');
  await expect.poll(() => queried(page, 'sort')).toBe('-name');
  await goUntil(page, 'ArrowRight', 'sort-opened', 7);
  await page.keyboard.press('Enter');
  await expect.poll(() => queried(page, 'sort')).toBe('-opened');
  await page.locator('[role=columnheader][aria-sort=descending]', { hasText: 'New conn/s' }).waitFor();
  const rates = async () =>
    (await columnOf(page, 'opened')).map((text) => Number(text.replace(',', '').replace('<', '')));
  await expect.poll(async () => (await rates()).length).toBeGreaterThan(10);
  // How often a rate is greater than the one before.
  const rises = async () => (await rates()).filter((rate, i, all) => rate > (all[i - 1] ?? rate)).length;
  await expect.poll(rises).toBe(0);
  await page.keyboard.press('ArrowDown');
  await expect.poll(() => focusedOf(page)).toBe('table-pods');
  await page.close();
});

it('copies a row and a table, and hands the table out as a file', async () => {
  const page = await toy.open('/?lens=directory&tab=services&text=shop', {
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  const clipboard = () => page.evaluate<string>('navigator.clipboard.readText()');
  await page.getByTestId('table-services').focus();
  await movedTo(page, 'End');
  await movedTo(page, 'Home');
  await page.keyboard.press('c');
  await page.getByText('The row is copied.').first().waitFor();
  await expect.poll(clipboard).toMatch(/^cart,shop,10\.96\.41\.6,80\/TCP,3,[\d.]+,\d+,[\d.]+,0,\r\n$/);

  await page.getByTestId('copy-csv').click();
  await page.getByText('The table of 5 Services is copied.').first().waitFor();
  await expect.poll(clipboard).toMatch(/^Service,/);
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
  await toy.visit(page, '/?lens=directory&services=payments/fraud');
  await page.getByTestId('filter-chip').waitFor();
  const shown = await counts();
  const tabs = ['services', 'backends', 'pods', 'nodes', 'edges'];
  for (const [i, tab] of tabs.entries()) {
    await page.getByTestId(`directory-${tab}`).click();
    await page.getByTestId(`table-${tab}`).waitFor();
    const folded = (all[i] as number) - (shown[i] as number);
    const words = page.getByTestId('table-folded');
    const told = folded === 0 ? [] : [`${folded} folded by the filter`];
    await expect.poll(() => words.allTextContents(), { message: tab }).toEqual(told);
  }
  expect(shown[4]).toBeLessThan(all[4] as number);
  await page.close();
});

it('rows keep their places under a hand, and take new ones when it is gone', async () => {
  const page = await toy.open('/?lens=directory&tab=edges');
  const rows = page.getByTestId('edge-row');
  await rows.nth(9).waitFor();
  const order = () => rows.evaluateAll((found) => found.map((row) => (row as HTMLElement).dataset.row));
  const figures = async () => (await rows.allTextContents()).join();
  // A mouse that comes to the rows: from here on nothing moves.
  await rows.nth(3).hover();
  const held = await order();
  for (let news = 0; news < 4; news += 1) {
    const before = await figures();
    await rows.nth(3 + (news % 2)).hover();
    await expect.poll(figures).not.toBe(before);
    expect(await order()).toEqual(held);
  }
  await page.getByTestId('find').hover();
  await expect.poll(order).not.toEqual(held);
  await page.close();
});
