import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { mapOf, openToyBrowser, someFrames, type ToyBrowser, titleOf } from './toy-page.ts';

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
  await mapOf(page);
  return page;
}

const scene = (of: Page) => of.evaluate(() => window.kubecity?.scene());
const words = (of: Page) => of.getByTestId('map-words').textContent();
const onMap = (of: Page) => of.evaluate(() => document.activeElement?.matches('[data-testid=map]') ?? false);
/** One place on with Tab. Says what stands there; '' when it left the map. */
async function tab(of: Page, key: 'Tab' | 'Shift+Tab' = 'Tab'): Promise<string> {
  const before = await words(of);
  await of.keyboard.press(key);
  await expect.poll(async () => (await words(of)) !== before || !(await onMap(of))).toBe(true);
  return (await words(of)) ?? '';
}

/** The scene once the camera stands still: two looks at it, some frames apart, are at the same. */
async function atRest(of: Page) {
  let before: number | undefined;
  await expect
    .poll(
      async () => {
        const { zoom, districts } = (await scene(of)) ?? {};
        const last = before;
        before = (zoom ?? 0) * 1e6 + (districts?.[0]?.x ?? 0);
        await someFrames(of);
        return before === last;
      },
      { interval: 200 },
    )
    .toBe(true);
  return scene(of);
}

describe('the map', () => {
  it('is walked with Tab in reading order, says where one is, and selects with Enter', async () => {
    const on = await open('/');
    await on.getByTestId('map').focus();
    const said: string[] = [];
    for (let i = 0; i < 6; i += 1) said.push(await tab(on));
    expect(new Set(said).size).toBe(6);
    expect(said.every((text) => text.length > 3)).toBe(true);
    let stands = said.at(-1) ?? '';
    for (let i = 0; i < 40 && !stands.startsWith('shop/'); i += 1) stands = await tab(on);
    const stood = stands.split(',')[0];
    await tab(on);
    expect((await tab(on, 'Shift+Tab')).split(',')[0]).toBe(stood);
    await on.keyboard.press('Enter');
    await on.waitForFunction((id) => new URLSearchParams(location.search).get('selected') === `service~${id}`, stood);
  });

  it('is left with Tab after its last place', async () => {
    const on = await open('/?lens=nodes');
    await on.getByTestId('map').focus();
    for (let i = 0; i < 200 && (await onMap(on)); i += 1) await tab(on);
    expect(await onMap(on)).toBe(false);
    await expect.poll(() => words(on)).toBe('');
  });

  it('moves and zooms by keyboard; the mini map is there while not all is seen, and takes one elsewhere', async () => {
    const on = await open('/');
    const mini = on.getByTestId('mini-map');
    await mini.waitFor({ state: 'hidden' });
    await on.getByTestId('map').focus();
    const before = await scene(on);
    const zoom = async () => (await scene(on))?.zoom ?? Number.NaN;
    for (let i = 0; i < 4; i += 1) {
      const from = await zoom();
      await on.keyboard.press('+');
      await expect.poll(zoom).toBeGreaterThan(from);
      // A key pressed on the way would take the rest of it away.
      await atRest(on);
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
    await expect.poll(async () => (await scene(on))?.districts[0]?.x).toBeLessThan((near?.districts[0]?.x ?? 0) - 200);
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
      const now = await atRest(on);
      levels.add(now?.level);
      expect(now?.totals).toMatchObject({ services: place?.totals?.services, pods: place?.totals?.pods });
    }
    expect(levels).toContain('district');
  });

  it('is walked over bundled streets too, seen from afar', async () => {
    const on = await open('/', { reducedMotion: 'reduce' });
    for (let i = 0; i < 9; i += 1) await on.getByRole('button', { name: 'Farther' }).click();
    await expect.poll(async () => (await scene(on))?.level).toBe('city');
    await atRest(on);
    await on.getByTestId('map').focus();
    let stands = '';
    for (let i = 0; i < 60 && !stands.startsWith('shop → data'); i += 1) stands = await tab(on);
    expect(stands).toMatch(/^shop → data, .+ new conn\/s/);
    await on.keyboard.press('Enter');
    await expect.poll(() => titleOf(on)).toBe('shop → data');
  });

  it('goes by touch: a tap selects', async () => {
    const on = await open('/', { hasTouch: true });
    const at = (await atRest(on))?.services.find(({ id }) => id === 'shop/web');
    if (!at) throw new Error('no shop/web on the map');
    await on.touchscreen.tap(at.x, at.y);
    await on.waitForFunction(() => new URLSearchParams(location.search).get('selected') === 'service~shop/web');
  });

  it('says in words what the filter folds', async () => {
    const on = await open('/?namespaces=data');
    const note = on.getByTestId('legend-note').first();
    await expect
      .poll(() => note.textContent())
      .toMatch(/^\d+ Services?, \d+ pods?.* and the rest of the traffic are left out by the filter$/);
  });
});
