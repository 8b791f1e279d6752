import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KEYS } from '../../src/ui/keys.ts';
import { namesInQuery, openToyBrowser, queried, type ToyBrowser } from './toy-page.ts';

let toy: ToyBrowser;
let page: Page;
beforeAll(async () => {
  toy = await openToyBrowser();
  page = await toy.open('/', { colorScheme: 'light', reducedMotion: 'reduce' });
});
afterAll(async () => {
  await toy?.close();
  expect(toy?.faults).toEqual([]);
});

const theme = () => page.evaluate<string>('document.documentElement.dataset.theme');

describe('the sheet of keys', () => {
  it('shows every key that the page takes, and closes by key', async () => {
    await page.keyboard.press('?');
    const sheet = page.getByTestId('keys');
    await sheet.waitFor();
    await expect
      .poll(() => sheet.locator('dt').allTextContents())
      .toEqual(KEYS.flatMap(({ keys }) => keys.map(({ words }) => words)));
    await page.keyboard.press('t');
    await page.keyboard.press('?');
    await sheet.waitFor({ state: 'detached' });
    // Keys are taken in their order: the one before the last did nothing.
    expect(await namesInQuery(page)).toEqual([]);
  });
});

describe('keys', () => {
  it('change lens, table, metric and theme', async () => {
    await page.keyboard.press('2');
    await expect.poll(() => queried(page, 'lens')).toBe('nodes');
    await page.keyboard.press('3');
    await expect.poll(() => queried(page, 'lens')).toBe('directory');
    await page.keyboard.press('1');
    await expect.poll(() => queried(page, 'lens')).toBe(null);
    await page.keyboard.press('t');
    await expect.poll(() => queried(page, 'table')).toBe('');
    await page.keyboard.press('t');
    await expect.poll(() => queried(page, 'table')).toBe(null);
    await page.keyboard.press('m');
    await expect.poll(() => queried(page, 'metric')).toBe('bytes');
    await page.keyboard.press('m');
    await expect.poll(() => queried(page, 'metric')).toBe(null);
    await page.keyboard.press('n');
    await expect.poll(theme).toBe('night');
    await page.keyboard.press('n');
    await expect.poll(theme).toBe('day');
  });

  it('are taken with Caps Lock, too', async () => {
    const before = await theme();
    await page.keyboard.press('N');
    await expect.poll(theme).not.toBe(before);
    await page.keyboard.press('n');
    await expect.poll(theme).toBe(before);
  });

  it('zoom the map whatever has the focus', async () => {
    await page.evaluate('document.activeElement.blur()');
    const zoom = () => page.evaluate(() => window.kubecity?.scene().zoom ?? Number.NaN);
    const whole = await zoom();
    await page.keyboard.press('+');
    await expect.poll(zoom).toBeGreaterThan(whole);
    await page.keyboard.press('0');
    await expect.poll(zoom).toBe(whole);
    await page.keyboard.press('-');
    await expect.poll(zoom).toBeLessThan(whole);
    await page.keyboard.press('0');
    await expect.poll(zoom).toBe(whole);
  });

  it('rest while a person types', async () => {
    await page.keyboard.press('/');
    await page.getByTestId('find-input').waitFor();
    await page.keyboard.type('3tmnwvl? ');
    await expect.poll(() => page.getByTestId('find-input').inputValue()).toBe('3tmnwvl? ');
    expect(await namesInQuery(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await page.getByTestId('find-input').waitFor({ state: 'detached' });
  });

  it('leave the space bar to a button that has the focus', async () => {
    await page.getByTestId('theme-toggle').focus();
    await page.keyboard.press(' ');
    await expect.poll(theme).toBe('night');
    expect(await page.getByTestId('time-slider').getAttribute('aria-valuetext')).toBe('live');
    await page.keyboard.press(' ');
    await expect.poll(theme).toBe('day');
  });

  it('go back step by step: out of the wall, out of the past, nothing selected', async () => {
    await toy.visit(page, `/?selected=service~shop/cart&wall=&at=${Date.now() - 300_000}`);
    await page.getByTestId('wall').waitFor();
    await page.keyboard.press('Escape');
    await page.getByTestId('wall').waitFor({ state: 'detached' });
    await expect.poll(() => namesInQuery(page)).toEqual(['at', 'selected']);
    await page.keyboard.press('Escape');
    await expect.poll(() => namesInQuery(page)).toEqual(['selected']);
    await page.keyboard.press('Escape');
    await expect.poll(() => namesInQuery(page)).toEqual([]);
  });
});

describe('the wall', () => {
  it('shows the map, the cluster, its totals and what is wrong, and nothing else', async () => {
    await page.keyboard.press('w');
    const wall = page.getByTestId('wall');
    await wall.waitFor();
    await expect.poll(() => queried(page, 'wall')).toBe('');
    await expect.poll(() => wall.textContent()).toContain('shop-prod');
    await expect.poll(() => wall.textContent()).toMatch(/payments\/fraud refuses/);
    await page.getByTestId('time-line').waitFor({ state: 'detached' });
    await expect.poll(() => page.evaluate('window.kubecity.scene().services.length')).toBe(10);
    await page.keyboard.press('w');
    await page.getByTestId('time-line').waitFor();
  });
});

describe('the connection', () => {
  it('is told when it is gone, and comes back without a reload', async () => {
    await page.evaluate('window.stays = true');
    await page.context().setOffline(true);
    toy.feed.hangUp();
    const banner = page.getByTestId('link-banner');
    await banner.waitFor();
    await expect.poll(() => banner.textContent()).toContain('The hub is away');
    await expect.poll(() => banner.textContent()).toMatch(/figures are of \d\d:\d\d:\d\d/);
    await page.context().setOffline(false);
    await banner.waitFor({ state: 'detached' });
    await page.locator('[data-testid=live-state][data-state=live]').waitFor();
    expect(await page.evaluate('window.stays')).toBe(true);
  });
});
