import { setTimeout as rest } from 'node:timers/promises';
import type { Browser, CDPSession, Page } from 'playwright-core';
import { type FrameCost, frameCostOf, TRACE_CATEGORIES } from './trace.ts';

const SIZE = { width: 1600, height: 1000 };
const PATIENCE_MS = 120_000;
const STEP_MS = 16;
/** What the page marks in its performance entries. */
const KNOWN = 'kubecity:known';
const WHOLE_MAP = 'kubecity:whole-map';

/** One browser of its own with the map in it, measured by what the browser itself says. */
export class MapPage {
  readonly #page: Page;
  readonly #session: CDPSession;

  private constructor(page: Page, session: CDPSession) {
    this.#page = page;
    this.#session = session;
  }

  /** Resolves when the first whole map was drawn. */
  static async open(browser: Browser, address: string): Promise<MapPage> {
    const context = await browser.newContext({ viewport: SIZE });
    const page = await context.newPage();
    page.on('pageerror', (error) => process.stderr.write(`the page failed: ${error.stack}\n`));
    const session = await context.newCDPSession(page);
    await page.addInitScript(watchTasks);
    await page.goto(address, { waitUntil: 'commit' });
    await page.waitForFunction((name) => performance.getEntriesByName(name).length > 0, WHOLE_MAP, {
      timeout: PATIENCE_MS,
      polling: 100,
    });
    return new MapPage(page, session);
  }

  close(): Promise<void> {
    return this.#page.context().close();
  }

  async arrival(): Promise<{ known: number; wholeMap: number; longestTask: number }> {
    return this.#page.evaluate(
      ([known, whole]) => {
        const markOf = (name: string) => performance.getEntriesByName(name)[0]?.startTime ?? Number.NaN;
        const { longTasks } = window as unknown as { longTasks: number[] };
        return { known: markOf(known), wholeMap: markOf(whole), longestTask: Math.max(0, ...longTasks) };
      },
      [KNOWN, WHOLE_MAP] as const,
    );
  }

  /** What frames cost while `act` runs. */
  async frames(act: () => Promise<unknown>): Promise<FrameCost> {
    const browser = this.#page.context().browser() as Browser;
    await browser.startTracing(this.#page, { categories: TRACE_CATEGORIES });
    await act();
    return frameCostOf(await browser.stopTracing());
  }

  /** A hand that draws the map in circles. */
  async pan(seconds: number): Promise<void> {
    const { mouse } = this.#page;
    const at = (turn: number) => [600 + 220 * Math.cos(turn), 480 + 160 * Math.sin(turn)] as const;
    await mouse.move(...at(0));
    await mouse.down();
    await this.#repeat(seconds, (elapsed) => mouse.move(...at(elapsed * 2.4)));
    await mouse.up();
  }

  /** A wheel that goes in for two seconds, and out again. */
  async zoom(seconds: number): Promise<void> {
    const { mouse } = this.#page;
    await mouse.move(640, 470);
    await this.#repeat(seconds, (elapsed) => mouse.wheel(0, elapsed % 4 < 2 ? -40 : 40));
  }

  async #repeat(seconds: number, act: (elapsed: number) => Promise<void>): Promise<void> {
    const began = performance.now();
    for (let elapsed = 0; elapsed < seconds; elapsed = (performance.now() - began) / 1000) {
      await act(elapsed);
      await rest(STEP_MS);
    }
  }

  async showWhole(): Promise<void> {
    await this.#page.getByRole('button', { name: 'Show the whole city' }).click();
    await rest(2000);
  }

  /** The other lens, as close as all of the city is in view. */
  async showNodes(): Promise<void> {
    await this.#page.getByTestId('lens-nodes').click();
    await this.#page.waitForFunction(() => window.kubecity?.scene().lens === 'nodes', undefined, {
      timeout: PATIENCE_MS,
      polling: 100,
    });
    await this.showWhole();
  }

  /** Of the main thread since it began, milliseconds, by the browser's own count: time, which other programs stretch. */
  async scriptTime(): Promise<number> {
    await this.#session.send('Performance.enable');
    const { metrics } = await this.#session.send('Performance.getMetrics');
    return 1000 * (metrics.find(({ name }) => name === 'ScriptDuration')?.value ?? Number.NaN);
  }

  movingStreets(): Promise<number> {
    return this.#page.evaluate(
      () => window.kubecity?.scene().roads.filter(({ rate, backRate }) => rate + backRate > 0).length ?? 0,
    );
  }

  framesDrawn(): Promise<number> {
    return this.#page.evaluate(() => window.kubecity?.framesDrawn ?? Number.NaN);
  }

  /** Bytes that are left of the JavaScript heap when all that can go is gone. */
  async liveHeap(): Promise<number> {
    await this.#session.send('HeapProfiler.collectGarbage');
    const { usedSize } = await this.#session.send('Runtime.getHeapUsage');
    return usedSize;
  }

  /** Of the process that runs the page: the one that works most, as the browser itself does not say whose it is. */
  async processId(): Promise<number> {
    const browser = this.#page.context().browser() as Browser;
    const session = await browser.newBrowserCDPSession();
    const { processInfo } = await session.send('SystemInfo.getProcessInfo');
    await session.detach();
    const renderers = processInfo.filter(({ type }) => type === 'renderer').sort((a, b) => b.cpuTime - a.cpuTime);
    const [busiest] = renderers;
    if (!busiest) throw new Error('the browser has no renderer');
    return busiest.id;
  }

  /**
   * Hides the page as a minimized window does.
   * @returns false when this browser shows pages always, so that the page was only told that it is hidden
   */
  async hide(): Promise<boolean> {
    const { windowId } = await this.#session.send('Browser.getWindowForTarget');
    await this.#session.send('Browser.setWindowBounds', { windowId, bounds: { windowState: 'minimized' } });
    await rest(500);
    if (await this.#page.evaluate(() => document.hidden)) return true;
    await this.#page.evaluate(() => {
      Object.defineProperty(document, 'hidden', { value: true });
      Object.defineProperty(document, 'visibilityState', { value: 'hidden' });
      document.dispatchEvent(new Event('visibilitychange'));
    });
    return false;
  }
}

declare global {
  interface Window {
    kubecity?: {
      scene(): { lens?: string; roads: { rate: number; backRate: number }[] };
      readonly framesDrawn: number;
    };
  }
}

/** Runs in the page before its own scripts. */
function watchTasks(): void {
  const tasks: number[] = [];
  Object.assign(window, { longTasks: tasks });
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) tasks.push(duration);
  }).observe({ type: 'longtask', buffered: true });
}
