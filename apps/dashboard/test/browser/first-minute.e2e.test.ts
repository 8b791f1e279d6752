import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { focusedOf, mapOf, openToyBrowser, queried, type ToyBrowser, titleOf } from './toy-page.ts';

/** Somebody who has never seen it asks: which pod of `cart` gets the most, from whom, and why does this one get nothing? */
let toy: ToyBrowser;
let page: Page;
let idle: { readonly backend: string; readonly uid: string; readonly name: string };
let busy: string;

beforeAll(async () => {
  toy = await openToyBrowser();
  const carts = toy.feed.city
    .snapshot(Date.now())
    .flatMap((op) => (op[0] === 'set' && op[1] === 'backend' && op[3].service === 'shop/cart' ? [op] : []));
  const [, , backend, { podUid = '', podName = '' }] = carts[0] ?? expect.unreachable('the toy city has carts');
  idle = { backend, uid: podUid, name: podName };
  busy = carts[1]?.[2] ?? expect.unreachable('there is a second one');
});
beforeEach(async () => {
  toy.feed.city.drain(idle.backend, Date.now());
  toy.feed.city.weigh(busy, 400, Date.now());
  page = await toy.open('/', { viewport: { width: 1280, height: 800 } });
  await mapOf(page);
});
afterEach(async () => {
  await page.close();
  toy.feed.city.undrain(idle.backend, Date.now());
  toy.feed.city.weigh(busy, 100, Date.now());
  expect(toy.faults).toEqual([]);
});
afterAll(() => toy?.close());

const said = async (testId: string) => ((await page.getByTestId(testId).textContent()) ?? '').replace(/\s+/g, ' ');
const MOST = /^cart-\S+ gets the most: [\d.]+ new conn\/s, \d+ % of it all, (.+ of that )?from web-\S+ \(\d+ %\).*\.$/;
const NONE = /^Nothing of shop\/cart: Drained by override \S+ of mara@shop\.example \(“INC-123 slow disk”\)\.$/;

/** Where a thing stands on the screen, once it rests there. */
async function spotOf(kind: 'services' | 'pods', id: string): Promise<{ x: number; y: number }> {
  const spot = () =>
    page.evaluate(([list, wanted]) => window.kubecity?.scene()[list].find((one) => one.id === wanted), [
      kind,
      id,
    ] as const);
  let before = await spot();
  await expect
    .poll(
      async () => {
        const last = before;
        before = await spot();
        return last !== undefined && last.x === before?.x && last.y === before?.y;
      },
      { interval: 200 },
    )
    .toBe(true);
  return before ?? expect.unreachable(`${id} stands on the map`);
}

async function click(kind: 'services' | 'pods', id: string): Promise<void> {
  const { x, y } = await spotOf(kind, id);
  await page.mouse.click(x, y);
}

describe('within a minute', () => {
  it('by the pointer alone: the ring, the sentence, the house', async () => {
    await click('services', 'shop/cart');
    await expect.poll(() => titleOf(page)).toBe('cart');
    await expect.poll(() => said('busiest')).toMatch(MOST);
    // It is in sight: nobody has to scroll for it.
    const sentence = await page.getByTestId('busiest').boundingBox();
    expect((sentence?.y ?? 800) + (sentence?.height ?? 0)).toBeLessThan(500);
    await click('pods', idle.uid);
    await expect.poll(() => titleOf(page)).toBe(idle.name);
    await expect.poll(() => said('none')).toMatch(NONE);
  });

  it('by the keyboard alone: the name, the sentence, the pod beside it', async () => {
    await page.keyboard.press('/');
    await expect.poll(() => focusedOf(page)).toBe('find-input');
    await page.keyboard.type('cart');
    await page.getByRole('option', { name: /^cart/ }).first().waitFor();
    await page.keyboard.press('Enter');
    await expect.poll(() => queried(page, 'selected')).toBe('service~shop/cart');
    await expect.poll(() => said('busiest')).toMatch(MOST);
    await page.keyboard.press('/');
    await expect.poll(() => focusedOf(page)).toBe('find-input');
    await page.keyboard.type(idle.name);
    await page.getByRole('option', { name: idle.name }).first().waitFor();
    await page.keyboard.press('Enter');
    await expect.poll(() => titleOf(page)).toBe(idle.name);
    await expect.poll(() => said('none')).toMatch(NONE);
  });
});
