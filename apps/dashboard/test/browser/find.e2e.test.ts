import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openToyBrowser, type ToyBrowser } from './toy-page.ts';

let toy: ToyBrowser;
beforeAll(async () => {
  toy = await openToyBrowser();
});
afterAll(async () => {
  await toy?.close();
  expect(toy?.faults).toEqual([]);
});

// Strings, because this file is typed for Node and `window` is the page's.
const idsOnMap = async (page: Page) => {
  await page.waitForFunction('window.kubecity?.scene().services.length > 0');
  return page.evaluate<string[]>('window.kubecity.scene().services.map(({ id }) => id).sort()');
};
const queryOf = (page: Page) => new URL(page.url()).searchParams;
const chipsOf = (page: Page) =>
  page.getByTestId('filter-chip').evaluateAll((chips) => chips.map((chip) => chip.dataset.chip));
const titleOf = (page: Page) => page.getByTestId('panel-title').textContent();
const find = async (page: Page, text: string) => {
  await page.keyboard.press('ControlOrMeta+k');
  await page.getByTestId('find-input').fill(text);
};

describe('the palette', () => {
  it('finds a Service by some of its letters, and goes there', async () => {
    const page = await toy.open('/');
    await find(page, 'odb');
    await page.keyboard.press('Enter');
    expect(await titleOf(page)).toBe('orders-db');
    expect(queryOf(page).get('selected')).toBe('service~data/orders-db');
    await page.close();
  });

  it('says who an address is', async () => {
    const page = await toy.open('/');
    await find(page, 'who is 10.96.41.5:80?');
    await page.getByText('Who is 10.96.41.5:80?').waitFor();
    expect(await page.getByRole('option').allTextContents()).toEqual([
      expect.stringMatching(/^shop\/webcluster IP · 80\/TCP/),
    ]);
    await page.getByTestId('find-input').fill('192.0.2.1');
    await page.getByTestId('nobody').waitFor();
    await page.close();
  });

  it('filters by the thing found with Shift and Enter, and does what is asked', async () => {
    const page = await toy.open('/');
    await find(page, 'payments');
    await page.keyboard.press('Shift+Enter');
    expect(await chipsOf(page)).toEqual(['services:payments/payments']);
    await find(page, 'errors only');
    await page.keyboard.press('Enter');
    expect(await chipsOf(page)).toEqual(['services:payments/payments', 'errors']);
    await find(page, 'clear filter');
    await page.keyboard.press('Enter');
    expect(await chipsOf(page)).toEqual([]);
    await page.close();
  });

  it('drains the selected pod only with a confirmation when it is the last', async () => {
    const page = await toy.open('/');
    await find(page, 'orders-db-');
    await page.keyboard.press('Enter');
    await find(page, 'drain orders');
    await page.keyboard.press('Enter');
    await page.getByTestId('confirm-name').waitFor();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByTestId('steer-sheet').waitFor({ state: 'detached' });
    await page.close();
  });
});

describe('the filter', () => {
  it('is chosen by typing, told as chips, and what it folds is counted', async () => {
    const page = await toy.open('/');
    const all = await idsOnMap(page);
    await page.keyboard.press('f');
    expect(await page.getByTestId('filter-shown').textContent()).toBe('Everything is shown');
    await page.getByTestId('filter-namespaces').click();
    await page.getByTestId('facet-input').fill('dat');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Escape');
    expect(await chipsOf(page)).toEqual(['namespaces:data']);
    const shown = await idsOnMap(page);
    expect(all).toEqual(expect.arrayContaining(shown));
    expect(shown).toContain('data/orders-db');
    expect(shown.length).toBeLessThan(all.length);
    expect(await page.getByTestId('filter-shown').textContent()).toContain(`${shown.length} of ${all.length} Services`);
    await page.getByTestId('filter-chip').click();
    await page.waitForFunction(`window.kubecity.scene().services.length === ${all.length}`);
    await page.close();
  });

  it('does not take away what is selected', async () => {
    const page = await toy.open('/?selected=service~shop/web&namespaces=platform');
    expect(await titleOf(page)).toBe('web');
    expect(await idsOnMap(page)).toContain('platform/dns');
    await page.close();
  });
});

describe('the address', () => {
  it('shows the same in a second browser', async () => {
    const page = await toy.open('/');
    await page.getByTestId('filter-toggle').click();
    await page.getByTestId('filter-namespaces').click();
    await page.getByTestId('facet-input').fill('payments');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Escape');
    await find(page, 'fraud');
    await page.keyboard.press('Enter');
    await page.getByTestId('metric-bytes').click();
    await page.getByTestId('traffic-toggle').click();
    await page.getByTestId('table-text').fill('fraud');
    await page.getByTestId('sort-client').click();
    const link = new URL(page.url());
    const other = await toy.open(link.pathname + link.search, { viewport: { width: 1280, height: 800 } });
    const shown = async (on: Page) => ({
      ids: await idsOnMap(on),
      chips: await chipsOf(on),
      panel: await titleOf(on),
      metric: await on.getByTestId('metric-bytes').getAttribute('data-state'),
      text: await on.getByTestId('table-text').inputValue(),
      sorted: await on.locator('[role=columnheader][aria-sort=ascending]').textContent(),
      rows: (await on.getByTestId('edge-row').evaluateAll((rows) => rows.map((row) => row.dataset.row))).sort(),
    });
    const mine = await shown(page);
    expect(await shown(other)).toEqual(mine);
    expect(mine).toMatchObject({ chips: ['namespaces:payments'], panel: 'fraud', text: 'fraud', sorted: 'Client' });
    expect(mine.rows.length).toBeGreaterThan(0);
    await Promise.all([page.close(), other.close()]);
  });

  it('is gone back and forth over', async () => {
    const page = await toy.open('/');
    await page.getByTestId('lens-nodes').click();
    await find(page, 'node-b');
    await page.keyboard.press('Enter');
    await page.getByTestId('lens-directory').click();
    await page.goBack();
    expect(queryOf(page).get('lens')).toBe('nodes');
    expect(await titleOf(page)).toBe('node-b');
    await page.goBack();
    await page.getByTestId('panel-title').waitFor({ state: 'detached' });
    await page.goBack();
    expect(await page.getByTestId('lens-services').getAttribute('data-state')).toBe('active');
    await page.goForward();
    expect(await page.getByTestId('lens-nodes').getAttribute('data-state')).toBe('active');
    await page.close();
  });

  it('keeps one entry for a text that is typed', async () => {
    const page = await toy.open('/?lens=directory');
    await page.getByTestId('directory-pods').click();
    await page.getByTestId('table-text').pressSequentially('checkout');
    expect(queryOf(page).get('text')).toBe('checkout');
    await page.goBack();
    expect([queryOf(page).get('tab'), queryOf(page).get('text')]).toEqual([null, null]);
    await page.close();
  });
});

it('keeps a view under a name, in this browser, and opens it again', async () => {
  const page = await toy.open('/?lens=nodes&selected=node~node-a&states=draining');
  await page.getByTestId('saved-views').click();
  await page.getByTestId('view-name').fill('Drains');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Rename Drains' }).click();
  await page.getByTestId('view-rename').fill('What drains');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Escape');
  const before = page.url();
  await page.goto(toy.feed.url);
  await find(page, 'what drains');
  await page.keyboard.press('Enter');
  await page.waitForURL(before);
  expect(await chipsOf(page)).toEqual(['states:draining']);
  await page.getByTestId('saved-views').click();
  await page.getByRole('button', { name: 'Delete What drains' }).click();
  await page.getByTestId('saved-view').waitFor({ state: 'detached' });
  await page.close();
});

it.each([1280, 1440, 1920])('has a header of one line at %d pixels', async (width) => {
  const page = await toy.open('/?errors=', { viewport: { width, height: 800 } });
  const outside = await page.locator('header').evaluate((header) => {
    const { right, bottom } = header.getBoundingClientRect();
    return [...header.querySelectorAll('button, p, h1, [role=status]')]
      .map((element) => ({ text: element.textContent, box: element.getBoundingClientRect() }))
      .filter(({ box }) => box.width > 0 && (box.right > right || box.bottom > bottom || box.height > 40))
      .map(({ text }) => text);
  });
  expect(outside).toEqual([]);
  expect(await page.locator('header').evaluate((header) => header.scrollWidth - header.clientWidth)).toBe(0);
  await page.close();
});
