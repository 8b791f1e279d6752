import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { KEYS } from '../../src/ui/keys.ts';
import { openToyBrowser, type ToyBrowser } from './toy-page.ts';

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

const eventually = <T>(check: () => Promise<T>) => vi.waitFor(check, { timeout: 20_000, interval: 100 });
const query = () => new URL(page.url()).searchParams;
const theme = () => page.evaluate<string>('document.documentElement.dataset.theme');

describe('the sheet of keys', () => {
  it('shows every key that the page takes, and closes by key', async () => {
    await page.keyboard.press('?');
    const sheet = page.getByTestId('keys');
    await sheet.waitFor();
    expect(await sheet.locator('dt').allTextContents()).toEqual(
      KEYS.flatMap(({ keys }) => keys.map(({ words }) => words)),
    );
    await page.keyboard.press('t');
    expect(query().has('table')).toBe(false);
    await page.keyboard.press('?');
    await sheet.waitFor({ state: 'detached' });
  });
});

describe('keys', () => {
  it('change lens, table, metric and theme', async () => {
    await page.keyboard.press('2');
    await eventually(async () => expect(query().get('lens')).toBe('nodes'));
    await page.keyboard.press('3');
    await eventually(async () => expect(query().get('lens')).toBe('directory'));
    await page.keyboard.press('1');
    await eventually(async () => expect(query().has('lens')).toBe(false));
    await page.keyboard.press('t');
    await eventually(async () => expect(query().has('table')).toBe(true));
    await page.keyboard.press('t');
    await page.keyboard.press('m');
    await eventually(async () => expect(query().get('metric')).toBe('bytes'));
    await page.keyboard.press('m');
    await page.keyboard.press('n');
    expect(await theme()).toBe('night');
    await page.keyboard.press('n');
    expect(await theme()).toBe('day');
  });

  it('rest while a person types', async () => {
    await page.keyboard.press('/');
    await page.getByTestId('find-input').waitFor();
    await page.keyboard.type('3tmnwvl? ');
    expect(await page.getByTestId('find-input').inputValue()).toBe('3tmnwvl? ');
    expect([...query().keys()]).toEqual([]);
    await page.keyboard.press('Escape');
    await page.getByTestId('find-input').waitFor({ state: 'detached' });
  });

  it('leave the space bar to a button that has the focus', async () => {
    await page.getByTestId('theme-toggle').focus();
    await page.keyboard.press(' ');
    expect(await theme()).toBe('night');
    expect(await page.getByTestId('time-slider').getAttribute('aria-valuetext')).toBe('live');
    await page.keyboard.press(' ');
  });

  it('go back step by step: out of the wall, out of the past, nothing selected', async () => {
    await toy.visit(page, `/?selected=service~shop/cart&wall=&at=${Date.now() - 300_000}`);
    await page.getByTestId('wall').waitFor();
    await page.keyboard.press('Escape');
    await page.getByTestId('wall').waitFor({ state: 'detached' });
    expect([...query().keys()].sort()).toEqual(['at', 'selected']);
    await page.keyboard.press('Escape');
    await eventually(async () => expect([...query().keys()]).toEqual(['selected']));
    await page.keyboard.press('Escape');
    await eventually(async () => expect([...query().keys()]).toEqual([]));
  });
});

describe('the wall', () => {
  it('shows the map, the cluster, its totals and what is wrong, and nothing else', async () => {
    await page.keyboard.press('w');
    const wall = page.getByTestId('wall');
    await wall.waitFor();
    expect(query().has('wall')).toBe(true);
    const text = (await wall.textContent()) ?? '';
    expect(text).toContain('shop-prod');
    expect(text).toMatch(/payments\/fraud refuses/);
    expect(await page.getByTestId('time-line').count()).toBe(0);
    await eventually(async () =>
      expect(await page.evaluate<number>('window.kubecity.scene().services.length')).toBe(10),
    );
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
    expect(await banner.textContent()).toContain('The hub is away');
    expect(await banner.textContent()).toMatch(/figures are of \d\d:\d\d:\d\d/);
    await page.context().setOffline(false);
    await banner.waitFor({ state: 'detached' });
    await page.locator('[data-testid=live-state][data-state=live]').waitFor();
    expect(await page.evaluate('window.stays')).toBe(true);
  });
});
