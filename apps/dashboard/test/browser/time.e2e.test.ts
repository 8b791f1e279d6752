import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { namesInQuery, openToyBrowser, queried, step, type ToyBrowser, titleOf } from './toy-page.ts';

let toy: ToyBrowser;
let page: Page;
beforeAll(async () => {
  toy = await openToyBrowser();
});
afterAll(async () => {
  await toy?.close();
  expect(toy?.faults).toEqual([]);
});
beforeEach(async () => {
  page = await toy.open('/', { reducedMotion: 'reduce' });
  // The line of now: before the history has come there is nothing to go back to.
  await page.locator('[data-testid=time-slider] .stroke-live').waitFor({ state: 'attached' });
});
afterEach(() => page.close());

const slider = (on = page) => on.getByTestId('time-slider');
const shown = async (on = page) => Number(await slider(on).getAttribute('aria-valuenow'));
const words = (on = page) => slider(on).getAttribute('aria-valuetext');
const past = (on = page) => on.getByTestId('rewind-banner').getByText('Traffic as it was at').waitFor();

/** The time that is shown when the hand on the time line rests: then the address has it too. */
async function rested(): Promise<number> {
  await expect.poll(async () => (await queried(page, 'at')) === String(await shown())).toBe(true);
  return shown();
}

async function drag(from: number, to: number): Promise<void> {
  const box = await slider().boundingBox();
  if (!box) throw new Error('there is no time line');
  const y = box.y + box.height / 2;
  await page.mouse.move(box.x + box.width * from, y);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * to, y, { steps: 8 });
}

describe('the time line', () => {
  it('is scrubbed: the map follows the hand, and the address keeps where it rests', async () => {
    const begin = await shown();
    await drag(0.8, 0.75);
    await expect.poll(() => shown()).toBeLessThan(begin);
    await page.mouse.up();
    const first = await rested();
    await drag(0.75, 0.5);
    await expect.poll(() => shown()).toBeLessThan(first);
    await page.mouse.up();
    await past();
    const second = await rested();
    expect(second).toBeLessThan(first);
    await expect.poll(() => words()).not.toBe('live');
    await expect.poll(() => queried(page, 'at')).toBe(String(second));
    await expect.poll(() => page.getByTestId('live-state').textContent()).toContain('Past');
  });

  it('goes live again with one key, and with Escape', async () => {
    for (const key of ['l', 'Escape']) {
      await slider().focus();
      await page.keyboard.press('PageDown');
      await past();
      await page.keyboard.press(key);
      await expect.poll(() => words()).toBe('live');
      await page.getByTestId('rewind-banner').waitFor({ state: 'detached' });
      await expect.poll(() => namesInQuery(page)).toEqual([]);
    }
  });

  it('says of what nothing is known', async () => {
    await page.getByTestId('silence').first().waitFor();
  });

  it('shows a colleague the same moment by its address', async () => {
    await page.getByTestId('flag').first().waitFor();
    await slider().focus();
    await page.keyboard.press('PageDown');
    await past();
    await page.keyboard.press('v');
    await page.getByTestId('comparison').waitFor();
    await expect.poll(() => namesInQuery(page)).toEqual(['at', 'compare']);
    const search = await page.evaluate(() => window.location.search);
    const other = await toy.open(`/${search}`, { reducedMotion: 'reduce' });
    await past(other);
    await other.getByTestId('comparison').waitFor();
    await expect.poll(() => shown(other)).toBe(await shown());
    const title = (on: Page) => on.getByTestId('comparison').locator('h2').textContent();
    await expect.poll(() => title(other)).toBe(await title(page));
    await other.close();
  });

  it('goes back to live with the browser’s own button', async () => {
    await slider().focus();
    await page.keyboard.press('PageDown');
    await expect.poll(() => namesInQuery(page)).toEqual(['at']);
    await step(page, 'back');
    await expect.poll(() => words()).toBe('live');
  });
});

describe('replay', () => {
  it('begins five minutes ago, goes on by itself, and stands still when it is paused', async () => {
    await page.getByTestId('speed-60').click();
    // A button that has the focus would take the space bar for itself.
    await page.evaluate('document.activeElement.blur()');
    await page.keyboard.press(' ');
    await past();
    const begin = await shown();
    await expect.poll(() => shown()).toBeGreaterThan(begin + 60_000);
    await page.getByTestId('replay').click();
    await page.locator('[data-testid=replay][aria-label=Replay]').waitFor();
    const stood = await shown();
    await page.waitForTimeout(1500);
    expect(await shown()).toBe(stood);
  });

  it('becomes live when it arrives at now', async () => {
    await slider().focus();
    for (let i = 0; i < 3; i += 1) await page.keyboard.press('ArrowLeft');
    await past();
    await page.getByTestId('speed-60').click();
    await page.getByTestId('replay').click();
    await expect.poll(() => words()).toBe('live');
  });
});

describe('then and now', () => {
  it('sets every Service and the whole against now', async () => {
    await page.keyboard.press('v');
    await page.getByTestId('comparison').waitFor();
    const rows = () => page.getByTestId('change').allTextContents();
    // The toy has ten Services, and there is a row for all.
    await expect
      .poll(async () => (await rows()).filter((row) => /[+−][\d.,]+\/s|about the same/.test(row)).length)
      .toBe(11);
    expect(await rows()).toHaveLength(11);
    await page.getByRole('tab', { name: 'streets' }).click();
    await expect.poll(async () => (await rows()).length).toBeGreaterThan(15);
    await page.keyboard.press('v');
    await page.getByTestId('comparison').waitFor({ state: 'detached' });
    await expect.poll(() => words()).not.toBe('live');
  });
});

describe('flags', () => {
  it('say who and what when they have the focus, and lead to their time and their Service', async () => {
    const flag = page.getByTestId('flag').first();
    await flag.focus();
    const said = (await flag.textContent()) ?? '';
    expect(said).toMatch(/shop\/(checkout|catalog)/);
    await page.keyboard.press('Enter');
    await past();
    const service = /shop\/(checkout|catalog)/.exec(said)?.[1] ?? '';
    await expect.poll(() => titleOf(page)).toContain(service);
    const time = /\d\d:\d\d/.exec(said)?.[0] ?? 'none';
    await expect.poll(() => page.getByTestId('rewind-banner').textContent()).toContain(`at ${time}`);
  });
});
