import { vi } from 'vitest';

/** Between two frames, milliseconds. */
export const FRAME = 16;

interface Due {
  readonly at: number;
  readonly act: (time: number) => void;
  readonly isFrame: boolean;
}

/** A page's clock, timers and frames, whose time passes only where a test says so. `vi.unstubAllGlobals()` ends it. */
export class FakeScreen {
  now = 1000;
  hidden = false;
  readonly #due = new Map<number, Due>();
  #last = 0;

  constructor() {
    const add = (act: Due['act'], at: number, isFrame: boolean) => {
      this.#last += 1;
      this.#due.set(this.#last, { at, act, isFrame });
      return this.#last;
    };
    const drop = (id: number) => void this.#due.delete(id);
    const screen = this;
    vi.stubGlobal('performance', { now: () => this.now });
    vi.stubGlobal('document', {
      get hidden() {
        return screen.hidden;
      },
    });
    vi.stubGlobal('setTimeout', (act: () => void, wait = 0) => add(act, this.now + wait, false));
    vi.stubGlobal('clearTimeout', drop);
    vi.stubGlobal('requestAnimationFrame', (act: Due['act']) =>
      add(act, FRAME * (1 + Math.floor(this.now / FRAME)), true),
    );
    vi.stubGlobal('cancelAnimationFrame', drop);
  }

  /** Work takes this long. */
  spend(milliseconds: number): void {
    this.now += milliseconds;
  }

  /** Lets time pass; a hidden page gets timers and no frames. */
  pass(milliseconds: number): void {
    const until = this.now + milliseconds;
    for (;;) {
      const next = [...this.#due]
        .filter(([, { at, isFrame }]) => at <= until && !(isFrame && this.hidden))
        .sort(([, a], [, b]) => a.at - b.at)[0];
      if (!next) break;
      const [id, { at, act }] = next;
      this.#due.delete(id);
      this.now = Math.max(this.now, at);
      act(this.now);
    }
    this.now = Math.max(this.now, until);
  }
}
