import { existsSync } from 'node:fs';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
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

/** The machine's own Chromium. */
export function openChromium(): Promise<Browser> {
  const executablePath = CANDIDATES.find((path) => existsSync(path));
  if (!executablePath) throw new Error(`no Chromium at ${CANDIDATES.join(', ')} (Debian: apt-get install chromium)`);
  return chromium.launch({ executablePath, args: FLAGS });
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
