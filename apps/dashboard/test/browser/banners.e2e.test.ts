import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { hubCity } from './hub-city.ts';
import { openRealHub, type RealHub } from './real-hub.ts';
import { openChromium } from './toy-page.ts';

const banner = (page: Page) => page.getByTestId('link-banner').textContent();
const state = (page: Page) => page.getByTestId('live-state').getAttribute('data-state');

/** What the dashboard as it ships says of itself. */
let hub: RealHub;
beforeAll(async () => {
  hub = await openRealHub(hubCity(2, 2));
});
afterAll(() => hub?.close());

it('refuses a page under a foreign name, which says why and how it is opened', async () => {
  const browser = await openChromium('--host-resolver-rules=MAP city.example 127.0.0.1');
  try {
    const page = await browser.newPage();
    await page.goto(hub.url.replace('127.0.0.1', 'city.example'));
    await expect.poll(() => state(page)).toBe('refused');
    await expect.poll(() => page.getByTestId('waiting').textContent()).toContain('open it as localhost or 127.0.0.1');
    await page.goto(hub.url);
    await expect.poll(() => state(page)).toBe('live');
  } finally {
    await browser.close();
  }
});

it('goes on with the traffic while the Kubernetes API is away, and says what is not of now', async () => {
  const browser = await openChromium();
  try {
    const page = await browser.newPage({ viewport: { width: 1600, height: 1000 } });
    await page.goto(hub.url);
    await expect.poll(() => state(page)).toBe('live');
    expect(await page.getByTestId('link-banner').count()).toBe(0);
    await hub.endApi();
    await expect.poll(() => banner(page)).toContain('The Kubernetes API is away.');
    await expect.poll(() => page.getByTestId('live-state').textContent()).toContain('Kubernetes API away');
    await expect.poll(() => state(page)).toBe('live');
    const at = () => page.evaluate(() => window.kubecity?.scene().figures?.at ?? 0);
    const before = await at();
    await expect.poll(at).toBeGreaterThan(before);
  } finally {
    await browser.close();
  }
});
