/**
 * `npm run screenshots [-- FOLDER]`: builds a city, waits until its traffic flows, drains one backend and reweights another,
 * and takes pictures of both lenses and the directory in both themes, to be looked at. Default folder: docs/images.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { openBrowser } from '../apps/city/testing/browser.ts';
import { RunningCity } from '../apps/city/testing/running-city.ts';

const folder = process.argv[2] ?? fileURLToPath(new URL('../docs/images', import.meta.url));
/** Long enough for the time line and the 60 s shares to have something to tell. */
const TRAFFIC_MS = 75_000;

mkdirSync(folder, { recursive: true });
console.log('Building a city…');
const city = await RunningCity.start('--port', '18586', '--name', 'shop-prod');
const browser = await openBrowser();
try {
  const page = await browser.newPage({ viewport: { width: 1600, height: 1000 }, colorScheme: 'dark' });
  await page.goto(city.url);
  await page.getByTestId('live-state').getByText(/live/i).waitFor({ timeout: 60_000 });
  await steer(page);
  console.log(`Letting the traffic flow for ${TRAFFIC_MS / 1000} s…`);
  await page.waitForTimeout(TRAFFIC_MS);
  for (const theme of ['night', 'day']) {
    for (const lens of ['nodes', 'services', 'directory']) {
      await page.getByTestId(`lens-${lens}`).click();
      await page.waitForTimeout(2500);
      const path = join(folder, `${lens}-${theme}.png`);
      await page.screenshot({ path });
      console.log(path);
    }
    await page.getByTestId('theme-toggle').click();
  }
} finally {
  await browser.close();
  await city.stop();
}

/** Drains the first backend of the checkout and gives the second one another weight, as a person would. */
async function steer(page: Page): Promise<void> {
  await page.getByTestId('find').click();
  await page.getByTestId('find-input').fill('checkout');
  await page.keyboard.press('Enter');
  const drain = page.locator('[data-testid^="drain-checkout-"]').first();
  await drain.waitFor({ timeout: 30_000 });
  await drain.click();
  const weight = page.locator('[data-testid^="weight-checkout-"]').last();
  await weight.fill('25');
  await weight.press('Enter');
}
