import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { PROTOCOL_VERSION } from '@kubecity/protocol';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openToyBrowser, someFrames, type ToyBrowser, titleOf } from './toy-page.ts';

let toy: ToyBrowser;
let hub: ChildProcess | undefined;
beforeAll(async () => {
  toy = await openToyBrowser();
});
afterAll(async () => {
  await toy?.close();
  hub?.kill('SIGKILL');
  expect(toy?.faults).toEqual([]);
});

/** The toy city as a process of its own, which can end. Tells its address; port 0 is any that is free. */
async function startHub(port: number, ...how: string[]): Promise<string> {
  const file = path.join(import.meta.dirname, '../map/feed.ts');
  hub = spawn(process.execPath, [file, String(port), ...how], { stdio: ['ignore', 'pipe', 'inherit'] });
  // it prints its address when it listens
  for await (const text of hub.stdout as AsyncIterable<Buffer>) {
    const [address] = /http:\/\/[\d.:]+/.exec(text.toString()) ?? [];
    if (address) return address;
  }
  throw new Error('the toy city ended before it listened');
}

async function endHub(): Promise<void> {
  const ended = once(hub as ChildProcess, 'exit');
  hub?.kill('SIGKILL');
  await ended;
}

/** What is on the map and who is heard, without what moves by itself. */
function shown(page: Page) {
  return page.evaluate(() => {
    const scene = window.kubecity?.scene();
    const ids = (list: readonly { id: string }[] = []) => list.map(({ id }) => id).sort();
    const pill = document.querySelector('[data-testid=live-state]')?.textContent ?? '';
    return {
      ...{ services: ids(scene?.services), pods: ids(scene?.pods), roads: ids(scene?.roads) },
      heard: /\d+ of \d+ agents/.exec(pill)?.[0],
    };
  });
}

/** The same once it changes no more, and the city is there. */
async function whole(page: Page) {
  let before = await shown(page);
  await expect
    .poll(
      async () => {
        const last = before;
        before = await shown(page);
        await someFrames(page);
        return before.pods.length > 20 && isDeepStrictEqual(before, last);
      },
      { interval: 500 },
    )
    .toBe(true);
  return before;
}

const state = (page: Page, wanted: string) =>
  page.locator(`[data-testid=live-state][data-state=${wanted}]`).waitFor({ state: 'attached', timeout: 60_000 });
const framesDrawn = (page: Page) => page.evaluate(() => window.kubecity?.framesDrawn ?? Number.NaN);

/** This Chromium shows every page always, so the page is told that nobody sees it. */
const setHidden = (page: Page, hidden: boolean) =>
  page.evaluate((value) => {
    Object.defineProperty(document, 'hidden', { value, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  }, hidden);

it('a page has one connection, which its first script opens', async () => {
  const page = await toy.browser.newPage();
  let begun = 0;
  page.on('websocket', () => {
    begun += 1;
  });
  await page.goto(toy.feed.url);
  await state(page, 'live');
  await expect.poll(() => framesDrawn(page)).toBeGreaterThan(5);
  expect(begun).toBe(1);
  expect(await page.evaluate(() => window.kubecityEarly)).toBeUndefined();
  // What comes after belongs to socket.io.
  toy.feed.hangUp();
  await expect.poll(() => begun).toBe(2);
  await state(page, 'live');
  await page.close();
});

it('a page that nobody sees draws nothing, and shows what is new at once when it is seen again', async () => {
  const page = await toy.open('/');
  await expect.poll(() => framesDrawn(page)).toBeGreaterThan(5);
  await setHidden(page, true);
  // What had begun before is drawn by then.
  await someFrames(page);
  const before = await shown(page);
  const drawn = await framesDrawn(page);
  toy.feed.city.silence('node-c', true);
  // three frames of the hub
  await page.waitForTimeout(3200);
  expect(await framesDrawn(page)).toBe(drawn);
  expect(await shown(page)).toEqual(before);
  await setHidden(page, false);
  await expect.poll(async () => (await shown(page)).heard).not.toBe(before.heard);
  await expect.poll(() => framesDrawn(page)).toBeGreaterThan(drawn);
  toy.feed.city.silence('node-c', false);
  await page.close();
});

it('a page that is older than the dashboard says so, and is new after a reload', async () => {
  const page = await toy.open('/?selected=service~shop/cart');
  const banner = page.getByTestId('link-banner');
  toy.feed.speak(PROTOCOL_VERSION + 1);
  await state(page, 'foreign');
  await expect.poll(() => banner.textContent()).toContain('This page is older than the dashboard.');
  toy.feed.speak(PROTOCOL_VERSION);
  await banner.getByRole('button', { name: 'Reload' }).click();
  await state(page, 'live');
  await banner.waitFor({ state: 'detached' });
  await expect.poll(() => titleOf(page)).toBe('cart');
  await page.close();
});

it('a restart of the hub is survived without a reload: the page ends where a new one begins', async () => {
  const address = await startHub(0);
  const open = async () => {
    const page = await toy.browser.newPage({ viewport: { width: 1600, height: 1000 } });
    await page.goto(address);
    await state(page, 'live');
    return page;
  };
  const page = await open();
  await page.evaluate(() => Object.assign(window, { loadedOnce: true }));
  const before = await whole(page);

  await endHub();
  await state(page, 'reconnecting');
  // what was known stays on the screen
  expect((await shown(page)).pods).toEqual(before.pods);

  await startHub(Number(new URL(address).port), 'silent');
  await state(page, 'live');
  await expect.poll(async () => (await shown(page)).heard).not.toBe(before.heard);
  const fresh = await open();
  await expect.poll(() => shown(page)).toEqual(await whole(fresh));
  expect(await page.evaluate(() => 'loadedOnce' in window)).toBe(true);
});
