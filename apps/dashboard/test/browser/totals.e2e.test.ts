import type { Browser as Chromium, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Level } from '../../src/map/scene.ts';
import { Browser } from '../server/peers.ts';
import { hubCity } from './hub-city.ts';
import { openRealHub, type RealHub } from './real-hub.ts';
import { openChromium } from './toy-page.ts';

/** What the map shows and folds against what the hub tells another reader of the same moment. */
interface Sums {
  readonly services: number;
  readonly pods: number;
  readonly nodes: number;
  readonly rate: number;
  readonly bytes: number;
  readonly refused: number;
}

let hub: RealHub;
let chromium: Chromium;
let page: Page;
let reader: Browser;
/** By moment. */
const told = new Map<number, Sums>();

beforeAll(async () => {
  hub = await openRealHub(hubCity(12, 9));
  reader = new Browser(hub.url);
  reader.socket.on('city', ({ at }) => told.set(at, sumsOf(reader)));
  chromium = await openChromium();
  page = await chromium.newPage({ viewport: { width: 1600, height: 1000 }, reducedMotion: 'reduce' });
});
afterAll(async () => {
  await chromium?.close();
  reader?.socket.close();
  await hub?.close();
});

function sumsOf({ city, edges }: Browser): Sums {
  const count = (kind: string) => [...city.keys()].filter((key) => key.startsWith(`${kind} `)).length;
  const rows = [...edges.all().values()];
  const sum = (of: (row: (typeof rows)[number]) => number) => rows.reduce((all, row) => all + of(row), 0);
  return {
    services: count('service'),
    pods: count('pod'),
    nodes: count('node'),
    rate: sum(({ openedPerSecond }) => openedPerSecond),
    bytes: sum((row) => row.bytesToBackendPerSecond + row.bytesToClientPerSecond),
    refused: sum(({ refusedPerSecond }) => refusedPerSecond),
  };
}

const scene = () => page.evaluate(() => window.kubecity?.scene());

interface Shown {
  readonly at: number;
  readonly level: Level;
  readonly sums: Sums;
  readonly filtered: boolean;
}

/** What the page says is visible, folded on the map and folded by the filter, and of which moment. */
async function shown(): Promise<Shown> {
  const { totals, figures, lens, level } = (await scene()) ?? {};
  if (!totals || !figures || !level) throw new Error('there is no scene');
  const { folded } = figures;
  return {
    at: figures.at,
    level,
    filtered: (folded?.traffic.edges ?? 0) > 0,
    sums: {
      services: totals.services + (folded?.services ?? 0),
      pods: totals.pods + (folded?.pods ?? 0),
      // The services lens draws none.
      nodes: lens === 'services' ? 9 : totals.nodes + (folded?.nodes ?? 0),
      rate: totals.rate + (folded?.traffic.openedPerSecond ?? 0),
      bytes: totals.bytes + bytesOf(folded?.traffic),
      refused: totals.refused + (folded?.traffic.refusedPerSecond ?? 0),
    },
  };
}

const bytesOf = (traffic: { bytesToBackendPerSecond: number; bytesToClientPerSecond: number } | undefined) =>
  traffic ? traffic.bytesToBackendPerSecond + traffic.bytesToClientPerSecond : 0;

const LEVELS: readonly Level[] = ['city', 'district', 'place'];

/** One press nearer to a level. The scene for it is made a little later. */
const goTowards = (level: Level, from: Level) =>
  page.getByRole('button', { name: LEVELS.indexOf(from) > LEVELS.indexOf(level) ? 'Farther' : 'Nearer' }).click();

/** Figures are rounded on their way: sums are made in other orders. */
const rounded = (sums: Sums): Sums => ({
  ...sums,
  rate: Math.round(sums.rate * 1000) / 1000,
  refused: Math.round(sums.refused * 1000) / 1000,
});

describe.each(['services', 'nodes'] as const)('the %s lens', (lens) => {
  it.each([
    ['without a filter', ''],
    ['with a filter of places', '&namespaces=team-1+team-4'],
    ['with a filter of traffic', '&minRate=20'],
    ['with errors only', '&errors='],
  ])('shows and folds all that the hub tells of that moment, at every level, %s', async (_, filter) => {
    await page.goto(`${hub.url}/?lens=${lens}${filter}`);
    await page.waitForFunction(() => (window.kubecity?.scene().totals?.rate ?? 0) > 100);
    for (const wanted of LEVELS) {
      const seen = new Set<number>();
      while (seen.size < 2) {
        const { at, level, sums, filtered } = await shown();
        await expect.poll(() => told.has(at), { message: `the reader hears of ${at}` }).toBe(true);
        expect(rounded(sums), `${level} at ${at}`).toEqual(rounded(told.get(at) as Sums));
        expect(filtered).toBe(filter !== '');
        if (level === wanted) seen.add(at);
        else await goTowards(wanted, level);
        await expect.poll(async () => (await shown()).at).not.toBe(at);
      }
    }
  });
});

it('counts a city that is not small, every second anew', () => {
  const [first, last] = [[...told.values()][0], [...told.values()].at(-1)];
  expect(last).toMatchObject({ services: 48, pods: 156, nodes: 9 });
  expect(last?.rate).toBeGreaterThan(1000);
  expect(last?.refused).toBeGreaterThan(10);
  expect(first?.rate).not.toBe(last?.rate);
});
