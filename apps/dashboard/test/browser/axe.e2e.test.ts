import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openToyBrowser, type ToyBrowser } from './toy-page.ts';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

let toy: ToyBrowser;
beforeAll(async () => {
  toy = await openToyBrowser();
  toy.feed.city.silence('node-d', true);
});
afterAll(async () => {
  await toy?.close();
  expect(toy?.faults).toEqual([]);
});

interface Finding {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly target: readonly string[]; readonly failureSummary: string }[];
}

/** Rules that are advice at most are not asked: the others take long enough. */
const RUN = `axe.run({ resultTypes: ['violations'], runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] })`;

/** What is serious or worse, one line for each element. */
async function findings(page: Page): Promise<readonly string[]> {
  // Not `addScriptTag`: the page's policy refuses scripts that are not its own.
  await page.evaluate(axe);
  const { violations } = await page.evaluate<{ violations: readonly Finding[] }>(RUN);
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id} ${target}: ${failureSummary}`));
}

const press = (key: string) => (page: Page) => page.keyboard.press(key);
const click = (id: string) => (page: Page) => page.getByTestId(id).first().click();
const CHECKOUT = 'selected=service~shop/checkout';

interface View {
  readonly name: string;
  readonly address: string;
  readonly act?: (page: Page) => Promise<unknown>;
  /** What stands there when it may be judged. */
  readonly until?: string;
}

const VIEWS: readonly View[] = [
  { name: 'services', address: '/' },
  { name: 'who looks', address: '/', act: click('account'), until: 'account-user' },
  { name: 'nodes', address: '/?lens=nodes' },
  { name: 'directory', address: '/?lens=directory' },
  { name: 'edges of the directory', address: '/?lens=directory', act: click('directory-edges'), until: 'table-edges' },
  { name: 'panel of a Service', address: `/?${CHECKOUT}` },
  { name: 'panel of a pod', address: '/?selected=pod~uid-1' },
  { name: 'panel of a node', address: '/?lens=nodes&selected=node~node-b' },
  { name: 'panel of a silent node', address: '/?lens=nodes&selected=node~node-d' },
  { name: 'panel of a namespace', address: '/?selected=namespace~shop' },
  { name: 'panel of a street', address: '/?selected=road~service:shop/web→service:shop/cart' },
  { name: 'panel of a bundled street', address: '/?selected=road~namespace:shop→namespace:data', until: 'streets' },
  { name: 'table', address: '/?table=' },
  { name: 'table of one Service', address: '/?table=&only=shop/cart' },
  { name: 'filter', address: '/?namespaces=shop&errors=' },
  { name: 'palette', address: '/', act: press('/'), until: 'find-input' },
  {
    name: 'palette with finds',
    address: '/',
    act: async (page) => {
      await page.keyboard.press('/');
      await page.getByTestId('find-input').fill('ch');
    },
    until: 'find-input',
  },
  {
    name: 'steering sheet',
    address: `/?${CHECKOUT}`,
    act: async (page) => {
      await page.getByTestId('steer').click();
      await page.getByTestId('effect-drain').click();
    },
    until: 'confirm-name',
  },
  {
    name: 'steering sheet, a group by label',
    address: '/?selected=service~shop/web',
    act: async (page) => {
      await page.getByTestId('steer').click();
      await page.getByTestId('effect-share').click();
      await page.getByTestId('choose-matchLabels').click();
    },
    until: 'facet-input',
  },
  {
    name: 'steering sheet, all of a drain, rules unfolded',
    address: '/?lens=nodes&selected=node~node-b',
    act: async (page) => {
      await page.getByTestId('steer').click();
      await page.getByText('UDP, sticky clients, pace').click();
      await page.getByTestId('deadline').fill('soon');
      await page.getByTestId('deadline').fill('5 min');
      await page.getByTestId('difference-node-a').locator('summary').first().click();
    },
    until: 'share-row',
  },
  {
    name: 'ticked rows',
    address: '/?lens=directory&tab=nodes',
    act: (page) => page.getByTestId('tick-all').click(),
    until: 'bulk-bar',
  },
  {
    name: 'changes',
    address: '/?lens=directory&tab=changes',
    act: click('change-row'),
    until: 'change-detail',
  },
  { name: 'keys', address: '/', act: press('?'), until: 'keys' },
  { name: 'export menu', address: '/', act: click('export'), until: 'export-svg' },
  { name: 'measuring', address: '/?selected=node~node-b', act: click('measuring') },
  { name: 'rules', address: `/?${CHECKOUT}`, act: click('show-rules'), until: 'kernel-rule' },
  {
    name: 'rules that differ',
    address: `/?${CHECKOUT}`,
    act: async (page) => {
      await page.getByTestId('show-rules').click();
      await page.getByTestId('rules-of-node-b').click();
      await page.locator('[data-kind=foreign]').first().waitFor();
    },
  },
  { name: 'why here, nothing chosen', address: '/?selected=node~node-b', act: click('why'), until: 'why-card' },
  {
    name: 'why here, choosing',
    address: `/?${CHECKOUT}`,
    act: async (page) => {
      await page.getByTestId('why').first().click();
      await page.getByTestId('why-source').click();
    },
    until: 'why-source-input',
  },
  {
    name: 'why here, answered',
    address: `/?${CHECKOUT}`,
    act: async (page) => {
      await page.getByTestId('why').first().click();
      await page.getByTestId('why-source').click();
      await page.getByTestId('why-source-input').fill('web node-b');
      await page.keyboard.press('Enter');
      await page.getByTestId('why-end').first().getByRole('button').first().click();
    },
    until: 'why-way',
  },
  { name: 'the past', address: `/?${CHECKOUT}&table=&at=${Date.now() - 600_000}`, until: 'time-needle' },
  { name: 'the past and now', address: `/?at=${Date.now() - 600_000}&compare=`, until: 'comparison' },
  { name: 'the past in the directory', address: `/?lens=directory&at=${Date.now() - 600_000}`, until: 'time-needle' },
  { name: 'wall', address: '/?wall=', until: 'wall' },
  { name: 'what policies refuse', address: '/?barred=', until: 'filter-barred' },
  { name: 'panel of a closed pod', address: '/?selected=pod~uid-20', until: 'gates' },
  { name: 'panel of a policy', address: '/?selected=policy~payments/only-checkout', until: 'policy-facts' },
  {
    name: 'panel of a refused attempt',
    address: '/?lens=directory&tab=refusals',
    act: (page) => page.getByText('203.0.113.0/24').first().click(),
    until: 'barred-facts',
  },
  { name: 'policies of the directory', address: '/?lens=directory&tab=policies', until: 'table-policies' },
  {
    name: 'why here, refused',
    address: '/?selected=service~payments/payments',
    act: async (page) => {
      await page.getByTestId('why').first().click();
      await page.getByTestId('why-source').click();
      await page.getByTestId('why-source-input').fill('loadgen node-c');
      await page.keyboard.press('Enter');
    },
    until: 'why-isolation',
  },
];

describe.each(['light', 'dark'] as const)('axe, %s', (colorScheme) => {
  let page: Page;
  beforeAll(async () => {
    page = await toy.open('/', { colorScheme, reducedMotion: 'reduce' });
  });
  afterAll(() => page?.close());

  it.each(VIEWS)('finds nothing serious: $name', async ({ address, act, until }) => {
    await toy.visit(page, address);
    await act?.(page);
    if (until) await page.getByTestId(until).first().waitFor();
    expect(await findings(page)).toEqual([]);
  });
});
