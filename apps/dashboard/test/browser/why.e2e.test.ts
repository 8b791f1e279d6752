import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openToyBrowser, type ToyBrowser, titleOf } from './toy-page.ts';

let toy: ToyBrowser;
beforeAll(async () => {
  toy = await openToyBrowser();
});
afterAll(async () => {
  await toy?.close();
  expect(toy?.faults).toEqual([]);
});

/** Picks by typing into a picker, with the keyboard alone. */
async function pick(page: Page, picker: 'why-source' | 'why-destination', text: string): Promise<void> {
  await page.getByTestId(picker).focus();
  await page.keyboard.press('Enter');
  await page.getByTestId(`${picker}-input`).fill(text);
  await page.keyboard.press('Enter');
  await page.getByTestId(`${picker}-input`).waitFor({ state: 'detached' });
}

const drained = (): string => {
  for (const op of toy.feed.city.snapshot(Date.now())) {
    if (op[0] === 'set' && op[1] === 'backend' && op[3].draining) return op[3].podUid ?? '';
  }
  throw new Error('nothing drains in the toy city');
};

it('tells by keyboard alone where a packet goes, by which rules, and copies it', async () => {
  const page = await toy.open('/?selected=service~shop/checkout', {
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  await page.getByTestId('why').first().focus();
  await page.keyboard.press('Enter');
  const card = page.getByRole('region', { name: 'Why here?' });
  await card.waitFor();
  await pick(page, 'why-source', 'shop web node-b');
  await expect
    .poll(() => card.getByTestId('why-verdict').textContent())
    .toBe('Goes to one of 3 backends of shop/checkout.');
  const ends = card.getByTestId('why-end');
  // One drains and is none of them; one has weight 30 of 230.
  const chances = async () => (await ends.allTextContents()).map((text) => /(\d+) %/.exec(text)?.[1]);
  await expect.poll(chances).toEqual(['43', '43', '13']);
  await ends.first().getByRole('button').first().focus();
  await page.keyboard.press('Enter');
  await expect.poll(() => card.getByTestId('why-way').textContent()).toContain('-j DNAT --to-destination');
  await card.getByTestId('copy-text').focus();
  await page.keyboard.press('Enter');
  await card.getByText('Copied').waitFor();
  const copied = () => page.evaluate(() => navigator.clipboard.readText());
  await expect.poll(copied).toContain('Goes to one of 3 backends of shop/checkout.');
  // Escape leaves the card before the selection.
  await page.keyboard.press('Escape');
  await card.waitFor({ state: 'detached' });
  await expect.poll(() => titleOf(page)).toContain('checkout');
});

it('says what drops a client outside, at the node that is chosen, and which node does not answer', async () => {
  const page = await toy.open('/?selected=service~shop/web');
  await page.getByTestId('why').first().click();
  await pick(page, 'why-source', '192.0.2.77');
  await pick(page, 'why-destination', 'web load balancer');
  const card = page.getByTestId('why-card');
  await card.getByText('none of the load balancer’s source ranges').waitFor();
  await expect.poll(() => card.getByTestId('why-verdict').textContent()).toBe('Is dropped without a word.');
  await page.getByTestId('why-entry').selectOption('node-d');
  await card.getByTestId('answer-fault').waitFor();
  await expect.poll(() => card.getByTestId('answer-fault').textContent()).toContain('node-d cannot say');
});

it('follows a packet for another node to the rules there', async () => {
  const page = await toy.open('/?selected=service~shop/web');
  await page.getByTestId('why').first().click();
  await pick(page, 'why-source', 'shop cart node-b');
  await pick(page, 'why-destination', 'shop web node port of node-a');
  const card = page.getByTestId('why-card');
  await card.getByText('The address is one of node-a').waitFor();
  await expect.poll(() => card.getByTestId('why-verdict').textContent()).toBe('No rule of Kubecity on node-b decides.');
  await card.getByTestId('why-there').click();
  await card.getByText('By the rules of node-a').waitFor();
  await expect.poll(() => card.getByTestId('why-verdict').textContent()).toMatch(/^Goes to .+ of shop\/web\.$/);
});

it('says why a drained pod gets none, and shows the way of a client beside it', async () => {
  const page = await toy.open(`/?selected=pod~${drained()}`);
  await page.getByTestId('panel').getByRole('button', { name: 'Why none?' }).click();
  const card = page.getByTestId('why-card');
  const reason = card.getByTestId('why-none').first();
  await expect.poll(() => reason.getAttribute('data-kind')).toBe('drained');
  await expect.poll(() => reason.textContent()).toMatch(/Drained by override .+ of mara/);
  await card.getByRole('button', { name: 'Show the way of a client' }).first().click();
  await card.getByText('shop/checkout · ').waitFor();
  // Whoever calls most may be on the node that does not answer.
  await card.locator('[data-testid=why-end], [data-testid=answer-fault]').first().waitFor();
});

it('marks the rules that differ from the wish, on the node where they do', async () => {
  const page = await toy.open('/?selected=service~shop/checkout');
  await page.getByTestId('show-rules').click();
  const dialog = page.getByTestId('rules');
  await dialog.getByTestId('rules-difference').waitFor();
  await expect.poll(() => dialog.getByTestId('rules-difference').textContent()).toContain('as wished');
  await dialog.getByTestId('rules-of-node-b').click();
  await dialog.locator('[data-kind=foreign]').first().waitFor();
  await expect.poll(() => dialog.locator('[data-kind=foreign]').first().textContent()).toContain('not ours');
  await expect.poll(() => dialog.locator('[data-kind=changed]').first().textContent()).toContain('wished: ');
  await dialog.getByTestId('rules-of-node-c').click();
  await dialog.getByText('its agent does not tell what it wishes').waitFor();
});
