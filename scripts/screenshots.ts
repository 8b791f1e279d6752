/**
 * `npm run screenshots [-- FOLDER [VIEW…]]`: builds a city, waits until its traffic flows, drains one backend and reweights
 * another, and takes pictures of every view in both themes and three sizes, to be looked at. Default folder: screenshots, which
 * is not kept. The best are in docs/images: copies of `<view>-<theme>.png`.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connect, resources } from '@kubecity/kube';
import type { KubePod } from '@kubecity/routing';
import type { Browser, Page } from 'playwright-core';
import { openBrowser } from '../apps/city/testing/browser.ts';
import { RunningCity } from '../apps/city/testing/running-city.ts';
import { type Shot, shotsOf } from './screenshots/shots.ts';

const folder = process.argv[2] ?? fileURLToPath(new URL('../screenshots', import.meta.url));
const wanted = process.argv.slice(3);
/** Long enough for the time line and the 60 s shares to have something to tell. */
const TRAFFIC_MS = 75_000;
/** What is opened settles, and dots spread over the streets. */
const SETTLE_MS = 2_500;

const USUAL = { name: '', width: 1600, height: 1000 };
/** The smallest laptop and a screen on the wall: for the views that fill the screen. */
const OTHERS = [
  { name: '-small', width: 1280, height: 720 },
  { name: '-4k', width: 3840, height: 2160 },
];

mkdirSync(folder, { recursive: true });
console.log('Building a city…');
const city = await RunningCity.start('--port', '18586', '--name', 'shop-prod');
const browser = await openBrowser();
try {
  const drained = await steer();
  console.log(`Letting the traffic flow for ${TRAFFIC_MS / 1000} s…`);
  await new Promise((resolve) => setTimeout(resolve, TRAFFIC_MS));
  const shots = shotsOf(drained).filter(({ name }) => wanted.length === 0 || wanted.includes(name));
  for (const theme of ['night', 'day'] as const) {
    for (const shot of shots) {
      for (const size of shot.fills ? [USUAL, ...OTHERS] : [USUAL]) await take(browser, shot, theme, size);
    }
  }
} finally {
  await browser.close();
  await city.stop();
}

async function take(from: Browser, shot: Shot, theme: 'night' | 'day', size: typeof USUAL): Promise<void> {
  const { width, height } = size;
  const page = await from.newPage({
    viewport: { width, height },
    colorScheme: theme === 'night' ? 'dark' : 'light',
  });
  await live(page, shot.address);
  if (!shot.address.includes('lens=directory')) {
    // Without a GPU a wall of pixels takes a while.
    const isThere = () => performance.getEntriesByName('kubecity:whole-map').length > 0;
    await page.waitForFunction(isThere, undefined, { timeout: 60_000 });
  }
  await shot.act?.(page);
  await page.waitForTimeout(SETTLE_MS);
  const path = join(folder, `${shot.name}-${theme}${size.name}.png`);
  await page.screenshot({ path });
  console.log(path);
  await page.close();
}

async function live(page: Page, address: string): Promise<void> {
  await page.goto(city.url + address);
  await page.locator('[data-testid=live-state][data-state=live]').waitFor({ timeout: 60_000 });
}

/** Drains the first backend of the checkout and gives the last one another weight, as a person would. Returns the pod's uid. */
async function steer(): Promise<string> {
  const page = await browser.newPage({ viewport: { width: 1600, height: 1000 } });
  await live(page, '/?selected=service~shop/checkout');
  const drain = page.locator('[data-testid^="drain-checkout-"]').first();
  await drain.waitFor({ timeout: 30_000 });
  const name = (await drain.getAttribute('data-testid'))?.slice('drain-'.length) ?? '';
  await drain.click();
  const weight = page.locator('[data-testid^="weight-checkout-"]').last();
  await weight.fill('25');
  await weight.press('Enter');
  await page.close();
  const api = connect({ kubeconfig: city.kubeconfig });
  const pod = await api.get<KubePod>(resources.pods, { namespace: 'shop', name });
  await api.close();
  return pod.metadata.uid ?? '';
}
