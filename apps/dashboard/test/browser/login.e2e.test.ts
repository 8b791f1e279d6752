import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type KubeClient } from '@kubecity/kube';
import next from 'next';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type GatedSite, openGatedSite } from '../server/gated-site.ts';
import { TestCluster } from '../server/test-cluster.ts';
import { openChromium } from './toy-page.ts';

const TOKEN = 'token-of-the-viewer';
const HOURS = 3_600_000;

let directory: string;
let cluster: TestCluster;
let client: KubeClient;
let app: ReturnType<typeof next>;
let site: GatedSite;
let browser: Browser;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'kubecity-login-'));
  cluster = new TestCluster(directory, [
    { name: 'admin', groups: [], token: 'token-of-the-admin', access: 'admin' },
    { name: 'vera', groups: ['readers'], token: TOKEN, access: 'view' },
  ]);
  await cluster.start();
  const kubeconfig = join(directory, 'kubeconfig');
  writeFileSync(kubeconfig, cluster.kubeconfig('admin'));
  client = connect({ kubeconfig });
  app = next({ dir: join(import.meta.dirname, '../..'), dev: false });
  await app.prepare();
  const limits = { idle: 8 * HOURS, longest: 24 * HOURS };
  site = await openGatedSite(client, { ways: ['token'], limits }, app.getRequestHandler());
  browser = await openChromium();
});

afterAll(async () => {
  await browser?.close();
  await site?.close();
  await app?.close();
  await client?.close();
  await cluster?.remove();
  rmSync(directory, { recursive: true });
});

async function newPage(): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  page.setDefaultTimeout(30_000);
  return page;
}

/** With the keyboard alone: the field has the focus when the page is there. */
async function signIn(page: Page, token: string): Promise<void> {
  await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe('token');
  // before the page runs nobody would hear the key
  await expect.poll(() => page.getByTestId('login-send').isEnabled()).toBe(true);
  await page.keyboard.type(token);
  await page.keyboard.press('Enter');
}

it('leads from a link to the login page and, with a token, to where the link went', async () => {
  const page = await newPage();
  await page.goto(`${site.url}/?lens=nodes`);
  await page.waitForURL('**/login?*');
  await signIn(page, 'not-a-token');
  const why = page.getByTestId('login-why');
  await why.getByText('The cluster does not take these credentials.').waitFor();
  expect(await page.getByTestId('login-token').inputValue()).toBe('');

  await signIn(page, TOKEN);
  await page.waitForURL(`${site.url}/?lens=nodes`);
  await page.locator('[data-testid=live-state][data-state=live]').waitFor({ state: 'attached' });
  await page.getByTestId('account').click();
  await page.getByTestId('account-user').getByText('vera').waitFor();
  await page.getByTestId('account-may').getByText('you look only').waitFor();

  // nothing of the token is where a script, or the next person at this machine, could find it
  const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]));
  expect(kept).not.toContain(TOKEN);
  expect(kept).not.toContain('kubecity=');
  expect(site.log()).not.toContain(TOKEN);

  await page.getByTestId('sign-out').click();
  await page.waitForURL('**/login?*');
  await why.getByText('You are signed out.').waitFor();
  await page.goto(site.url);
  await page.waitForURL(`${site.url}/login`);
  await page.close();
});

it('an open map leaves for the login page when its session ends, and comes back from there', async () => {
  const page = await newPage();
  await page.goto(`${site.url}/login?to=/%3Flens=directory`);
  await signIn(page, TOKEN);
  await page.waitForURL(`${site.url}/?lens=directory`);
  await page.locator('[data-testid=live-state][data-state=live]').waitFor({ state: 'attached' });
  site.clock.now += 9 * HOURS;
  await page.waitForURL('**/login?why=idle*');
  await page.getByTestId('login-why').getByText('nobody used this window').waitFor();
  await signIn(page, TOKEN);
  await page.waitForURL(`${site.url}/?lens=directory`);
  await page.close();
});

it('leads to no other site', async () => {
  const page = await newPage();
  await page.goto(`${site.url}/login?to=//evil.example/`);
  await signIn(page, TOKEN);
  await page.waitForURL(`${site.url}/`);
  await page.close();
});

it('the login page has no fault that a reader of screens would meet, by day and by night', async () => {
  const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  for (const colorScheme of ['light', 'dark'] as const) {
    const page = await browser.newPage({ colorScheme, viewport: { width: 1280, height: 900 } });
    await page.goto(`${site.url}/login?why=expired`);
    await page.getByTestId('login-why').getByText('Your session is over').waitFor();
    await expect
      .poll(() => page.locator('html').getAttribute('data-theme'))
      .toBe(colorScheme === 'dark' ? 'night' : 'day');
    await page.evaluate(axe);
    const faults = await page.evaluate<string[]>(
      `axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] }).then(({ violations }) => violations.map(({ id }) => id))`,
    );
    expect(faults).toEqual([]);
    await page.close();
  }
});
