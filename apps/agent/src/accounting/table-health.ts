import type { TableStats } from '@kubecity/conntrack';
import type { TableFigures } from '@kubecity/protocol';
import { Alarm } from './alarm.ts';
import type { AccountingNews } from './messages.ts';

type Told = Pick<TableFigures, 'entries' | 'max' | 'insertFailed' | 'dropped' | 'earlyDropped'>;
const COUNTERS = ['insertFailed', 'dropped', 'earlyDropped'] as const;

const FULL = { above: 80, below: 75 };

/** The connection table of the node: how full it is, and what the kernel could not do since we look at it. */
export class TableHealth {
  readonly #news: (news: AccountingNews) => void;
  readonly #full = new Alarm(FULL);
  #last: TableStats | undefined;
  #told: Told = { entries: 0, max: 0, insertFailed: 0, dropped: 0, earlyDropped: 0 };

  constructor(news: (news: AccountingNews) => void) {
    this.#news = news;
  }

  get figures(): Told {
    return this.#told;
  }

  /** The kernel's counters have run since boot, and each is 32 bits a CPU: one that falls has begun again. */
  update(stats: TableStats): void {
    const last = this.#last ?? stats;
    const grown = Object.fromEntries(
      COUNTERS.map((name) => {
        const added = stats[name] - last[name];
        return [name, this.#told[name] + Math.max(0, added)];
      }),
    ) as Pick<Told, (typeof COUNTERS)[number]>;
    this.#last = stats;
    this.#told = { entries: stats.entries, max: stats.max ?? 0, ...grown };
    this.#warn();
  }

  #warn(): void {
    const { entries, max } = this.#told;
    const percent = max === 0 ? 0 : (entries / max) * 100;
    const turn = this.#full.update(percent);
    if (turn === undefined) return;
    const about = { entries, max, percent: Math.round(percent) };
    if (turn === 'over')
      this.#news({ kind: 'news', level: 'info', message: 'the connection table has room again', about });
    else {
      const message = 'the connection table is nearly full: when it is, new connections are dropped';
      this.#news({ kind: 'news', level: 'warn', message, about });
    }
  }
}
