import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Facts } from '../../src/city/facts.ts';
import { colourOf } from '../../src/map/svg/colour.ts';
import { mapOf, openToyBrowser, type ToyBrowser } from './toy-page.ts';

let toy: ToyBrowser;
let page: Page;
beforeAll(async () => {
  toy = await openToyBrowser();
  page = await toy.open('/?namespaces=shop', { colorScheme: 'dark', reducedMotion: 'reduce' });
  await mapOf(page);
});
afterAll(async () => {
  await toy?.close();
  expect(toy?.faults).toEqual([]);
});

interface Scene {
  readonly services: readonly { readonly id: string }[];
  readonly pods: readonly { readonly id: string }[];
}
const scene = () => page.evaluate<Scene>('window.kubecity.scene()');

async function take(
  kind: 'svg' | 'png' | 'json',
  on = page,
): Promise<{ readonly name: string; readonly content: Buffer }> {
  await on.getByTestId('export').click();
  const [download] = await Promise.all([on.waitForEvent('download'), on.getByTestId(`export-${kind}`).click()]);
  return { name: download.suggestedFilename(), content: await readFile(await download.path()) };
}

describe('the exported SVG', () => {
  it('parses, names every visible Service and pod, and has no script', async () => {
    const { name, content } = await take('svg');
    expect(name).toMatch(/^shop-prod services \d{4}-\d\d-\d\d \d\d\.\d\d\.\d\d\.svg$/);
    const svg = content.toString('utf8');
    const read = await page.evaluate<{ fault: string; root: string; scripts: number; ids: string[]; texts: string[] }>(
      `((text) => {
        const read = new DOMParser().parseFromString(text, 'image/svg+xml');
        return {
          fault: read.querySelector('parsererror')?.textContent ?? '',
          root: read.documentElement.tagName,
          scripts: read.querySelectorAll('script, foreignObject, [href], [onload], [onclick]').length,
          ids: [...read.querySelectorAll('[data-id]')].map((one) => one.dataset.id),
          texts: [...read.querySelectorAll('text')].map((one) => one.textContent),
        };
      })(${JSON.stringify(svg)})`,
    );
    expect(read).toMatchObject({ fault: '', root: 'svg', scripts: 0 });
    const shown = await scene();
    expect(shown.services.length).toBeGreaterThan(5);
    for (const { id } of shown.services) expect(read.ids).toContain(`service:${id}`);
    for (const { id } of shown.pods) expect(read.ids.some((one) => one.startsWith(`pod:${id}`))).toBe(true);
    expect(read.texts.join('\n')).toContain('filter: namespaces shop');
    expect(read.texts).toContain('cart');
  });

  it('is the size of the map and its foot, drawn without the page’s styles', async () => {
    const { content } = await take('svg');
    const [, width, height] = /<svg [^>]*width="([\d.]+)" height="([\d.]+)"/.exec(content.toString('utf8')) ?? [];
    const map = await page.getByTestId('map').boundingBox();
    expect(Number(width)).toBe(map?.width);
    expect(Number(height)).toBeGreaterThan(map?.height ?? Number.POSITIVE_INFINITY);
    expect(content.toString('utf8')).not.toMatch(/var\(|color-mix|light-dark|class=/);
  });
});

describe('forced colours', () => {
  it('leave the map its own, by which its signs are told', async () => {
    const coloursOf = async (forcedColors: 'active' | 'none') => {
      const on = await toy.open('/?namespaces=shop', { colorScheme: 'dark', reducedMotion: 'reduce', forcedColors });
      await mapOf(on);
      const svg = (await take('svg', on)).content.toString('utf8');
      await on.close();
      return new Set(svg.match(/#[0-9a-f]{6}/g));
    };
    const own = ['#111a30', '#ffc861', '#ff6b81', '#a994ff'];
    expect([...(await coloursOf('none'))]).toEqual(expect.arrayContaining(own));
    expect([...(await coloursOf('active'))]).toEqual(expect.arrayContaining(own));
  });
});

describe('the exported PNG', () => {
  it('has twice the pixels of the screen, and more than one colour', async () => {
    const { content } = await take('png');
    expect(content.subarray(1, 4).toString()).toBe('PNG');
    const map = await page.getByTestId('map').boundingBox();
    expect(content.readUInt32BE(16)).toBe(Math.round((map?.width ?? 0) * 2));
    expect(content.length).toBeGreaterThan(50_000);
  });
});

describe('the exported JSON', () => {
  it('has in its totals what is shown, and with what is folded the whole', async () => {
    const facts = JSON.parse((await take('json')).content.toString('utf8')) as Facts;
    const shown = await scene();
    expect(facts.services.map(({ id }) => id).sort()).toEqual(shown.services.map(({ id }) => id).sort());
    expect(facts.pods.map(({ uid }) => uid).sort()).toEqual(shown.pods.map(({ id }) => id).sort());
    const rate = facts.edges.reduce((sum, { figures }) => sum + figures.openedPerSecond, 0);
    expect(rate).toBeCloseTo(facts.shown.figures.openedPerSecond, 6);
    expect(facts.shown.services + (facts.folded?.services ?? 0)).toBe(10);
    expect(facts.folded?.figures.edges).toBeGreaterThan(0);
    expect(facts).toMatchObject({ format: 'kubecity-view', version: 1, cluster: 'shop-prod', of: { live: true } });
  });
});

describe('colours of the SVG', () => {
  it('are those that the browser mixes', async () => {
    const mixes = [
      'color-mix(in oklab, rgb(255, 200, 97) 43%, rgb(44, 58, 92))',
      'color-mix(in oklab, #d6324d 10%, #ffffff)',
      'color-mix(in oklab, color-mix(in oklab, #4fd6c4 22%, #0a1a30) 70%, #111a30)',
    ];
    const painted = await page.evaluate<number[][]>(
      `${JSON.stringify(mixes)}.map((colour) => {
        const pen = new OffscreenCanvas(1, 1).getContext('2d');
        pen.fillStyle = colour;
        pen.fillRect(0, 0, 1, 1);
        return [...pen.getImageData(0, 0, 1, 1).data.slice(0, 3)];
      })`,
    );
    for (const [i, mix] of mixes.entries()) {
      const { hex } = colourOf(mix);
      const ours = [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
      for (const [part, value] of ours.entries()) {
        expect(Math.abs(value - (painted[i]?.[part] ?? -9)), `${mix}: ${ours}`).toBeLessThanOrEqual(1);
      }
    }
  });
});
