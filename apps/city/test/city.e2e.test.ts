import { readFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { connect, type KubeClient, resources } from '@kubecity/kube';
import type { KubePod, KubeService } from '@kubecity/routing';
import { likelihood, SELDOM } from '@kubecity/routing/testing';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { askHub } from '../testing/ask-hub.ts';
import { openBrowser } from '../testing/browser.ts';
import { newConnections } from '../testing/new-connections.ts';
import { RunningCity } from '../testing/running-city.ts';
import { describeIsolation } from './isolation-steps.ts';

const NODES = ['node-a', 'node-b', 'node-c', 'node-d'];
interface Scene {
  readonly services: readonly { readonly id: string }[];
  readonly pods: readonly { readonly id: string }[];
  readonly particles: number;
}

let city: RunningCity;
let browser: Browser;
let page: Page;
let api: KubeClient;
const pageErrors: string[] = [];

// Strings, because this file is typed for Node and `window` is the page's.
const scene = () => page.evaluate<Scene>('window.kubecity.scene()');
const framesDrawn = () => page.evaluate<number>('window.kubecity.framesDrawn');

beforeAll(async () => {
  city = await RunningCity.start('--port', '18585');
  api = connect({ kubeconfig: city.kubeconfig });
  browser = await openBrowser();
  page = await browser.newPage({ viewport: { width: 1600, height: 1000 } });
  page.setDefaultTimeout(60_000);
  page.on('pageerror', (error) => pageErrors.push(error.message));
  await page.goto(city.url);
});

afterAll(async () => {
  await browser?.close();
  await api?.close();
  expect(await city?.stop()).toBe(0);
});

async function cart() {
  const service = await api.get<KubeService>(resources.services, { namespace: 'shop', name: 'cart' });
  const { items } = await api.list<KubePod>(resources.pods, { namespace: 'shop' });
  const pods = items
    .filter((pod) => pod.metadata.name.startsWith('cart-') && pod.metadata.deletionTimestamp === undefined)
    .map((pod) => ({ name: pod.metadata.name, uid: pod.metadata.uid ?? '', ip: pod.status?.podIP ?? '' }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const [victim] = pods;
  if (!victim) throw new Error('the cart has no pods');
  return { clusterIP: service.spec?.clusterIP ?? '', pods, victim };
}

/** The rules of our chains in the kernel of a node. */
async function ourRules(node: string): Promise<string[]> {
  const nat = await city.exec(node, 'iptables-save', '-t', 'nat');
  return nat.split('\n').filter((line) => line.startsWith('-A CITY-'));
}

async function confirmedByAll(pod: string): Promise<void> {
  const words = () => page.getByTestId(`confirmed-nodes-${pod}`).textContent();
  await expect.poll(words).toMatch(new RegExp(`${NODES.length} of ${NODES.length}`));
}

describe('the map', () => {
  it('shows every Service and every pod', async () => {
    await expect.poll(() => page.getByTestId('live-state').textContent()).toMatch(/live/i);
    const told = async () => {
      const services = (await api.list<KubeService>(resources.services)).items;
      const pods = (await api.list<KubePod>(resources.pods)).items;
      return {
        services: services.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`).sort(),
        pods: pods.map(({ metadata }) => metadata.uid ?? '').sort(),
      };
    };
    const shown = async () => {
      const { services, pods } = await scene();
      return { services: services.map(({ id }) => id).sort(), pods: pods.map(({ id }) => id).sort() };
    };
    await expect.poll(async () => (await told()).services.length).toBeGreaterThanOrEqual(10);
    await expect.poll(async () => (await told()).pods.length).toBeGreaterThanOrEqual(25);
    const both = async () => [await shown(), await told()];
    await expect.poll(both).toSatisfy(([map, cluster]) => isDeepStrictEqual(map, cluster));
  });

  it('moves with the traffic', async () => {
    await expect.poll(async () => (await scene()).particles).toBeGreaterThan(0);
    const before = await framesDrawn();
    await expect.poll(framesDrawn).toBeGreaterThan(before + 10);
  });

  it('has the same facts in the other lens', async () => {
    const counts = async () => {
      const { services, pods } = await scene();
      return { services: services.length, pods: pods.length };
    };
    const before = await counts();
    await page.getByTestId('lens-nodes').click();
    await page.locator('[data-testid=lens-nodes][data-state=active]').waitFor();
    await expect.poll(counts).toEqual(before);
    await page.getByTestId('lens-services').click();
  });
});

describeIsolation(() => ({ city, api, nodes: NODES }));

describe('the traffic table', () => {
  /** Sums of the table and of `/metrics`, each with the moment it is of (Unix ms). */
  interface Sums {
    readonly table: { readonly at: number; readonly opened: number; readonly moving: number };
    readonly metrics: { readonly at: number; readonly opened: number; readonly moving: number };
  }
  const sums = () =>
    page.evaluate<Sums>(`(async () => {
      const text = await (await fetch('/metrics')).text();
      const sum = (pattern) => [...text.matchAll(pattern)].reduce((all, [, value]) => all + Number(value), 0);
      const cell = (id) => Number(document.querySelector('[data-testid=traffic-totals] [data-column="' + id + '"]').dataset.value);
      return {
        table: {
          at: Number(document.querySelector('[data-testid=traffic-moment]').dataset.at),
          opened: cell('opened'),
          moving: cell('moving'),
        },
        metrics: {
          at: Math.round(1000 * sum(/^kubecity_traffic_moment_seconds (\\S+)$/gm)),
          opened: sum(/^kubecity_traffic_connections_opened_total\\{.*\\} (\\S+)$/gm),
          moving: sum(/^kubecity_traffic_open_connections\\{.*state="moving".*\\} (\\S+)$/gm),
        },
      };
    })()`);

  it('says what /metrics says of the same moment', async () => {
    await page.getByTestId('traffic-toggle').click();
    await page.getByTestId('traffic-totals').waitFor();
    const same: Sums[] = [];
    const collect = async () => {
      const now = await sums();
      // Both move on every second, but one after the other.
      if (now.table.at === now.metrics.at && now.table.at !== same.at(-1)?.table.at) same.push(now);
      return same.length;
    };
    await expect.poll(collect).toBeGreaterThanOrEqual(3);
    for (const { table, metrics } of same) expect(table).toEqual(metrics);
    expect(same[0]?.table.opened).toBeGreaterThan(100);
    await page.getByTestId('traffic-toggle').click();
  });
});

describe('the time line', () => {
  /** What of an export this test reads; `docs/operations.md` tells all of it. */
  interface Facts {
    readonly of: { readonly at: string; readonly live: boolean; readonly edgesNotKept: number };
    readonly shown: { readonly figures: Readonly<Record<string, number>> };
    readonly edges: readonly {
      readonly client: { readonly name: string };
      readonly servicePort?: string;
      readonly backend: string;
      readonly podUid?: string;
      readonly stale: boolean;
      readonly figures: Readonly<Record<string, number>>;
    }[];
  }
  const momentOf = ({ of }: Facts) => Date.parse(of.at);

  async function exported(from: Page): Promise<Facts> {
    await from.getByTestId('export').click();
    const [download] = await Promise.all([from.waitForEvent('download'), from.getByTestId('export-json').click()]);
    return JSON.parse(await readFile(await download.path(), 'utf8')) as Facts;
  }

  /** The same for the same edges in whatever order. */
  const edgesOf = ({ edges }: Facts) =>
    new Map(
      edges.map(({ client, servicePort, backend, podUid, stale, figures }) => [
        `${client.name}>${servicePort ?? ''}>${backend}>${podUid ?? ''}`,
        { stale, ...figures },
      ]),
    );

  /** Open connections of each service port. */
  function openOf({ edges }: Facts): Map<string, number> {
    const open = new Map<string, number>();
    for (const { servicePort = '', figures } of edges) {
      const own = ['moving', 'idle', 'closing', 'waiting'].reduce((sum, state) => sum + (figures[state] ?? 0), 0);
      open.set(servicePort, (open.get(servicePort) ?? 0) + own);
    }
    return open;
  }

  it('replays what was shown live: the same edges with the same figures, and what is open of each service port', async () => {
    const watcher = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    await watcher.goto(city.url);
    const live: Facts[] = [];
    const collect = async () => {
      const facts = await exported(watcher);
      if (!live.some((known) => momentOf(known) === momentOf(facts))) live.push(facts);
      return live.length;
    };
    await expect.poll(collect).toBe(5);
    // The last second is kept when it is over.
    const last = momentOf(live.at(-1) as Facts);
    await expect.poll(async () => momentOf(await exported(watcher))).toBeGreaterThan(last + 3000);
    let [moments, ports] = [0, 0];
    for (const then of live) {
      const at = momentOf(then);
      await watcher.goto(`${city.url}/?at=${at}`);
      await watcher.getByTestId('rewind-banner').getByText('Traffic as it was at').waitFor();
      const replayed = await exported(watcher);
      expect(replayed.of).toMatchObject({ live: false, edgesNotKept: 0 });
      // Of two moments within one second the history keeps one.
      if (momentOf(replayed) !== at) continue;
      moments += 1;
      expect(edgesOf(replayed)).toEqual(edgesOf(then));
      for (const [figure, value] of Object.entries(then.shown.figures)) {
        expect(replayed.shown.figures[figure], figure).toBeCloseTo(value, 6);
      }
      for (const [servicePort, open] of openOf(then)) {
        const { points } = await history(at, servicePort);
        expect(points, `${servicePort} at ${at}`).toContainEqual(expect.objectContaining({ at, open }));
        ports += 1;
      }
    }
    expect(moments).toBeGreaterThanOrEqual(2);
    expect(ports).toBeGreaterThanOrEqual(5);
    await watcher.close();
  });

  const history = (at: number, servicePort: string) =>
    askHub<{ readonly points: readonly { readonly at: number; readonly open: number }[] }>(city.url, {
      ...{ kind: 'history', from: at - 5000, to: at + 1 },
      servicePort,
    });
});

describe('steering by hand', () => {
  it('finds the Service and opens its panel', async () => {
    await page.getByTestId('find').click();
    await page.getByTestId('find-input').fill('cart');
    await page.keyboard.press('Enter');
    await expect.poll(() => page.getByTestId('panel-title').textContent()).toContain('cart');
    for (const { name } of (await cart()).pods) await page.getByTestId(`backend-${name}`).waitFor();
  });

  it('drains: after every node confirmed, no kernel sends a new connection there', async () => {
    const { clusterIP, pods, victim } = await cart();
    await page.getByTestId(`drain-${victim.name}`).click();
    await confirmedByAll(victim.name);
    for (const node of NODES) {
      const nat = await city.exec(node, 'iptables-save', '-t', 'nat');
      expect(nat, node).not.toContain(`--to-destination ${victim.ip}:`);
      for (const pod of pods.slice(1)) expect(nat, node).toContain(`--to-destination ${pod.ip}:`);
    }
    const counts = await newConnections(city, NODES, clusterIP, 8);
    expect(counts.get(victim.ip) ?? 0).toBe(0);
    expect([...counts.values()].reduce((sum, count) => sum + count, 0)).toBeGreaterThan(10);
    await expect.poll(() => page.getByTestId(`remaining-${victim.name}`).textContent()).toMatch(/\d/);
  });

  it('says why the drained pod gets none, to a colleague with a link', async () => {
    const { victim } = await cart();
    const colleague = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    await colleague.goto(`${city.url}/?selected=pod~${victim.uid}`);
    await colleague.getByTestId('panel').getByRole('button', { name: 'Why none?' }).click();
    const reason = colleague.getByTestId('why-none').first();
    await expect.poll(() => reason.getAttribute('data-kind')).toBe('drained');
    await expect.poll(() => reason.textContent()).toContain('cart');
    await colleague.close();
  });

  it('undrains: connections come back', async () => {
    const { clusterIP, victim } = await cart();
    await page.getByTestId(`undrain-${victim.name}`).click();
    await page.getByTestId(`drain-${victim.name}`).waitFor();
    const came = async () => (await newConnections(city, NODES, clusterIP, 3)).get(victim.ip) ?? 0;
    await expect.poll(came).toBeGreaterThan(0);
  });

  it('reweights: the share of new connections follows', async () => {
    const { clusterIP, pods, victim } = await cart();
    const weight = page.getByTestId(`weight-${victim.name}`);
    await weight.fill('300');
    await weight.press('Enter');
    await confirmedByAll(victim.name);
    const counts = await newConnections(city, NODES, clusterIP, 30);
    const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
    const share = 300 / (300 + 100 * (pods.length - 1));
    const got = counts.get(victim.ip) ?? 0;
    const told = `${got} of ${total}`;
    expect(likelihood(got, total, share), told).toBeGreaterThan(SELDOM);
    // Enough to tell it from what it was before.
    expect(likelihood(got, total, 1 / pods.length), told).toBeLessThan(SELDOM);
  });

  it('steers by the sheet: every node tells first what it would write, and one click takes it back', async () => {
    const { pods } = await cart();
    const rules = () => Promise.all(NODES.map(ourRules));
    const before = await rules();
    await page.getByTestId('steer').first().click();
    await page.getByTestId('effect-share').click();
    await page.getByTestId('choose-podNames').click();
    await page.getByRole('option', { name: pods[1]?.name }).click();
    await page.keyboard.press('Escape');
    await page.getByTestId('share').fill('10');
    await page.locator('[data-testid=outcome][data-fresh=true]').waitFor();
    for (const node of NODES) {
      await expect.poll(() => page.getByTestId(`difference-${node}`).textContent()).toMatch(/\d+ rules? come/);
    }
    expect(await rules()).toEqual(before);
    await page.getByTestId('apply').click();
    // The notice of what was done before may stand there still. Under the pointer it stays, however long the nodes are asked.
    const done = page.getByTestId('notice-done').filter({ hasText: 'gets 10 % of the new connections' });
    await done.hover();
    for (const [i, node] of NODES.entries()) await expect.poll(() => ourRules(node)).not.toEqual(before[i]);
    await done.getByTestId('notice-undo').click();
    for (const [i, node] of NODES.entries()) await expect.poll(() => ourRules(node)).toEqual(before[i]);
  });

  it('says which pod gets the most and from whom', async () => {
    const { victim } = await cart();
    const most = new RegExp(`^${victim.name} gets the most: .+ from [a-z]`);
    await expect.poll(() => page.getByTestId('busiest').textContent()).toMatch(most);
  });

  it('explains by the rules of the kernel where a connection goes, and with what chance', async () => {
    const { pods, victim } = await cart();
    await page.getByTestId('why').first().click();
    await page.getByTestId('why-source').click();
    await page.getByTestId('why-source-input').fill('shop web');
    await page.keyboard.press('Enter');
    const ends = page.getByTestId('why-end');
    const chances = async () => (await ends.allTextContents()).map((text) => /(\d+) %/.exec(text)?.[1]);
    await expect.poll(chances).toEqual(['60', ...pods.slice(1).map(() => '20')]);
    await expect.poll(() => ends.first().textContent()).toContain(victim.name);
    await page.getByTestId('why-card').press('Escape');
    await page.getByTestId('why-card').waitFor({ state: 'detached' });
  });

  it('is the same by kubectl: an object made by hand shows on the map', async () => {
    const { victim } = await cart();
    await page.getByTestId(`weight-${victim.name}`).fill('100');
    await page.getByTestId(`weight-${victim.name}`).press('Enter');
    await expect.poll(async () => (await api.list(resources.routingOverrides)).items).toEqual([]);
    const override = {
      apiVersion: 'kubecity.dev/v1alpha1',
      kind: 'RoutingOverride',
      metadata: { namespace: 'shop', name: 'by-hand' },
      spec: { service: 'cart', backends: { podNames: [victim.name] }, drain: { existing: 'wait' }, reason: 'INC-123' },
    };
    await api.create(resources.routingOverrides, override);
    await confirmedByAll(victim.name);
    await expect.poll(() => page.getByTestId(`backend-${victim.name}`).textContent()).toContain('INC-123');
    await api.delete(resources.routingOverrides, { namespace: 'shop', name: 'by-hand' });
    await page.getByTestId(`drain-${victim.name}`).waitFor();
  });

  it('survives the dashboard: the page comes back by itself and the override still holds', async () => {
    const { victim } = await cart();
    await page.getByTestId(`drain-${victim.name}`).click();
    await confirmedByAll(victim.name);
    city.killDashboard();
    const state = () => page.getByTestId('live-state').getAttribute('data-state');
    await expect.poll(state).not.toBe('live');
    expect(await city.exec('node-a', 'iptables-save', '-t', 'nat')).not.toContain(`--to-destination ${victim.ip}:`);
    await expect.poll(state).toBe('live');
    await confirmedByAll(victim.name);
    await page.getByTestId(`undrain-${victim.name}`).click();
    await page.getByTestId(`drain-${victim.name}`).waitFor();
  });

  it('left no error in the page', () => {
    expect(pageErrors).toEqual([]);
  });
});
