import type { CityOp, CityRecord, RecordKind } from '@kubecity/protocol';
import type { Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openFeed } from '../map/feed.ts';
import { toyCity } from '../map/toy-city.ts';
import { clickedText, moveFocus, openToyBrowser, queried, type ToyBrowser, titleOf } from './toy-page.ts';

/** What the panel beside the map says, read in a browser: the toy city behind it is known to the last figure. */
let toy: ToyBrowser;
let page: Page;

beforeAll(async () => {
  toy = await openToyBrowser();
});
beforeEach(async () => {
  page = await toy.open('/', { viewport: { width: 1280, height: 800 } });
});
afterEach(async () => {
  await page.close();
  toy.feed.city.silence('node-d', false);
  toy.feed.city.refuseEvents();
});
afterAll(async () => {
  await toy?.close();
  expect(toy?.faults).toEqual([]);
});

const panel = () => page.getByTestId('panel');
/** Words as they stand in the document, on one line. */
const said = async (of: Locator) => ((await of.textContent()) ?? '').replace(/\s+/g, ' ').trim();
const text = (testId: string) => said(page.getByTestId(testId));

const open = (query: string) => toy.visit(page, `/?${query}`);

function records<K extends RecordKind>(kind: K): [string, CityRecord<K>][] {
  const ops: readonly CityOp[] = toy.feed.city.snapshot(Date.now());
  return ops.flatMap((op) => (op[0] === 'set' && op[1] === kind ? [[op[2], op[3] as CityRecord<K>]] : []));
}

const podOf = (app: string) => {
  const found = records('pod').find(([, pod]) => pod.labels.app === app);
  if (!found) throw new Error(`the toy city has a pod of ${app}`);
  return found[1];
};

describe('reading', () => {
  it('says at once which pods of a Service get the most, of equals that they are, and from whom; the names lead on', async () => {
    await open('selected=service~shop/cart');
    await expect
      .poll(() => text('busiest'))
      .toMatch(/^cart-\S+ \(\d+ %\), .+ get the most, each about .+ from web-\S+ \(/);
    const first = await clickedText(page.getByTestId('busiest').getByRole('button').first());
    await expect.poll(() => titleOf(page)).toBe(first);
    await expect.poll(() => queried(page, 'selected')).toMatch(/^backend~shop\/cart:/);
    const name = await clickedText(page.getByTestId('top-clients').getByRole('button').first().locator('.code'));
    expect(name).toMatch(/^web-/);
    await expect.poll(() => titleOf(page)).toBe(name);
    await expect.poll(() => text('panel')).toContain('Whom it talks to');
  });

  it('tells the policy in sentences, who has a hand on it and why, and what the cluster says of its pods', async () => {
    await open('selected=service~shop/web');
    await expect.poll(() => text('policy')).toContain('only pods on the node where they arrive');
    await expect.poll(() => text('policy')).toContain('Only 203.0.113.0/24 may use the load balancer');
    await expect.poll(() => text('panel')).toContain('Every node, port 30080');
    await open('selected=service~data/sessions');
    await expect.poll(() => text('policy')).toContain('Clients keep their backend for 3 hours');
    await open('selected=service~shop/checkout');
    await expect.poll(() => text('overrides')).toContain('By mara@shop.example: “INC-123 slow disk”');
    await open('selected=service~shop/search');
    await expect.poll(() => text('events')).toMatch(/Unhealthy×8.+ ago.*Readiness probe failed/);
  });

  it('a drained pod that gets nothing has its reason beside it', async () => {
    const [id] = records('backend').find(([, backend]) => backend.draining) ?? [''];
    await open(`selected=backend~${encodeURIComponent(id)}`);
    await expect.poll(() => text('none')).toMatch(/^Nothing of shop\/checkout: .*drain/);
  });

  it('leaves 800 pixels of map on a small screen, and nothing in it is wider than itself', async () => {
    for (const query of ['service~shop/web', 'node~node-b', `pod~${podOf('search').uid}`, 'namespace~shop']) {
      await open(`selected=${query}`);
      await panel().waitFor();
      expect((await page.getByRole('main').boundingBox())?.width).toBeGreaterThanOrEqual(800);
      expect(await panel().evaluate((node) => node.scrollWidth - node.clientWidth)).toBe(0);
    }
  });
});

describe('a bundled street', () => {
  it('says what is on it, with its sums, and leads to the streets that it is made of', async () => {
    await open('selected=road~namespace:shop→namespace:data');
    await expect.poll(() => titleOf(page)).toBe('shop → data');
    await expect.poll(() => text('panel')).toMatch(/bundled street · 4 streets · 24 edges/);
    for (const figure of ['opened', 'open', 'bytes']) {
      await expect.poll(() => said(page.locator(`[data-figure=${figure}]`))).toMatch(/[1-9]/);
    }
    await expect.poll(() => text('classes')).toMatch(/moving.*idle.*closing.*waiting/);
    const streets = page.getByTestId('streets').getByRole('button');
    await expect.poll(() => streets.count()).toBe(4);
    const name = await clickedText(streets.first().locator('.code'));
    await expect.poll(() => titleOf(page)).toBe(name);
    await expect.poll(() => text('panel')).not.toContain('bundled');
  });

  it('makes its sum a lower bound while an agent is silent', async () => {
    toy.feed.city.silence('node-d', true);
    await open('selected=road~zone:zone-a→zone:zone-b&lens=nodes');
    await expect.poll(() => titleOf(page)).toBe('zone-a → zone-b');
    await expect.poll(() => said(page.locator('[data-figure=opened]'))).toContain('at least');
  });

  it('is flown to, from wherever one looks', async () => {
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await open('selected=road~zone:zone-a→zone:zone-b&lens=directory');
    await page.getByTestId('fly-there').click();
    await expect.poll(() => queried(page, 'lens')).toBe('nodes');
    await expect.poll(() => page.evaluate(() => window.kubecity?.scene().lens)).toBe('nodes');
    const zoom = () => page.evaluate(() => window.kubecity?.scene().zoom ?? Number.NaN);
    const there = await zoom();
    for (let i = 0; i < 3; i += 1) await page.getByRole('button', { name: 'Farther' }).click();
    await expect.poll(zoom).toBeLessThan(there / 2);
    await page.getByTestId('fly-there').click();
    await expect.poll(zoom).toBeCloseTo(there, 5);
  });
});

describe('honesty', () => {
  it('a silent agent makes sums a lower bound, with its age', async () => {
    await open('selected=node~node-d&lens=nodes');
    await panel().waitFor();
    await expect.poll(() => page.getByTestId('at-least').count()).toBe(0);
    toy.feed.city.silence('node-d', true);
    await expect.poll(() => text('figures-age')).toMatch(/^up to .+ old \(node-d\)$/);
    await expect.poll(() => text('at-least')).toBe('at least: node-d silent');
    await expect.poll(() => said(page.locator('[data-figure=opened]'))).toContain('at least');
  });

  it('what nobody counts is unknown, not zero', async () => {
    await open('selected=service~shop/cart&only=shop/web');
    await expect.poll(() => text('at-least')).toBe('unknown: only connections of shop/web are told');
    for (const figure of ['opened', 'open', 'bytes', 'refused']) {
      const shown = () => said(page.locator(`[data-figure=${figure}]`));
      await expect.poll(shown).toContain('unknown');
      expect(await shown()).not.toMatch(/\d/);
    }
    await expect.poll(() => text('panel')).toContain('open unknown');
    await expect.poll(() => text('panel')).not.toContain('0 open');
  });

  it('events that may not be read are said to be so, with the reason', async () => {
    toy.feed.city.refuseEvents('list events: forbidden: no role permits it');
    await open('selected=node~node-b');
    await expect.poll(() => text('events-unreadable')).toContain('forbidden: no role permits it');
    // what was read before still holds
    await expect.poll(() => text('events')).toContain('ConntrackNearlyFull');
  });

  it('a pod that vanishes says since when, keeps its name, and its past is a click away', async () => {
    const pod = podOf('cart');
    await open(`selected=pod~${pod.uid}`);
    await expect.poll(() => titleOf(page)).toBe(pod.name);
    toy.feed.city.removePod(pod.uid);
    await expect.poll(() => text('panel')).toMatch(/gone since \d\d:\d\d:\d\d/);
    await expect.poll(() => titleOf(page)).toBe(pod.name);
    await page.getByTestId('rewind-to-gone').click();
    await expect.poll(() => queried(page, 'selected')).toBe(`pod~${pod.uid}`);
    await expect.poll(() => page.getByTestId('rewind-to-gone').count()).toBe(0);
  });
});

describe('by keyboard', () => {
  it('is a landmark with its name, headings in order', async () => {
    await open('selected=service~shop/web');
    const landmark = page.getByRole('complementary', { name: 'web' });
    await landmark.waitFor();
    const levels = () =>
      landmark.getByRole('heading').evaluateAll((found) => found.map((heading) => Number(heading.tagName.slice(1))));
    await expect.poll(async () => (await levels()).length).toBeGreaterThan(5);
    const [first, ...others] = await levels();
    expect(first).toBe(2);
    expect(new Set(others)).toEqual(new Set([3]));
  });

  it('opened by a key it takes the focus to its title, every control follows, Escape closes it', async () => {
    await open('');
    await page.keyboard.press('/');
    await page.getByTestId('find-input').fill('checkout');
    await page.keyboard.press('Enter');
    const focused = () => page.evaluate(() => document.activeElement?.id);
    await expect.poll(focused).toBe('panel-title');
    const buttons = await panel().getByRole('button').count();
    const reached = new Set<string>();
    for (let i = 0; i < buttons + 12; i += 1) {
      await moveFocus(page, 'Tab');
      const inside = await page.evaluate(() => {
        const active = document.activeElement;
        return active?.closest('[data-testid=panel]') ? active.textContent || active.getAttribute('aria-label') : '';
      });
      if (inside) reached.add(inside);
    }
    expect([...reached]).toEqual(expect.arrayContaining(['Close', 'Drain', 'Undrain', 'Only its connections']));
    await page.keyboard.press('Escape');
    await expect.poll(() => panel().count()).toBe(0);
  });

  it('opened by pointer it leaves the focus alone', async () => {
    await open('lens=directory');
    await page.getByRole('row').nth(2).click();
    await panel().waitFor();
    expect(await page.evaluate(() => document.activeElement?.id)).not.toBe('panel-title');
  });
});

it('refuses nobody in the name of a Service that is a name only', async () => {
  const base = toyCity(11);
  const policy: CityRecord<'service'>['policy'] = {
    internalTraffic: 'Cluster',
    externalIPs: [],
    loadBalancers: [],
    sourceRanges: [],
  };
  const service = (name: string, more: Partial<CityRecord<'service'>>): CityOp => {
    return [
      'set',
      'service',
      `shop/${name}`,
      { namespace: 'shop', name, type: 'ClusterIP', ports: [], policy, problems: [], ...more },
    ];
  };
  const named = { ...policy, externalName: 'db.example' };
  const names = [
    service('elsewhere', { type: 'ExternalName', policy: named }),
    service('headless', { clusterIP: 'None' }),
  ];
  const snapshot = (now: number): CityOp[] => base.snapshot(now).toSpliced(-1, 0, ...names, service('alone', {}));
  const feed = await openFeed({ port: 0, city: { ...base, snapshot } });
  const words = async (name: string) => {
    await page.goto(`${feed.url}/?selected=service~shop/${name}`);
    return said(page.getByTestId('no-backends'));
  };
  expect(await words('elsewhere')).toBe('A name for db.example. Nothing is routed here.');
  expect(await words('headless')).toMatch(/^Headless: .* Nothing is routed here\.$/);
  expect(await words('alone')).toBe('No backends. New connections are refused on every node.');
  await page.goto('about:blank');
  await feed.close();
});
