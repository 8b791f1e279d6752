import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { openToyBrowser, type ToyBrowser } from './toy-page.ts';

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
});
afterEach(() => page.close());

const eventually = <T>(check: () => Promise<T>) => vi.waitFor(check, { timeout: 30_000, interval: 150 });
const slider = (on = page) => on.getByTestId('time-slider');
const shown = async (on = page) => Number(await slider(on).getAttribute('aria-valuenow'));
const words = (on = page) => slider(on).getAttribute('aria-valuetext');
const past = (on = page) => on.getByTestId('rewind-banner').getByText('Traffic as it was at').waitFor();

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
    await drag(0.8, 0.75);
    const first = await shown();
    await page.mouse.move((await slider().boundingBox())?.x ?? 0, 10);
    await drag(0.75, 0.5);
    const second = await shown();
    await page.mouse.up();
    await past();
    expect(second).toBeLessThan(first);
    expect(await words()).not.toBe('live');
    await eventually(async () => expect(new URL(page.url()).searchParams.get('at')).toBe(String(second)));
    expect(await page.getByTestId('live-state').textContent()).toContain('Past');
  });

  it('goes live again with one key, and with Escape', async () => {
    for (const key of ['l', 'Escape']) {
      await slider().focus();
      await page.keyboard.press('PageDown');
      await past();
      await page.keyboard.press(key);
      expect(await words()).toBe('live');
      await page.getByTestId('rewind-banner').waitFor({ state: 'detached' });
      await eventually(async () => expect(new URL(page.url()).searchParams.has('at')).toBe(false));
    }
  });

  it('says of what nothing is known', async () => {
    await page.getByTestId('silence').first().waitFor();
    expect(await page.getByTestId('silence').count()).toBeGreaterThan(0);
  });

  it('shows a colleague the same moment by its address', async () => {
    await page.getByTestId('flag').first().waitFor();
    await slider().focus();
    await page.keyboard.press('PageDown');
    await past();
    await page.keyboard.press('v');
    await page.getByTestId('comparison').waitFor();
    await eventually(async () => expect(new URL(page.url()).searchParams.has('compare')).toBe(true));
    const { search } = new URL(page.url());
    const other = await toy.open(`/${search}`, { reducedMotion: 'reduce' });
    await past(other);
    await other.getByTestId('comparison').waitFor();
    expect(await shown(other)).toBe(await shown());
    const title = (on: Page) => on.getByTestId('comparison').locator('h2').textContent();
    expect(await title(other)).toBe(await title(page));
    await other.close();
  });

  it('goes back to live with the browser’s own button', async () => {
    await slider().focus();
    await page.keyboard.press('PageDown');
    await eventually(async () => expect(new URL(page.url()).searchParams.has('at')).toBe(true));
    await page.goBack();
    await eventually(async () => expect(await words()).toBe('live'));
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
    await eventually(async () => expect(await shown()).toBeGreaterThan(begin + 60_000));
    await page.getByTestId('replay').click();
    const stood = await shown();
    await page.waitForTimeout(1500);
    expect(await shown()).toBe(stood);
    expect(await page.getByTestId('replay').getAttribute('aria-label')).toBe('Replay');
  });

  it('becomes live when it arrives at now', async () => {
    await slider().focus();
    for (let i = 0; i < 3; i += 1) await page.keyboard.press('ArrowLeft');
    await past();
    await page.getByTestId('speed-60').click();
    await page.getByTestId('replay').click();
    await eventually(async () => expect(await words()).toBe('live'));
  });
});

describe('then and now', () => {
  it('sets every Service and the whole against now', async () => {
    await page.keyboard.press('v');
    await page.getByTestId('comparison').waitFor();
    const rows = await page.getByTestId('change').allTextContents();
    // The toy has ten Services, and there is a row for all.
    expect(rows).toHaveLength(11);
    expect(rows.filter((row) => /[+−][\d.,]+\/s|±0|≈0/.test(row))).toHaveLength(11);
    await page.getByRole('tab', { name: 'streets' }).click();
    await eventually(async () => expect(await page.getByTestId('change').count()).toBeGreaterThan(15));
    await page.keyboard.press('v');
    await page.getByTestId('comparison').waitFor({ state: 'detached' });
    expect(await words()).not.toBe('live');
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
    expect(await page.getByTestId('panel-title').textContent()).toContain(service);
    const time = /\d\d:\d\d/.exec(said)?.[0] ?? 'none';
    expect(await page.getByTestId('rewind-banner').textContent()).toContain(`at ${time}`);
  });
});
