import { parseArgs } from 'node:util';
import type { Page } from 'playwright-core';
import { openChromium } from '../browser/toy-page.ts';
import { type Feed, openFeed } from './feed.ts';
import { largeToy, TOP } from './large-toy.ts';

/** Screenshots of the toy city: `node test/map/look.ts [--size 3840x2160] <folder> [name…]`; a size is for all of them. */
const { values, positionals } = parseArgs({ allowPositionals: true, options: { size: { type: 'string' } } });
const [folder = '.', ...wanted] = positionals;
const [, givenWidth, givenHeight] = /^(\d+)x(\d+)$/.exec(values.size ?? '') ?? [];
if (values.size !== undefined && !givenWidth) throw new RangeError(`--size ${values.size}: give one as 3840x2160`);

interface Shot {
  readonly name: string;
  readonly theme: 'day' | 'night';
  readonly address: string;
  /** 1600 unless told. */
  readonly width?: number;
  /** Of the city of 10,000 pods. */
  readonly large?: boolean;
  readonly act?: (page: Page) => Promise<void>;
}

const isWanted = ({ name }: Shot): boolean => wanted.length === 0 || wanted.includes(name);

const CHECKOUT = 'selected=service~shop/checkout';
const BUNDLE = 'road~namespace:shop→namespace:payments';
const SHOTS: readonly Shot[] = [
  { name: 'large-services-night', theme: 'night', address: '/', large: true },
  { name: 'large-services-day', theme: 'day', address: '/', large: true },
  { name: 'large-nodes-day', theme: 'day', address: '/?lens=nodes', large: true },
  { name: 'large-nodes-night', theme: 'night', address: '/?lens=nodes', large: true },
  { name: 'large-district-night', theme: 'night', address: '/', large: true, act: nearer(2) },
  { name: 'large-district-day', theme: 'day', address: '/?lens=nodes', large: true, act: nearer(1) },
  { name: 'large-place-night', theme: 'night', address: '/', large: true, act: nearer(4) },
  { name: 'large-place-day', theme: 'day', address: '/?lens=nodes', large: true, act: nearer(4) },
  { name: 'services-night', theme: 'night', address: `/?${CHECKOUT}` },
  { name: 'services-day', theme: 'day', address: '/' },
  { name: 'nodes-day', theme: 'day', address: '/?lens=nodes' },
  { name: 'nodes-night', theme: 'night', address: `/?lens=nodes&${CHECKOUT}` },
  { name: 'directory-day', theme: 'day', address: `/?lens=directory&${CHECKOUT}` },
  { name: 'directory-night', theme: 'night', address: '/?lens=directory' },
  { name: 'table-day', theme: 'day', address: '/?table=', act: chooseRow },
  { name: 'table-night', theme: 'night', address: '/?table=&lens=nodes', act: chooseRow },
  { name: 'traffic-night', theme: 'night', address: '/?lens=directory&tab=edges' },
  { name: 'pods-day', theme: 'day', width: 1280, address: '/?lens=directory&tab=pods&sort=-opened&namespaces=shop' },
  { name: 'backends-night', theme: 'night', address: '/?lens=directory&tab=backends&text=shop&states=draining' },
  { name: 'rewound-day', theme: 'day', address: `/?table=&${CHECKOUT}`, act: rewind },
  { name: 'rewound-night', theme: 'night', address: '/?lens=nodes', act: rewind },
  {
    name: 'connections-day',
    theme: 'day',
    address: '/?table=',
    act: async (page) => {
      await chooseRow(page);
      await page.getByTestId('show-connections').click();
      await page.getByTestId('connection').first().waitFor();
    },
  },
  {
    name: 'rules-night',
    theme: 'night',
    address: `/?${CHECKOUT}`,
    act: async (page) => {
      await page.getByTestId('show-rules').click();
      await page.getByTestId('kernel-rule').first().waitFor();
    },
  },
  {
    name: 'rules-differ-day',
    theme: 'day',
    address: `/?${CHECKOUT}`,
    act: async (page) => {
      await page.getByTestId('show-rules').click();
      await page.getByTestId('rules-of-node-b').click();
      await page.locator('[data-kind=foreign]').first().waitFor();
    },
  },
  { name: 'why-night', theme: 'night', address: `/?${CHECKOUT}`, act: (page) => why(page, 'web node-b') },
  { name: 'why-day', theme: 'day', address: `/?lens=nodes&${CHECKOUT}`, act: (page) => why(page, '203.0.113.77') },
  { name: 'only-day', theme: 'day', address: `/?table=&${CHECKOUT}&only=shop/checkout` },
  {
    name: 'measuring-day',
    theme: 'day',
    address: '/?selected=node~node-b',
    act: (page) => page.getByTestId('measuring').click(),
  },
  {
    name: 'measuring-night',
    theme: 'night',
    address: '/?lens=nodes&selected=node~node-b',
    act: (page) => page.getByTestId('measuring').click(),
  },
  {
    name: 'filter-night',
    theme: 'night',
    width: 1280,
    address: '/?namespaces=shop&states=draining+weighted&minRate=0.5',
    act: (page) => page.getByTestId('filter-services').click(),
  },
  { name: 'filter-day', theme: 'day', width: 1280, address: '/?lens=nodes&nodes=node-a&table=' },
  {
    name: 'views-day',
    theme: 'day',
    width: 1280,
    address: '/?errors=',
    act: async (page) => {
      await page.getByTestId('saved-views').click();
      for (const name of ['Trouble', 'Payments at night']) {
        await page.getByTestId('view-name').fill(name);
        await page.getByTestId('save-view').click();
      }
    },
  },
  {
    name: 'who-day',
    theme: 'day',
    address: '/',
    act: async (page) => {
      await page.keyboard.press('/');
      await page.getByTestId('find-input').fill('who is 10.244.2.11:80?');
    },
  },
  {
    name: 'actions-day',
    theme: 'day',
    address: '/?selected=pod~uid-4',
    act: (page) => page.keyboard.press('ControlOrMeta+k'),
  },
  {
    name: 'find-night',
    theme: 'night',
    address: '/',
    act: async (page) => {
      await page.keyboard.press('/');
      await page.getByTestId('find-input').fill('ch');
    },
  },
  { name: 'compared-night', theme: 'night', address: `/?${CHECKOUT}`, act: (page) => page.keyboard.press('v') },
  {
    name: 'compared-day',
    theme: 'day',
    address: `/?at=${Date.now() - 20 * 60_000}&compare=`,
    act: async (page) => {
      await page.getByTestId('comparison').waitFor();
      await page.getByTestId('flag').first().focus();
    },
  },
  { name: 'gates-night', theme: 'night', address: '/?barred=' },
  { name: 'gates-day', theme: 'day', address: '/' },
  { name: 'gates-nodes-day', theme: 'day', address: '/?lens=nodes' },
  { name: 'gates-nodes-night', theme: 'night', address: '/?lens=nodes' },
  { name: 'gates-near-night', theme: 'night', address: '/?selected=service~payments/payments', act: nearer(2) },
  { name: 'gates-near-day', theme: 'day', address: '/?selected=service~payments/payments', act: nearer(2) },
  { name: 'gates-far-day', theme: 'day', address: '/', act: farther(4) },
  { name: 'gates-filter-day', theme: 'day', width: 1280, address: '/?barred=&namespaces=payments' },
  { name: 'gates-directory-night', theme: 'night', width: 1280, address: '/?lens=directory&tab=policies' },
  { name: 'gates-refusals-day', theme: 'day', width: 1280, address: '/?lens=directory&tab=refusals' },
  { name: 'gates-pod-day', theme: 'day', width: 1280, address: '/?selected=pod~uid-20' },
  { name: 'gates-node-night', theme: 'night', width: 1280, address: '/?lens=nodes&selected=node~node-d' },
  { name: 'gates-policy-night', theme: 'night', width: 1280, address: '/?selected=policy~payments/only-checkout' },
  {
    name: 'gates-why-day',
    theme: 'day',
    address: '/?selected=service~payments/payments',
    act: (page) => why(page, 'loadgen'),
  },
  { name: 'gates-far-night', theme: 'night', address: '/?lens=nodes', act: farther(4) },
  { name: 'panel-service-day', theme: 'day', width: 1280, address: '/?selected=service~shop/web' },
  { name: 'panel-node-night', theme: 'night', width: 1280, address: '/?lens=nodes&selected=node~node-d' },
  { name: 'panel-namespace-day', theme: 'day', width: 1280, address: '/?selected=namespace~shop' },
  { name: 'panel-bundle-day', theme: 'day', width: 1280, address: `/?selected=${BUNDLE}` },
  {
    name: 'panel-bundle-night',
    theme: 'night',
    address: `/?lens=nodes&${'selected=road~zone:zone-a→zone:zone-b'}`,
    large: true,
  },
  { name: 'panel-gone-night', theme: 'night', width: 1280, address: '/?selected=pod~uid-gone' },
  {
    name: 'steer-drain-day',
    theme: 'day',
    width: 1280,
    address: '/?selected=service~shop/checkout',
    act: (page) => steer(page, 'd'),
  },
  {
    name: 'steer-floor-night',
    theme: 'night',
    width: 1280,
    address: '/?selected=service~data/orders-db',
    act: (page) => steer(page, 'd', 'confirm-name'),
  },
  {
    name: 'steer-share-night',
    theme: 'night',
    width: 1280,
    address: '/?selected=service~shop/web',
    act: async (page) => {
      await steer(page, 's', 'outcome');
      await page.getByTestId('effect-share').click();
      await page.getByTestId('choose-matchLabels').click();
      await page.getByRole('option', { name: 'version=v2' }).click();
      await page.keyboard.press('Escape');
      await page.getByTestId('ramp').fill('5 min');
      await page.getByTestId('difference-node-a').locator('summary').click();
    },
  },
  {
    name: 'steer-node-day',
    theme: 'day',
    width: 1280,
    address: '/?lens=nodes&selected=node~node-b',
    act: (page) => steer(page, 'd'),
  },
  { name: 'changes-day', theme: 'day', width: 1280, address: '/?lens=directory&tab=changes', act: firstChange },
  { name: 'changes-night', theme: 'night', address: '/?lens=directory&tab=changes', act: firstChange },
  {
    name: 'bulk-day',
    theme: 'day',
    width: 1280,
    address: '/?lens=directory&tab=backends&text=shop',
    act: async (page) => {
      for (const row of [0, 1, 2]) await page.getByTestId('tick').nth(row).click();
    },
  },
  {
    name: 'bulk-night',
    theme: 'night',
    width: 1280,
    address: '/?lens=directory&tab=nodes',
    act: async (page) => {
      await page.getByTestId('tick').first().click();
      await page.getByTestId('tick').nth(1).click();
    },
  },
  {
    name: 'steered-day',
    theme: 'day',
    width: 1280,
    address: '/?selected=service~shop/catalog',
    act: async (page) => {
      await steer(page, 'd', 'outcome');
      await page.getByTestId('effect-share').click();
      await page.getByTestId('choose-nodeNames').click();
      await page.getByRole('option', { name: 'node-b' }).click();
      await page.keyboard.press('Escape');
      await page.getByTestId('ramp').fill('1 min');
      await page.locator('[data-testid=outcome][data-fresh=true]').waitFor();
      await page.getByTestId('apply').click();
      await page.getByTestId('notice-undo').waitFor();
      await page.getByTestId('overrides').scrollIntoViewIfNeeded();
    },
  },
  { name: 'keys-day', theme: 'day', address: '/', act: (page) => page.keyboard.press('?') },
];

/** The sheet, filled in and answered. */
async function steer(page: Page, key: 'd' | 's', until = 'share-row'): Promise<void> {
  await page.getByTestId('panel').waitFor();
  await page.keyboard.press(key);
  await page.getByTestId(until).first().waitFor();
}

async function firstChange(page: Page): Promise<void> {
  await page.getByTestId('change-row').first().click();
  await page.getByTestId('change-detail').waitFor();
}

/** So many presses on “Nearer”. */
function nearer(times: number): (page: Page) => Promise<void> {
  return async (page) => {
    await page.waitForFunction(() => (window.kubecity?.framesDrawn ?? 0) > 2, undefined, { timeout: 60_000 });
    for (let i = 0; i < times; i += 1) {
      await page.getByRole('button', { name: 'Nearer' }).click();
      await page.waitForTimeout(900);
    }
  };
}

function farther(steps: number): (page: Page) => Promise<void> {
  return async (page) => {
    for (let i = 0; i < steps; i += 1) {
      await page.getByRole('button', { name: 'Farther' }).click();
      await page.waitForTimeout(900);
    }
  };
}

async function chooseRow(page: Page): Promise<void> {
  await page.getByTestId('table-text').fill('checkout');
  await page.getByTestId('edge-row').first().click();
}

async function why(page: Page, source: string): Promise<void> {
  await page.getByTestId('why').first().click();
  await page.getByTestId('why-source').click();
  await page.getByTestId('why-source-input').fill(source);
  await page.keyboard.press('Enter');
  await page.getByTestId('why-end').first().getByRole('button').first().click();
}

async function rewind(page: Page): Promise<void> {
  await page.getByTestId('time-slider').focus();
  for (let i = 0; i < 30; i += 1) await page.keyboard.press('ArrowLeft');
  await page.getByTestId('time-needle').waitFor();
}

const toy = await openFeed({ port: 0 });
toy.city.silence('node-d', true);
const large = SHOTS.some((shot) => shot.large && isWanted(shot))
  ? await openFeed({ port: 0, city: largeToy(TOP) })
  : undefined;
const browser = await openChromium();
try {
  for (const shot of SHOTS) {
    const { name, theme, address, width, act } = shot;
    if (!isWanted(shot)) continue;
    const feed = shot.large ? (large as Feed) : toy;
    const page = await browser.newPage({
      viewport: { width: Number(givenWidth ?? width ?? 1600), height: Number(givenHeight ?? 1000) },
      colorScheme: theme === 'night' ? 'dark' : 'light',
    });
    page.on('console', (message) => message.type() === 'error' && process.stderr.write(`${name}: ${message.text()}\n`));
    page.on('pageerror', (error) => process.stderr.write(`${name}: ${error.stack}\n`));
    await page.goto(feed.url + address);
    await page.locator('[data-state=live][data-testid=live-state]').waitFor();
    if (!address.includes('lens=directory')) {
      const isThere = () => performance.getEntriesByName('kubecity:whole-map').length > 0;
      await page.waitForFunction(isThere, undefined, { timeout: 60_000 });
    }
    await act?.(page);
    // A large city is drawn a little in each frame.
    await page.waitForTimeout(shot.large ? 8000 : 2500);
    // A wall of pixels takes a browser without a GPU a while.
    await page.screenshot({ timeout: 180_000, path: `${folder}/${name}${givenWidth ? `-${givenWidth}` : ''}.png` });
    process.stdout.write(`${name}: ${await page.evaluate(() => window.kubecity?.framesDrawn)} frames\n`);
    await page.close();
  }
} finally {
  await browser.close();
  await toy.close();
  await large?.close();
}
