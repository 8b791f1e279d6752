import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mapOf, namesInQuery, openToyBrowser, queried, step, type ToyBrowser, titleOf } from './toy-page.ts';

let toy: ToyBrowser;
beforeAll(async () => {
  toy = await openToyBrowser();
});
afterAll(async () => {
  await toy?.close();
  expect(toy?.faults).toEqual([]);
});

const idsOnMap = async (page: Page) => {
  await mapOf(page);
  return page.evaluate(() => (window.kubecity?.scene().services ?? []).map(({ id }) => id).sort());
};
const chipsOf = (page: Page) =>
  page.getByTestId('filter-chip').evaluateAll((chips) => chips.map((chip) => chip.dataset.chip));
const find = async (page: Page, text: string) => {
  await page.keyboard.press('ControlOrMeta+k');
  await page.getByTestId('find-input').fill(text);
};

describe('the palette', () => {
  it('finds a Service by some of its letters, and goes there', async () => {
    const page = await toy.open('/');
    await find(page, 'odb');
    await page.keyboard.press('Enter');
    await expect.poll(() => titleOf(page)).toBe('orders-db');
    await expect.poll(() => queried(page, 'selected')).toBe('service~data/orders-db');
    await page.close();
  });

  it('says who an address is', async () => {
    const page = await toy.open('/');
    await find(page, 'who is 10.96.41.5:80?');
    await page.getByText('Who is 10.96.41.5:80?').waitFor();
    await expect
      .poll(() => page.getByRole('option').allTextContents())
      .toEqual([expect.stringMatching(/^shop\/webcluster IP · 80\/TCP/)]);
    await page.getByTestId('find-input').fill('192.0.2.1');
    await page.getByTestId('nobody').waitFor();
    await page.close();
  });

  it('filters by the thing found with Shift and Enter, and does what is asked', async () => {
    const page = await toy.open('/');
    await find(page, 'payments');
    await page.keyboard.press('Shift+Enter');
    await expect.poll(() => chipsOf(page)).toEqual(['services:payments/payments']);
    await find(page, 'errors only');
    await page.keyboard.press('Enter');
    await expect.poll(() => chipsOf(page)).toEqual(['services:payments/payments', 'errors']);
    await find(page, 'clear filter');
    await page.keyboard.press('Enter');
    await expect.poll(() => chipsOf(page)).toEqual([]);
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
    await expect.poll(() => page.getByTestId('filter-shown').textContent()).toBe('Everything is shown');
    await page.getByTestId('filter-namespaces').click();
    await page.getByTestId('facet-input').fill('dat');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Escape');
    await expect.poll(() => chipsOf(page)).toEqual(['namespaces:data']);
    await expect.poll(async () => (await idsOnMap(page)).length).toBeLessThan(all.length);
    const shown = await idsOnMap(page);
    expect(all).toEqual(expect.arrayContaining(shown));
    expect(shown).toContain('data/orders-db');
    await expect
      .poll(() => page.getByTestId('filter-shown').textContent())
      .toContain(`${shown.length} of ${all.length} Services`);
    await page.getByTestId('filter-chip').click();
    await expect.poll(() => idsOnMap(page)).toEqual(all);
    await page.close();
  });

  it('does not take away what is selected', async () => {
    const page = await toy.open('/?selected=service~shop/web&namespaces=platform');
    await expect.poll(() => titleOf(page)).toBe('web');
    await expect.poll(() => idsOnMap(page)).toContain('platform/dns');
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
    await expect.poll(() => namesInQuery(page)).toEqual(['metric', 'namespaces', 'selected', 'sort', 'table', 'text']);
    const link = await page.evaluate(() => window.location.search);
    const other = await toy.open(`/${link}`, { viewport: { width: 1280, height: 800 } });
    const shown = async (on: Page) => ({
      ids: await idsOnMap(on),
      chips: await chipsOf(on),
      panel: await titleOf(on),
      metric: await on.getByTestId('metric-bytes').getAttribute('data-state'),
      text: await on.getByTestId('table-text').inputValue(),
      sorted: await on.locator('[role=columnheader][aria-sort=ascending]').textContent(),
      rows: (await on.getByTestId('edge-row').evaluateAll((rows) => rows.map((row) => row.dataset.row))).sort(),
    });
    const wanted = { chips: ['namespaces:payments'], panel: 'fraud', metric: 'on', text: 'fraud', sorted: 'Client' };
    await expect.poll(() => shown(page)).toMatchObject(wanted);
    const mine = await shown(page);
    expect(mine.rows.length).toBeGreaterThan(0);
    await expect.poll(() => shown(other)).toEqual(mine);
    await Promise.all([page.close(), other.close()]);
  });

  it('is gone back and forth over', async () => {
    const page = await toy.open('/');
    await page.getByTestId('lens-nodes').click();
    await find(page, 'node-b');
    await page.keyboard.press('Enter');
    await expect.poll(() => titleOf(page)).toBe('node-b');
    await page.getByTestId('lens-directory').click();
    const lens = (name: string) => page.locator(`[data-testid=lens-${name}][data-state=active]`).waitFor();
    await lens('directory');
    await step(page, 'back');
    await lens('nodes');
    await expect.poll(() => queried(page, 'lens')).toBe('nodes');
    await expect.poll(() => titleOf(page)).toBe('node-b');
    await step(page, 'back');
    await page.getByTestId('panel-title').waitFor({ state: 'detached' });
    await step(page, 'back');
    await lens('services');
    await step(page, 'forward');
    await lens('nodes');
    await page.close();
  });

  it('keeps one entry for a text that is typed', async () => {
    const page = await toy.open('/?lens=directory');
    await page.getByTestId('directory-pods').click();
    await page.getByTestId('table-text').pressSequentially('checkout');
    await expect.poll(() => queried(page, 'text')).toBe('checkout');
    await step(page, 'back');
    await expect.poll(() => namesInQuery(page)).toEqual(['lens']);
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
  await page.getByTestId('view-rename').waitFor({ state: 'detached' });
  const before = page.url();
  await toy.visit(page, '/');
  await find(page, 'what drains');
  await page.keyboard.press('Enter');
  await page.waitForURL(before);
  await expect.poll(() => chipsOf(page)).toEqual(['states:draining']);
  await page.getByTestId('saved-views').click();
  await page.getByRole('button', { name: 'Delete What drains' }).click();
  await page.getByTestId('saved-view').waitFor({ state: 'detached' });
  await page.close();
});

it.each([1280, 1440, 1920])('has a header of one line at %d pixels', async (width) => {
  const page = await toy.open('/?errors=', { viewport: { width, height: 800 } });
  const header = page.locator('header');
  const outside = () =>
    header.evaluate((frame) => {
      const { right, bottom } = frame.getBoundingClientRect();
      return [...frame.querySelectorAll('button, p, h1, [role=status]')]
        .map((element) => ({ text: element.textContent, box: element.getBoundingClientRect() }))
        .filter(({ box }) => box.width > 0 && (box.right > right || box.bottom > bottom || box.height > 40))
        .map(({ text }) => text);
    });
  await expect.poll(outside).toEqual([]);
  await expect.poll(() => header.evaluate((frame) => frame.scrollWidth - frame.clientWidth)).toBe(0);
  await page.close();
});
