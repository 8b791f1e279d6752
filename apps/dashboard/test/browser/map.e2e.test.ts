import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openToyBrowser, type ToyBrowser } from './toy-page.ts';

let toy: ToyBrowser;
let page: Page | undefined;

beforeAll(async () => {
  toy = await openToyBrowser();
});
afterEach(async () => {
  await page?.close();
  expect(toy.faults).toEqual([]);
});
afterAll(() => toy.close());

async function open(address: string, options = {}): Promise<Page> {
  page = await toy.open(address, options);
  await page.waitForFunction(() => (window.kubecity?.scene().services.length ?? 0) > 0);
  return page;
}

const scene = (of: Page) => of.evaluate(() => window.kubecity?.scene());
const words = (of: Page) => of.getByTestId('map-words').textContent();

describe('the map', () => {
  it('is walked with Tab in reading order, says where one is, and selects with Enter', async () => {
    const on = await open('/');
    await on.getByTestId('map').focus();
    const said: string[] = [];
    for (let i = 0; i < 6; i += 1) {
      await on.keyboard.press('Tab');
      said.push((await words(on)) ?? '');
    }
    expect(new Set(said).size).toBe(6);
    expect(said.every((text) => text.length > 3)).toBe(true);
    for (let i = 0; i < 40 && !(await words(on))?.startsWith('shop/'); i += 1) await on.keyboard.press('Tab');
    const stood = (await words(on))?.split(',')[0];
    await on.keyboard.press('Tab');
    await on.keyboard.press('Shift+Tab');
    await on.keyboard.press('Enter');
    await on.waitForFunction((id) => new URLSearchParams(location.search).get('selected') === `service~${id}`, stood);
  });

  it('is left with Tab after its last place', async () => {
    const on = await open('/?lens=nodes');
    await on.getByTestId('map').focus();
    for (let i = 0; i < 200; i += 1) {
      await on.keyboard.press('Tab');
      if (!(await on.evaluate(() => document.activeElement?.matches('[data-testid=map]')))) break;
    }
    expect(await on.evaluate(() => document.activeElement?.matches('[data-testid=map]'))).toBe(false);
    expect(await words(on)).toBe('');
  });

  it('moves and zooms by keyboard; the mini map is there while not all is seen, and takes one elsewhere', async () => {
    const on = await open('/');
    const mini = on.getByTestId('mini-map');
    expect(await mini.isHidden()).toBe(true);
    await on.getByTestId('map').focus();
    const before = await scene(on);
    for (let i = 0; i < 4; i += 1) {
      await on.keyboard.press('+');
      await on.waitForTimeout(620);
    }
    const near = await scene(on);
    expect(near?.zoom).toBeGreaterThan((before?.zoom ?? 0) * 2);
    await mini.waitFor();
    await on.keyboard.press('ArrowRight');
    await on.waitForFunction(
      (x) => (window.kubecity?.scene().districts[0]?.x ?? x) < x - 60,
      near?.districts[0]?.x ?? 0,
    );
    const box = await mini.boundingBox();
    if (!box) throw new Error('the mini map has no box');
    await on.mouse.click(box.x + box.width - 14, box.y + box.height - 12);
    const there = await scene(on);
    expect(there?.districts[0]?.x).toBeLessThan((near?.districts[0]?.x ?? 0) - 200);
    await on.getByTestId('map').focus();
    await on.keyboard.press('0');
    await mini.waitFor({ state: 'hidden' });
  });

  it('tells the same totals at every level', async () => {
    const on = await open('/', { reducedMotion: 'reduce' });
    const place = await scene(on);
    expect(place?.level).toBe('place');
    const levels = new Set<string | undefined>();
    for (let i = 0; i < 9; i += 1) {
      await on.getByRole('button', { name: 'Farther' }).click();
      await on.waitForTimeout(250);
      const now = await scene(on);
      levels.add(now?.level);
      expect(now?.totals).toMatchObject({ services: place?.totals?.services, pods: place?.totals?.pods });
    }
    expect(levels).toContain('district');
  });

  it('goes by touch: a tap selects', async () => {
    const on = await open('/', { hasTouch: true });
    const at = (await scene(on))?.services.find(({ id }) => id === 'shop/web');
    if (!at) throw new Error('no shop/web on the map');
    await on.touchscreen.tap(at.x, at.y);
    await on.waitForFunction(() => new URLSearchParams(location.search).get('selected') === 'service~shop/web');
  });

  it('says in words what the filter folds', async () => {
    const on = await open('/?namespaces=data');
    const note = await on.getByTestId('legend-note').first().textContent();
    expect(note).toMatch(/^\d+ Services?, \d+ pods?.* conn\/s are folded by the filter$/);
  });
});
