import { chromium, type Page } from 'playwright-core';
import { openFeed } from './feed.ts';

/** Screenshots of the toy city: `node test/map/look.ts <folder> [name…]`. */
const folder = process.argv[2] ?? '.';
const wanted = process.argv.slice(3);

interface Shot {
  readonly name: string;
  readonly theme: 'day' | 'night';
  readonly address: string;
  readonly act?: (page: Page) => Promise<void>;
}

const CHECKOUT = 'selected=service~shop/checkout';
const SHOTS: readonly Shot[] = [
  { name: 'services-night', theme: 'night', address: `/?${CHECKOUT}` },
  { name: 'services-day', theme: 'day', address: '/' },
  { name: 'nodes-day', theme: 'day', address: '/?lens=nodes' },
  { name: 'nodes-night', theme: 'night', address: `/?lens=nodes&${CHECKOUT}` },
  { name: 'directory-day', theme: 'day', address: `/?lens=directory&${CHECKOUT}` },
  { name: 'directory-night', theme: 'night', address: '/?lens=directory' },
  {
    name: 'find-night',
    theme: 'night',
    address: '/',
    act: async (page) => {
      await page.keyboard.press('/');
      await page.getByTestId('find-input').fill('ch');
    },
  },
];

const feed = await openFeed({ port: 0 });
feed.city.silence('node-d', true);
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
});
try {
  for (const { name, theme, address, act } of SHOTS) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    const page = await browser.newPage({
      viewport: { width: 1600, height: 1000 },
      colorScheme: theme === 'night' ? 'dark' : 'light',
    });
    page.on('console', (message) => message.type() === 'error' && process.stderr.write(`${name}: ${message.text()}\n`));
    page.on('pageerror', (error) => process.stderr.write(`${name}: ${error.stack}\n`));
    await page.goto(feed.url + address);
    await page.locator('[data-state=live][data-testid=live-state]').waitFor();
    await act?.(page);
    await page.waitForTimeout(2500);
    await page.screenshot({ path: `${folder}/${name}.png` });
    process.stdout.write(`${name}: ${await page.evaluate(() => window.kubecity?.framesDrawn)} frames\n`);
    await page.close();
  }
} finally {
  await browser.close();
  await feed.close();
}
