import type { BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mapOf, openToyBrowser, queried, type ToyBrowser, titleOf } from './toy-page.ts';

let toy: ToyBrowser;
beforeAll(async () => {
  toy = await openToyBrowser();
});
afterAll(async () => {
  await toy?.close();
  expect(toy?.faults).toEqual([]);
});

const VIEWS = ['/?selected=service~shop/checkout', '/?lens=directory', `/?at=${Date.now() - 600_000}&compare=&errors=`];

/** Every control that stands by itself: not a word within a text, nor a row of a list, which is as broad as the list. */
const sizes = (page: Page, selector: string) =>
  page.locator(selector).evaluateAll((found) =>
    found
      .map((element) => ({ element, box: element.getBoundingClientRect() }))
      .filter(({ box }) => box.width > 0)
      .map(({ element, box }) => ({
        name: (element.getAttribute('aria-label') ?? element.textContent ?? '').slice(0, 40),
        width: Math.round(box.width),
        height: Math.round(box.height),
      })),
  );
const CONTROLS = 'header button, [role=tab], [role=radio], [data-testid=flag], .touchable';

async function open(address: string, options: BrowserContextOptions = {}): Promise<Page> {
  const page = await toy.open(address, { reducedMotion: 'reduce', ...options });
  await page.getByTestId('flag').first().waitFor();
  return page;
}

describe.each(VIEWS)('at %s', (address) => {
  it('controls have room for a finger where the pointer is one', async () => {
    const page = await open(address, { hasTouch: true, isMobile: true });
    expect(await page.evaluate(() => window.matchMedia('(pointer: coarse)').matches)).toBe(true);
    const all = () => sizes(page, CONTROLS);
    await expect.poll(async () => (await all()).length).toBeGreaterThan(20);
    await expect.poll(async () => (await all()).filter(({ width, height }) => width < 44 || height < 44)).toEqual([]);
    // Nothing is pushed out of the page.
    expect(await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)).toBe(0);
    await page.close();
  });
});

it('with a mouse they are as small as they were', async () => {
  const page = await open('/?selected=service~shop/checkout');
  const heightOf = async (selector: string) => (await sizes(page, selector))[0]?.height;
  await expect.poll(() => heightOf('[data-testid=lens-nodes]')).toBe(28);
  expect(await heightOf('header')).toBe(52);
  expect(await heightOf('[data-testid=time-line]')).toBe(76);
  expect((await sizes(page, '[data-testid=flag]'))[0]?.width).toBe(24);
  await page.close();
});

it.each(['/', '/?selected=service~shop/checkout'])(
  'on half a laptop, as at 200 % zoom, everything is within reach and the legend leaves the map free: %s',
  async (address) => {
    const page = await open(address, { viewport: { width: 640, height: 400 } });
    const boxOf = async (selector: string) => {
      const box = await page.locator(selector).first().boundingBox();
      if (!box) throw new Error(`${selector} is not on the screen`);
      return { ...box, right: box.x + box.width, bottom: box.y + box.height };
    };
    for (const control of await page.locator('header button').all()) {
      const box = await control.boundingBox();
      expect([await control.textContent(), (box?.x ?? -1) >= 0, (box?.x ?? 0) + (box?.width ?? 0) <= 640]).toEqual([
        await control.textContent(),
        true,
        true,
      ]);
    }
    const [map, legend, controls] = [
      await boxOf('[data-testid=map]'),
      await boxOf('[data-testid=legend]'),
      await boxOf('[data-testid=map-controls]'),
    ];
    expect(legend.right).toBeLessThanOrEqual(controls.x);
    expect(legend.height).toBeLessThan(map.height / 2);
    await page.getByTestId('legend').getByRole('button').click();
    await page.getByText('busy pod').waitFor();
    await page.close();
  },
);

describe('fingers on the map', () => {
  type Point = { readonly x: number; readonly y: number };
  const spot = (page: Page, id: string) =>
    page.evaluate((wanted) => window.kubecity?.scene().services.find((one) => one.id === wanted), id);
  /** Where two Services stand, once they rest there. */
  async function ends(page: Page): Promise<readonly [Point, Point]> {
    let before = '';
    await expect
      .poll(
        async () => {
          const last = before;
          before = JSON.stringify([await spot(page, 'shop/cart'), await spot(page, 'data/orders-db')]);
          return before === last;
        },
        { interval: 200 },
      )
      .toBe(true);
    return JSON.parse(before);
  }
  const apart = ([a, b]: readonly [Point, Point]) => Math.hypot(a.x - b.x, a.y - b.y);

  /** Moves fingers from where they begin to where they end, in ten steps. */
  async function gesture(page: Page, fingers: readonly (readonly [Point, Point])[]): Promise<void> {
    const session = await page.context().newCDPSession(page);
    const at = (part: number) =>
      fingers.map(([from, to], id) => ({
        x: from.x + (to.x - from.x) * part,
        y: from.y + (to.y - from.y) * part,
        id,
      }));
    await session.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: at(0) });
    for (let step = 1; step <= 10; step += 1) {
      await session.send('Input.dispatchTouchEvent', { type: 'touchMove', touchPoints: at(step / 10) });
    }
    await session.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
    await session.detach();
  }

  it('one pans, two zoom, a tap chooses', async () => {
    const page = await toy.open('/', {
      reducedMotion: 'reduce',
      hasTouch: true,
      isMobile: true,
      viewport: { width: 1280, height: 800 },
    });
    await mapOf(page);
    const begin = await ends(page);
    await gesture(page, [
      [
        { x: 640, y: 300 },
        { x: 740, y: 340 },
      ],
    ]);
    const moved = async () => {
      const [cart] = await ends(page);
      return [cart.x - begin[0].x, cart.y - begin[0].y].map((way) => Math.round(way / 10) * 10);
    };
    await expect.poll(moved).toEqual([100, 40]);
    const panned = await ends(page);
    expect(apart(panned)).toBeCloseTo(apart(begin), 0);
    await gesture(page, [
      [
        { x: 600, y: 350 },
        { x: 560, y: 350 },
      ],
      [
        { x: 680, y: 350 },
        { x: 720, y: 350 },
      ],
    ]);
    await expect.poll(async () => (apart(await ends(page)) / apart(panned)).toFixed(1)).toBe('2.0');
    const [cart] = await ends(page);
    await page.touchscreen.tap(cart.x, cart.y);
    await expect.poll(() => titleOf(page)).toBe('cart');
    expect(await queried(page, 'selected')).toBe('service~shop/cart');
    await page.close();
  });
});
