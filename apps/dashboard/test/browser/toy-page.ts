import { existsSync } from 'node:fs';
import { type Browser, type BrowserContextOptions, chromium, type Locator, type Page } from 'playwright-core';
import { type Feed, openFeed } from '../map/feed.ts';

const CANDIDATES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
/** Without the last four a Chromium calls home at every start. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** The toy city with a browser in front of it, for the tests of one file. Pages must be built. */
export interface ToyBrowser {
  readonly feed: Feed;
  readonly browser: Browser;
  /** What went wrong on any page, as the browser told it. */
  readonly faults: readonly string[];
  /** A page of its own context, once the city has arrived. */
  open(address: string, options?: BrowserContextOptions): Promise<Page>;
  /** Loads another address on a page, and waits as `open` does. */
  visit(page: Page, address: string): Promise<void>;
  close(): Promise<void>;
}

/** What the address says under a name, null when it does not. Asked of the page itself: `page.url()` lags behind it. */
export const queried = (page: Page, name: string) =>
  page.evaluate((wanted) => new URLSearchParams(window.location.search).get(wanted), name);

/** Every name in the address, in order of the alphabet. */
export const namesInQuery = (page: Page) =>
  page.evaluate(() => [...new URLSearchParams(window.location.search).keys()].sort());

/** One step through the history. Not `page.goBack()`: that ends with any news of an address, also with late ones. */
export const step = (page: Page, by: 'back' | 'forward') =>
  page.evaluate((way) => (way === 'back' ? window.history.back() : window.history.forward()), by);

/** What hangs behind `data-testid`, of what has the focus. */
export const focusedOf = (page: Page) =>
  page.evaluate(() => (document.activeElement as HTMLElement | null)?.dataset.testid ?? '');

/** Presses a key that moves the focus, and waits until it is elsewhere. */
export async function moveFocus(page: Page, key: string): Promise<void> {
  const before = await page.evaluateHandle(() => document.activeElement);
  await page.keyboard.press(key);
  await page.waitForFunction((element) => document.activeElement !== element, before);
}

/** Clicks, and tells the words that were clicked: in a list sorted by traffic others may stand there a moment later. */
export const clickedText = (of: Locator) =>
  of.evaluate((element: HTMLElement) => {
    const words = element.textContent;
    element.click();
    return words;
  });

export const titleOf = (page: Page) => page.getByTestId('panel-title').textContent();

/** The machine's own Chromium. */
export function openChromium(...more: readonly string[]): Promise<Browser> {
  const executablePath = CANDIDATES.find((path) => existsSync(path));
  if (!executablePath) throw new Error(`no Chromium at ${CANDIDATES.join(', ')} (Debian: apt-get install chromium)`);
  return chromium.launch({ executablePath, args: [...FLAGS, ...more] });
}

export async function openToyBrowser(): Promise<ToyBrowser> {
  const feed = await openFeed({ port: 0 });
  const browser = await openChromium();
  const faults: string[] = [];
  const visit = async (page: Page, address: string) => {
    await page.goto(feed.url + address);
    await page.locator('[data-testid=live-state][data-state=live]').waitFor({ state: 'attached' });
  };
  return {
    feed,
    browser,
    faults,
    async open(address, options = {}) {
      const page = await browser.newPage({ viewport: { width: 1600, height: 1000 }, ...options });
      page.setDefaultTimeout(45_000);
      page.on('pageerror', (error) => faults.push(`${address}: ${error.message}`));
      await visit(page, address);
      return page;
    },
    visit,
    async close() {
      await browser.close();
      await feed.close();
    },
  };
}

/** The map has its first scene. A function: a text would be evaluated, which the page's policy forbids. */
export async function mapOf(page: Page): Promise<void> {
  await page.waitForFunction(() => (window.kubecity?.scene().services.length ?? 0) > 0);
}

/** A page that moves has moved on by then: some frames were drawn, however busy the machine is. */
export const someFrames = (page: Page): Promise<void> =>
  page.evaluate(async () => {
    for (let frame = 0; frame < 3; frame += 1) await new Promise(requestAnimationFrame);
  });
