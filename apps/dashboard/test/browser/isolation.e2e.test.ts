import type { CityRecord } from '@kubecity/protocol';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { mapOf, openToyBrowser, queried, someFrames, type ToyBrowser, titleOf } from './toy-page.ts';

let toy: ToyBrowser;
let page: Page | undefined;

beforeAll(async () => {
  toy = await openToyBrowser();
});
afterEach(async () => {
  toy.feed.city.tryForbidden(true);
  await page?.close();
  page = undefined;
  expect(toy.faults).toEqual([]);
});
afterAll(() => toy?.close());

async function open(address: string, options = {}): Promise<Page> {
  page = await toy.open(address, options);
  if (!address.includes('lens=directory')) await mapOf(page);
  return page;
}

const scene = (of: Page) => of.evaluate(() => window.kubecity?.scene());
const words = (of: Page) => of.getByTestId('map-words').textContent();

const podsOf = (app: string): CityRecord<'pod'>[] =>
  toy.feed.city
    .snapshot(Date.now())
    .flatMap((op) => (op[0] === 'set' && op[1] === 'pod' && op[3].labels.app === app ? [op[3]] : []));
const closedPods = (): string[] =>
  ['payments', 'fraud', 'orders-db', 'sessions', 'reporter'].flatMap((app) => podsOf(app).map(({ uid }) => uid));
const ATTEMPTS = 6;

/** The gate where the attempts of a client from outside end, once it stands still. */
async function gateOfDatabase(of: Page) {
  const gate = async () =>
    (await scene(of))?.barred.find(({ policies }) => policies.includes('data/only-shop')) ?? { id: '', x: 0, y: 0 };
  let before = await gate();
  await expect
    .poll(
      async () => {
        const last = before;
        before = await gate();
        await someFrames(of);
        return before.id !== '' && last.x === before.x && last.y === before.y;
      },
      { interval: 200 },
    )
    .toBe(true);
  return before;
}

describe.each(['', 'lens=nodes'])('the map with %s', (lens) => {
  it('has a gate at every pod that policies close, and a street for what they refuse, at every level', async () => {
    const on = await open(`/?${lens}`);
    await expect.poll(async () => (await scene(on))?.totals?.barred).toBe(ATTEMPTS);
    await expect.poll(async () => [...((await scene(on))?.closed ?? [])].sort()).toEqual(closedPods().sort());
    const levels = new Set<string | undefined>();
    for (let i = 0; i < 12 && levels.size < 3; i += 1) {
      const { level, totals } = (await scene(on)) ?? {};
      levels.add(level);
      expect([totals?.closed, totals?.barred]).toEqual([closedPods().length, ATTEMPTS]);
      const frames = await on.evaluate(() => window.kubecity?.framesDrawn ?? 0);
      await on.getByRole('button', { name: 'Farther' }).click();
      await expect.poll(() => on.evaluate(() => window.kubecity?.framesDrawn ?? 0)).toBeGreaterThan(frames);
    }
  });

  it('forgets the streets when nobody tries any more, and keeps the gates', async () => {
    const on = await open(`/?${lens}`);
    await expect.poll(async () => (await scene(on))?.barred.length).toBeGreaterThan(2);
    toy.feed.city.tryForbidden(false);
    await expect.poll(async () => (await scene(on))?.totals?.barred).toBe(0);
    await expect.poll(async () => (await scene(on))?.barred).toEqual([]);
    expect((await scene(on))?.closed).toHaveLength(closedPods().length);
  });
});

it('is asked with the pointer at the gate: who, to whom, at what port, by which policy', async () => {
  const on = await open('/');
  const { x, y, id } = await gateOfDatabase(on);
  await on.mouse.move(x, y);
  await expect.poll(() => on.getByRole('tooltip').textContent()).toContain('refused by data/only-shop');
  await on.mouse.click(x, y);
  await expect.poll(() => queried(on, 'selected')).toBe(`barred~${id}`);
  const facts = on.getByTestId('barred-facts');
  await expect.poll(() => facts.textContent()).toContain('203.0.113.0/24');
  expect(await facts.textContent()).toMatch(/orders-db.*:5432\/TCP.*data\/only-shop/);
  await facts.getByRole('button', { name: 'data/only-shop' }).click();
  await expect.poll(() => titleOf(on)).toBe('only-shop');
  expect(await on.getByTestId('policy-facts').textContent()).toContain('4 pods');
});

it('is walked to with Tab, told in words, and opened with Enter', async () => {
  const on = await open('/');
  await on.getByTestId('map').focus();
  let said = '';
  for (let i = 0; i < 80 && !said.includes('⊣'); i += 1) {
    const before = said;
    await on.keyboard.press('Tab');
    await expect.poll(() => words(on)).not.toBe(before);
    said = (await words(on)) ?? '';
  }
  expect(said).toMatch(/⊣.*refused by .*pair.* ago/);
  await on.keyboard.press('Enter');
  await expect.poll(() => titleOf(on)).toContain('⊣');
});

it('says of a pod who closes it, per direction, and what was refused', async () => {
  const [pod] = podsOf('payments');
  const on = await open(`/?selected=pod~${pod?.uid}`);
  await expect
    .poll(() => on.getByTestId('gates').textContent())
    .toBe('Who comesclosed by payments/default-deny, payments/only-checkoutWhere it goesopen');
  await expect.poll(() => on.getByTestId('refusals').textContent()).toContain('8443/TCP');
  await on.getByTestId('refusals').getByRole('button').first().click();
  await expect.poll(() => queried(on, 'selected')).toMatch(/^barred~pod:uid-\d+⊣pod:uid-\d+$/);
});

it('sums a Service over its pods, and tells of a node what its agent enforces and whom it cannot reach', async () => {
  const on = await open('/?selected=service~payments/payments');
  await expect
    .poll(() => on.getByTestId('gates').textContent())
    .toContain('3 of 3 pods closed by payments/default-deny');
  await toy.visit(on, '/?lens=nodes&selected=node~node-d');
  await expect.poll(() => on.getByTestId('node-isolation').textContent()).toContain('enforcing');
  await expect.poll(() => on.getByTestId('node-routes').textContent()).toContain('1 without a route');
  await on.getByText('the kernel has no VXLAN').waitFor();
  await toy.visit(on, '/?lens=nodes&selected=node~node-b');
  await expect.poll(() => on.getByTestId('node-routes').textContent()).toContain('route to 10.244.3.0/24 was gone');
});

it('filters by what policies refuse, by pointer and from the palette, and a link says so', async () => {
  const on = await open('/');
  await on.keyboard.press('f');
  await on.getByTestId('filter-barred').click();
  await expect.poll(() => queried(on, 'barred')).toBe('');
  await expect.poll(async () => (await scene(on))?.totals?.rate).toBe(0);
  await expect.poll(async () => (await scene(on))?.totals?.barred).toBe(ATTEMPTS);
  await expect
    .poll(() => on.getByTestId('filter-shown').textContent())
    .toContain(`${ATTEMPTS} of ${ATTEMPTS} pairs refused by policy shown`);
  expect((await scene(on))?.services.map(({ id }) => id).sort()).toContain('payments/payments');
  expect((await scene(on))?.services.map(({ id }) => id)).not.toContain('platform/dns');
  await on.getByRole('button', { name: 'Remove: refused by policy' }).click();
  await expect.poll(() => queried(on, 'barred')).toBe(null);
  await on.keyboard.press('/');
  await on.getByTestId('find-input').fill('what policies refuse only');
  await on.keyboard.press('Enter');
  await expect.poll(() => queried(on, 'barred')).toBe('');
});

it('finds a policy by its name, and lights up whom it closes', async () => {
  const on = await open('/');
  await on.keyboard.press('/');
  await on.getByTestId('find-input').fill('policy payments/only-checkout');
  await on.keyboard.press('Enter');
  await expect.poll(() => queried(on, 'selected')).toBe('policy~payments/only-checkout');
  await expect.poll(() => titleOf(on)).toBe('only-checkout');
  expect(await on.getByTestId('policy-facts').textContent()).toContain('refused');
});

it('says what of a policy cannot be read, in its panel and in the table', async () => {
  const on = await open('/?lens=directory&tab=policies');
  await on.getByText('1 problem').click();
  await expect.poll(() => titleOf(on)).toBe('own-namespace');
  await expect
    .poll(() => on.getByTestId('panel').getByRole('alert').allTextContents())
    .toEqual([expect.stringMatching(/^spec\.ingress\[1\]\.ports\[0\]\.portmust be a number .+ counts as closed\.$/)]);
});

it('has tables of policies and of refused attempts, sorted, chosen from and copied', async () => {
  const on = await open('/?lens=directory&tab=policies', { permissions: ['clipboard-read', 'clipboard-write'] });
  const cells = (column: string) => on.locator(`[role=gridcell][data-column=${column}]`).allTextContents();
  // Those that refuse most stand first.
  await expect.poll(async () => (await cells('name')).length).toBe(5);
  await expect.poll(async () => (await cells('name')).slice(0, 2).sort()).toEqual(['default-deny', 'only-checkout']);
  await on.getByTestId('copy-csv').click();
  const copied = () => on.evaluate(() => navigator.clipboard.readText());
  await expect.poll(copied).toMatch(/only-checkout,payments,ingress,3,19,2\.4,\d+,\d+/);
  await on.getByTestId('directory-refusals').click();
  await on.getByTestId('table-refusals').waitFor();
  await expect.poll(async () => (await cells('policies')).length).toBe(ATTEMPTS);
  expect(await cells('policies')).toContain('no known pod');
  await on.getByText('198.51.100.20').first().click();
  await expect.poll(() => queried(on, 'selected')).toContain('address:198.51.100.20');
  await expect.poll(() => on.getByTestId('barred-facts').textContent()).toContain('platform/no-way-out');
});

it('explains which policy refuses a packet, and the way on the map ends there; and which rule allows another', async () => {
  const on = await open('/?selected=service~payments/payments');
  await on.getByTestId('why').first().click();
  const ask = async (source: string) => {
    await on.getByTestId('why-source').click();
    await on.getByTestId('why-source-input').fill(source);
    await on.keyboard.press('Enter');
  };
  const [loadgen] = podsOf('loadgen').filter(({ node }) => node !== 'node-d');
  const [checkout] = podsOf('checkout').filter(({ node }) => node !== 'node-d');
  await ask(loadgen?.ip ?? '');
  const card = on.getByTestId('why-card');
  await expect.poll(() => card.getByTestId('why-verdict').textContent()).toBe('Is refused by network policies.');
  await expect
    .poll(() => card.getByTestId('why-isolation').allTextContents())
    .toEqual([
      'No policy closes the source to where it goes.',
      'Policies payments/default-deny, payments/only-checkout close the destination to who comes, and no rule of theirs allows this: it is refused.',
    ]);
  await ask(checkout?.ip ?? '');
  await expect
    .poll(() => card.getByTestId('why-verdict').textContent())
    .toBe('Goes to one of 3 backends of payments/payments.');
  await expect
    .poll(async () => (await card.getByTestId('why-isolation').allTextContents()).at(-1))
    .toBe(
      'Policies payments/default-deny, payments/only-checkout close the destination to who comes; rule 1 of payments/only-checkout allows this.',
    );
});

it('shows the past without the attempts of now', async () => {
  const on = await open('/');
  await expect.poll(async () => (await scene(on))?.totals?.barred).toBe(ATTEMPTS);
  await toy.visit(on, `/?at=${Date.now() - 600_000}`);
  await on.getByTestId('time-needle').waitFor();
  await mapOf(on);
  await expect.poll(async () => (await scene(on))?.totals?.barred).toBe(0);
});
