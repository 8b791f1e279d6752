import type { CityRecord, RecordKind } from '@kubecity/protocol';
import type { Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ADMIN, VIEWER } from '../map/feed.ts';
import { openToyBrowser, type ToyBrowser } from './toy-page.ts';

/** Steering through the page, against a toy hub that plans, refuses, races and undoes by the protocol. */
let toy: ToyBrowser;
let page: Page;

beforeAll(async () => {
  toy = await openToyBrowser();
});
beforeEach(async () => {
  page = await toy.open('/', { viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce' });
});
afterEach(async () => {
  await page.close();
  toy.feed.enter(ADMIN);
  toy.feed.city.silence('node-d', false);
});
afterAll(async () => {
  await toy?.close();
  expect(toy?.faults).toEqual([]);
});

function records<K extends RecordKind>(kind: K): [string, CityRecord<K>][] {
  return toy.feed.city
    .snapshot(Date.now())
    .flatMap((op) => (op[0] === 'set' && op[1] === kind ? [[op[2], op[3] as CityRecord<K>]] : []));
}
const backendsOf = (service: string) => records('backend').filter(([, one]) => one.service === service);
const overridesOf = (service: string) => records('override').filter(([, one]) => one.service === service);
const sheet = () => page.getByTestId('steer-sheet');
const said = async (of: Locator) => ((await of.textContent()) ?? '').replace(/\s+/g, ' ').trim();
const text = (testId: string) => said(page.getByTestId(testId).first());
/** Two cores may be busy: what is waited for comes, sooner or later. */
const until = <T>(value: () => T) => expect.poll(value, { timeout: 20_000 });
/** The preview is of the fields as they are. */
const answered = () => page.locator('[data-testid=outcome][data-fresh=true]').waitFor();

async function open(query: string): Promise<void> {
  await toy.visit(page, `/?${query}`);
}

async function apply(testId = 'apply'): Promise<void> {
  await answered();
  await page.getByTestId(testId).click();
  await sheet().waitFor({ state: 'detached' });
}

describe('a drain by the sheet', () => {
  it('shows shares before and after, rules by node and the object, and writes exactly that', async () => {
    const [[id, { podName, address }]] = backendsOf('shop/cart') as [ReturnType<typeof backendsOf>[number]];
    await open(`selected=backend~${encodeURIComponent(id)}`);
    await page.getByTestId('panel').waitFor();
    await page.keyboard.press('d');
    await answered();
    const rows = page.getByTestId('share-row');
    await until(() => rows.count()).toBe(3);
    expect(await said(page.locator(`[data-testid=share-row][data-backend="${id}"]`))).toMatch(
      /100 →becomes drain33 % →becomes 0 %/,
    );
    expect(await text('floor')).toBe('2 of 3 stay, floor 1');
    expect(await text('difference-node-a')).toMatch(/1 chain: \d rules? come, \d go/);
    expect(await text('difference-node-a')).toMatch(new RegExp(`goes-A \\S+ .*--to-destination ${address}:80`));
    expect(await said(sheet())).toContain('node-dnot known: its agent did not answer within 5 s');
    expect(await text('write')).toContain(`Creates RoutingOverride shop/cart-drain-${podName}`);
    expect(overridesOf('shop/cart')).toEqual([]);

    await page.getByTestId('existing-cutIdle').click();
    await page.getByTestId('deadline').fill('5 min');
    await page.getByTestId('reason').fill('INC-7 slow disk');
    await page.getByTestId('expires-in').fill('1 h');
    await apply();
    const [[, override]] = overridesOf('shop/cart') as [[string, CityRecord<'override'>]];
    expect(override).toMatchObject({ kind: 'drain', reason: 'INC-7 slow disk', backends: [id], by: 'local admin' });
    expect(override.drain).toMatchObject({ existing: 'cutIdle' });
    expect((override.drain?.deadline ?? 0) - (override.startedAt ?? 0)).toBe(300_000);
    expect(override.expiresAt).toBeGreaterThan(Date.now() + 3_500_000);
    await until(() => text(`phase-${podName}`)).toMatch(/Cutting/);
    await until(() => text(`confirmed-nodes-${podName}`)).toBe('4 of 4 nodes confirmed');
  });

  it('is never said to be done while a node is silent, which is named with what may still happen there', async () => {
    const [[, { podName }]] = overridesOf('shop/cart').map(([, { backends }]) => [
      backends[0],
      new Map(records('backend')).get(backends[0] as string) as CityRecord<'backend'>,
    ]) as [[string, CityRecord<'backend'>]];
    toy.feed.city.silence('node-d', true);
    await open('selected=service~shop/cart');
    await until(() => text(`phase-${podName}`)).toBe('Not known whether it is drained');
    expect(await text('silent-node-d')).toMatch(/^node-d has been silent for .+ new connection/);
    await until(() => text(`remaining-${podName}`)).toMatch(/^at least /);
  });

  it('is undone by one click, also when the notice is gone', async () => {
    await open('selected=service~shop/cart');
    const [[, override]] = overridesOf('shop/cart') as [[string, CityRecord<'override'>]];
    await page.getByTestId(`undo-${override.name}`).click();
    await until(() => overridesOf('shop/cart').length).toBe(0);
    await page.getByTestId('notice-undo').waitFor();
    expect(await text('notice-done')).toContain(override.name);
    // An undo is a change too.
    await page.getByTestId('notice-undo').click();
    await until(() => overridesOf('shop/cart').length).toBe(1);
    await page.getByTestId(`release-${override.name}`).click();
    await until(() => overridesOf('shop/cart').length).toBe(0);
  });
});

it('a weight is taken back on the card of its backend', async () => {
  const [[id, { podName }]] = backendsOf('shop/cart') as [ReturnType<typeof backendsOf>[number]];
  toy.feed.city.weigh(id, 50, Date.now());
  await until(() => overridesOf('shop/cart').length).toBe(1);
  await open('selected=service~shop/cart');
  await page.getByTestId(`release-${podName}`).click();
  await until(() => overridesOf('shop/cart').length).toBe(0);
  await page.getByTestId(`release-${podName}`).waitFor({ state: 'detached' });
  await page.getByTestId('notice-done').waitFor();
});

describe('a floor', () => {
  it('is broken only by the typed name', async () => {
    await open('selected=service~data/orders-db');
    await page.getByTestId('steer').click();
    // nobody who only looks stands before the end of a whole Service
    await until(() => page.getByTestId('effect-share').getAttribute('data-state')).toBe('checked');
    await page.getByTestId('effect-drain').click();
    await page.getByTestId('confirm-name').waitFor();
    expect(await text('floor')).toBe('0 of 1 stay, floor 1: too few');
    const confirm = page.getByTestId('confirm-empty');
    expect(await confirm.isDisabled()).toBe(true);
    await page.getByTestId('confirm-name').fill('orders');
    expect(await confirm.isDisabled()).toBe(true);
    await page.getByTestId('confirm-name').fill('orders-db');
    await until(() => confirm.isDisabled()).toBe(false);
    await apply('confirm-empty');
    expect(backendsOf('data/orders-db').map(([, { draining }]) => draining)).toEqual([true]);
    await page.getByTestId('notice-undo').click();
    await until(() => backendsOf('data/orders-db').map(([, { draining }]) => draining)).toEqual([false]);
  });

  it('met by the short way opens the sheet with the same wish', async () => {
    const [[, { podName }]] = backendsOf('data/orders-db') as [[string, CityRecord<'backend'>]];
    await open('selected=service~data/orders-db');
    await page.getByTestId(`drain-${podName}`).click();
    await page.getByTestId('confirm-name').waitFor();
    await page.keyboard.press('Escape');
    await sheet().waitFor({ state: 'detached' });
    expect(overridesOf('data/orders-db')).toEqual([]);
  });
});

it('a change of another person in between is told, and one looks again before applying', async () => {
  const [[first], [second]] = backendsOf('shop/search') as [[string, unknown], [string, unknown]];
  await open(`selected=backend~${encodeURIComponent(first)}`);
  await page.getByTestId('steer').click();
  await page.getByTestId('effect-weight').click();
  await answered();
  toy.feed.city.weigh(second, 40, Date.now());
  await page.getByTestId('apply').click();
  await page.getByTestId('refused').waitFor();
  expect(await text('refused')).toMatch(/^kubectl-edit changed .+ since you looked/);
  expect(overridesOf('shop/search').map(([, { weight }]) => weight)).toEqual([40]);
  expect(await page.getByTestId('apply').isDisabled()).toBe(true);
  await page.getByTestId('look-again').click();
  await until(() => page.getByTestId('refused').count()).toBe(0);
  await apply();
  expect(overridesOf('shop/search').map(([, { weight }]) => weight)).toEqual([40, 50]);

  // Undone after another hand: refused with the reason.
  toy.feed.city.weigh(first, 70, Date.now());
  await page.getByTestId('notice-undo').click();
  await until(() => text('notice-error')).toMatch(/was changed by kubectl-edit after that/);
});

describe('a share of a group', () => {
  it('is chosen by label with a live count, ramps, and can be changed later', async () => {
    await open('selected=service~payments/payments');
    await page.getByTestId('panel').waitFor();
    await page.keyboard.press('s');
    await page.getByTestId('effect-share').click();
    await page.getByTestId('choose-matchLabels').click();
    await page.getByRole('option', { name: 'version=v2' }).click();
    await page.keyboard.press('Escape');
    await until(() => text('named')).toMatch(/^It names \d of 3 pods now: payments-/);
    const [, n] = (await text('named')).match(/names (\d)/) as RegExpMatchArray;
    await page.getByTestId('share').fill('101');
    expect(await said(sheet())).toContain('A whole number from 0 to 100.');
    expect(await page.getByTestId('apply').isDisabled()).toBe(true);
    await page.getByTestId('share').fill('40');
    await page.getByTestId('ramp').fill('1 min');
    await apply();
    const [[, override]] = overridesOf('payments/payments').filter(([, { kind }]) => kind === 'share') as [
      [string, CityRecord<'override'>],
    ];
    expect(override.share).toBe(40);
    expect(override.backends.length).toBe(Number(n));
    await page.getByRole('progressbar', { name: 'Ramp' }).waitFor();
    await until(() => text('panel')).toMatch(/At \d+ % on the way from 25 to 40 %, there in/);

    await page.getByTestId(`change-${override.name}`).click();
    await until(() => page.getByTestId('share').inputValue()).toBe('40');
    await page.getByTestId('share').fill('20');
    await apply();
    await until(() => overridesOf('payments/payments').find(([, { name }]) => name === override.name)?.[1].share).toBe(
      20,
    );
  });
});

describe('several at once', () => {
  it('are one change: ticked with the mouse and Shift, refused where one object cannot say it', async () => {
    await open('lens=directory&tab=backends&text=shop/web');
    await page.getByTestId('tick').first().click();
    await page
      .getByTestId('tick')
      .nth(1)
      .click({ modifiers: ['Shift'] });
    await until(() => text('bulk-bar')).toMatch(/^2 backends ticked/);
    await page.getByTestId('bulk-drain').click();
    await answered();
    expect(await text('named')).toMatch(/^It names 2 of 4 pods now/);
    await apply();
    expect(overridesOf('shop/web').map(([, { backends }]) => backends.length)).toEqual([2]);
    await page.getByTestId('notice-undo').click();
    await until(() => overridesOf('shop/web').length).toBe(0);

    await page.getByTestId('table-text').fill('');
    await page.getByTestId('tick-all').click();
    await until(() => text('bulk-refused')).toMatch(/They belong to 10 Services .*under Nodes/);
    expect(await page.getByTestId('bulk-drain').isDisabled()).toBe(true);
  });

  it('are ticked and steered with the keyboard alone', async () => {
    await open('lens=directory&tab=nodes');
    await page.getByRole('grid').focus();
    await page.keyboard.press('Space');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Space');
    await until(() => text('bulk-bar')).toMatch(/^2 nodes ticked/);
    await page.keyboard.press('d');
    await sheet().waitFor();
    await until(() => said(sheet().getByRole('heading').first())).toBe(
      'Drain backends on node-a or node-b in all namespaces',
    );
    // 40 % of the city below some floor: seen before anything is written.
    await page.getByTestId('confirm-name').waitFor();
    await page.keyboard.press('Escape');
    await sheet().waitFor({ state: 'detached' });
  });

  it('or one node, by an order that is typed', async () => {
    await page.keyboard.press('/');
    await page.getByTestId('find-input').fill('drain node-c');
    await page.getByRole('option', { name: 'Drain node-c, every backend on it…' }).click();
    await answered();
    expect(await page.getByTestId('share-table').count()).toBeGreaterThan(3);
    expect(await text('write')).toMatch(/^Creates ClusterRoutingOverride node-node-c-drain/);
  });
});

describe('who changed what', () => {
  it('is listed with who, before and after, sought by words, and undone there', async () => {
    await open('lens=directory&tab=changes');
    const rows = page.getByTestId('change-row');
    await until(() => rows.count()).toBeGreaterThan(5);
    await page.getByTestId('table-text').fill('mara INC-123');
    await until(() => rows.count()).toBe(1);
    await rows.first().click();
    expect(await text('change-detail')).toContain('nothing → drain');
    expect(await text('change-detail')).toContain('4 of 4 nodes confirmed');
    const draining = () => backendsOf('shop/checkout').filter(([, one]) => one.draining).length;
    expect(draining()).toBe(1);
    await page.getByTestId('change-undo').click();
    await until(draining).toBe(0);
    await page.getByTestId('table-text').fill('undone');
    await until(() => text('change-row')).toMatch(/local admin/);
    // Undone twice: refused with the reason.
    await page.getByTestId('change-undo').click();
    await until(() => text('notice-error')).toMatch(/was changed by local admin after that/);
  });

  it('stands on the flags of the time line', async () => {
    const flags = page.getByTestId('flag');
    await until(() => flags.count()).toBeGreaterThan(0);
    await until(async () => (await flags.allTextContents()).join(' ')).toMatch(/by mara@shop\.example/);
  });
});

describe('a person without the right', () => {
  it('sees no active control, with the reason; the order is not offered; elsewhere the controls work', async () => {
    toy.feed.enter(VIEWER);
    await open('selected=service~shop/cart');
    const drain = page.locator('[data-testid^=drain-]').first();
    await until(() => drain.isDisabled()).toBe(true);
    for (const control of await page
      .locator('[data-testid=panel] :is([data-testid^=steer], [data-testid^=drain-], [role=slider])')
      .all()) {
      expect(await control.evaluate((node) => node.matches(':disabled, [data-disabled]'))).toBe(true);
    }
    const why = 'You look as vera@shop.example, who may not write RoutingOverrides in shop.';
    await page.getByRole('group', { name: why }).first().waitFor();
    await page.keyboard.press('d');
    await until(() => text('notice-error')).toBe(why);
    expect(await sheet().count()).toBe(0);
    await page.keyboard.press('/');
    await page.getByTestId('find-input').fill('drain node-c');
    await page.getByText('Nothing in the city is called or reached by “drain node-c”.').waitFor();
    await page.keyboard.press('Escape');
    await open('selected=service~data/sessions');
    await until(() => drain.isDisabled()).toBe(false);
  });

  it('who gains it while the page is open can steer at once', async () => {
    toy.feed.enter(VIEWER);
    await open('selected=service~shop/cart');
    const drain = page.locator('[data-testid^=drain-]').first();
    await until(() => drain.isDisabled()).toBe(true);
    toy.feed.enter(ADMIN);
    await until(() => drain.isDisabled()).toBe(false);
  });
});

describe('without a connection', () => {
  beforeEach(async () => {
    await open('selected=service~payments/fraud');
    await page.getByTestId('steer').click();
    await page.getByTestId('effect-weight').click();
    await page.getByTestId('weight').fill('70');
    await answered();
  });

  it('what the person decided stays, the sheet says why it waits, and asks anew when the connection is back', async () => {
    const before = toy.feed.city.audit.length;
    const confirm = page.getByTestId('apply');
    await page.context().setOffline(true);
    toy.feed.hangUp();
    await until(() => text('sheet-state')).toBe(
      'This page is not connected to the dashboard. What you chose stays here.',
    );
    await until(() => confirm.isDisabled()).toBe(true);
    expect(await said(confirm)).toBe('Set weight 70');
    // What was said before stands there still, marked as old.
    await page.locator('[data-testid=outcome][data-fresh=false]').waitFor();
    expect(await page.getByTestId('refused').count()).toBe(0);
    await page.context().setOffline(false);
    await until(() => text('sheet-state')).toBe('Nothing is written yet.');
    expect(toy.feed.city.audit.length).toBe(before);
    await apply();
    expect(toy.feed.city.audit.length).toBe(before + 1);
    await page.getByTestId('notice-undo').click();
    await until(() => overridesOf('payments/fraud').length).toBe(0);
  });

  it('a wish that is lost on its way is told, and is written once when the person looks again', async () => {
    const before = toy.feed.city.audit.length;
    toy.feed.loseWish();
    await page.getByTestId('apply').click();
    await until(() => text('refused')).toContain(
      'The connection was lost before the dashboard answered. Whether the wish was written will show here.',
    );
    expect(toy.feed.city.audit.length).toBe(before);
    await page.getByTestId('look-again').click();
    await page.getByTestId('refused').waitFor({ state: 'detached' });
    await apply();
    expect(toy.feed.city.audit.length).toBe(before + 1);
    expect(overridesOf('payments/fraud')).toHaveLength(1);
  });
});
