import type { Page } from 'playwright-core';

/** One picture: where to go and what to do there. */
export interface Shot {
  readonly name: string;
  readonly address: string;
  /** Fills the screen: taken in every size. */
  readonly fills?: true;
  readonly act?: (page: Page) => Promise<void>;
}

const CHECKOUT = 'selected=service~shop/checkout';

/** @param drained uid of a drained pod of the checkout */
export function shotsOf(drained: string): readonly Shot[] {
  return [
    { name: 'services', address: `/?${CHECKOUT}`, fills: true },
    { name: 'nodes', address: '/?lens=nodes', fills: true },
    { name: 'directory', address: '/?lens=directory', fills: true },
    { name: 'wall', address: '/?wall=', fills: true },
    { name: 'table', address: '/?table=', act: (page) => page.getByTestId('edge-row').first().click() },
    { name: 'bytes', address: '/?metric=bytes' },
    { name: 'pod', address: `/?selected=pod~${drained}` },
    { name: 'node', address: '/?lens=nodes&selected=node~node-b' },
    { name: 'filter', address: '/?namespaces=shop&minRate=0.5' },
    { name: 'why', address: `/?${CHECKOUT}`, act: explain },
    {
      name: 'why-none',
      address: `/?selected=pod~${drained}`,
      act: async (page) => {
        await page.getByTestId('panel').getByRole('button', { name: 'Why none?' }).click();
        await page.getByTestId('why-none').first().waitFor();
      },
    },
    {
      name: 'rules',
      address: `/?${CHECKOUT}`,
      act: async (page) => {
        await page.getByTestId('show-rules').click();
        await page.getByTestId('rules-difference').first().waitFor();
      },
    },
    {
      name: 'find',
      address: '/',
      act: async (page) => {
        await page.keyboard.press('/');
        await page.getByTestId('find-input').fill('ch');
      },
    },
    { name: 'keys', address: '/', act: (page) => page.keyboard.press('?') },
    { name: 'rewound', address: '/?table=', act: rewind },
    {
      name: 'compared',
      address: '/',
      act: async (page) => {
        await rewind(page);
        await page.keyboard.press('v');
      },
    },
  ];
}

async function explain(page: Page): Promise<void> {
  await page.getByTestId('why').first().click();
  await page.getByTestId('why-source').click();
  await page.getByTestId('why-source-input').fill('shop web');
  await page.keyboard.press('Enter');
  await page.getByTestId('why-end').first().waitFor();
}

async function rewind(page: Page): Promise<void> {
  await page.getByTestId('time-slider').focus();
  for (let i = 0; i < 5; i += 1) await page.keyboard.press('ArrowLeft');
  await page.getByTestId('time-needle').waitFor();
}
