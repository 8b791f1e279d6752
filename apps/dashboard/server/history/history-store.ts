import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { CityEdgeRow, EdgeName, HistoryPoint, MapAnswer, MapQuestion } from '@kubecity/protocol';
import { FIRST_RATE, SHOWN, SHOWN_RATES } from '../traffic/shown-edges.ts';
import { CoarseStep } from './coarse-step.ts';
import type { DatabaseForm } from './database-file.ts';
import { KeptNames } from './kept-names.ts';
import { PackedRows, packedIds } from './packed.ts';
import { type HistoryStep, LEVELS, POINT } from './step.ts';

export const HISTORY_FORM: DatabaseForm = {
  noun: 'history',
  application: 0x63697479, // "city"
  version: 1,
  tables: `
    CREATE TABLE name (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
    CREATE TABLE step (
      level INTEGER NOT NULL, at INTEGER NOT NULL, folded INTEGER NOT NULL,
      city BLOB NOT NULL, ports BLOB NOT NULL, edges BLOB NOT NULL,
      PRIMARY KEY (level, at)
    );`,
};

/** Points of one answer; neighbours are summed to stay within it. */
export const MOST_POINTS = 2500;
/** What SQLite may need beside the pages in use: the write-ahead log. */
const SPARE_BYTES = 8 * 1024 * 1024;
/** When there is no room, steps are dropped, so many at once, until so much of it is left in use. */
const ROOM_LEFT = 0.95;
const DROPPED_AT_ONCE = 10;
/** How often names without a step are looked for when there is room enough. */
const NAMES_MILLISECONDS = 24 * 3_600_000;

/** Counts and rates as they are shown: see `ShownEdges`. */
const packedEdges = new PackedRows([
  ...new Array<number>(FIRST_RATE).fill(1),
  ...SHOWN_RATES.map(([, parts]) => parts),
]);
const packedPorts = new PackedRows(POINT.map((name) => (name.startsWith('bytes') ? 1 : 1000)));

type Question<K extends MapQuestion['kind']> = Extract<MapQuestion, { kind: K }>;

export interface StepAddress {
  readonly level: number;
  readonly at: number;
}

/** Edges of one step: their numbers, and of each the shown row without its id. */
export interface KeptEdges {
  readonly at: number;
  readonly ids: readonly number[];
  readonly rows: Float64Array;
  /** Edges of that moment that were not kept. */
  readonly folded: number;
  /** Connections opened in the step, of all edges. */
  readonly opened: number;
}

/**
 * The past at three levels of fineness, in one SQLite database of bounded size. Each step stands for itself: its sums per
 * service port, and the rows of its busiest edges. No clock: time is that of the steps.
 */
export class HistoryStore {
  readonly #database: DatabaseSync;
  readonly #mostBytes: number;
  readonly #names: KeptNames;
  readonly #coarse = LEVELS.slice(1).map(({ milliseconds }) => new CoarseStep(milliseconds));
  #namesDroppedAt = 0;
  readonly #insert: StatementSync;
  readonly #dropOlder: StatementSync;
  readonly #used: StatementSync;

  constructor(database: DatabaseSync, mostBytes: number) {
    this.#database = database;
    this.#mostBytes = mostBytes - SPARE_BYTES;
    this.#names = new KeptNames(database);
    this.#insert = database.prepare(
      'INSERT OR REPLACE INTO step (level, at, folded, city, ports, edges) VALUES (?, ?, ?, ?, ?, ?)',
    );
    this.#dropOlder = database.prepare('DELETE FROM step WHERE level = ? AND at <= ?');
    this.#used = database.prepare(`
      SELECT (page_count - freelist_count) * page_size AS bytes
      FROM pragma_page_count, pragma_freelist_count, pragma_page_size`);
  }

  /** Bytes in use. */
  get bytes(): number {
    const { bytes } = this.#used.get() as { bytes: number };
    return bytes;
  }

  /** @throws Error of SQLite; nothing of the step is then kept, and all names are to be defined anew */
  add(step: HistoryStep): void {
    this.#transaction(() => {
      this.#names.define(step.define);
      this.#write(0, step);
      for (const [i, coarse] of this.#coarse.entries()) {
        for (const ended of coarse.add(step)) this.#write(i + 1, ended);
      }
      this.#dropOld(step.at);
    });
    this.#names.forget(step.forget);
  }

  /** Writes what is gathered of coarse steps, too. */
  close(): void {
    this.#transaction(() => {
      for (const [i, coarse] of this.#coarse.entries()) for (const ended of coarse.end()) this.#write(i + 1, ended);
    });
    this.#database.close();
  }

  /** Lets go of a database that is broken. */
  abandon(): void {
    this.#database.close();
  }

  history({ from, to, servicePort }: Question<'history'>): Extract<MapAnswer, { kind: 'history' }> {
    const level = this.#finestSince(from);
    const stepMilliseconds = LEVELS[level]?.milliseconds as number;
    const points =
      servicePort === undefined ? this.#cityPoints(level, from, to) : this.#portPoints(level, from, to, servicePort);
    const together = Math.ceil(points.length / MOST_POINTS);
    if (together <= 1) return { kind: 'history', stepMilliseconds, points };
    return {
      kind: 'history',
      stepMilliseconds: stepMilliseconds * together,
      points: merged(points, stepMilliseconds * together),
    };
  }

  moment({ at }: Question<'moment'>): Extract<MapAnswer, { kind: 'moment' }> | undefined {
    const best = this.#database
      .prepare(
        'SELECT level, at, folded, edges FROM step WHERE (level, at) IN (SELECT level, max(at) FROM step WHERE at <= ? GROUP BY level) ORDER BY at DESC, level LIMIT 1',
      )
      .get(at) as { level: number; at: number; folded: number; edges: Uint8Array } | undefined;
    if (!best) return undefined;
    const { ids, rows } = packedEdges.unpack(best.edges);
    const edges = ids.map((id, i): [EdgeName, CityEdgeRow] => [
      JSON.parse(this.#names.textOf(id)) as EdgeName,
      [id, ...rows.subarray(i * SHOWN, (i + 1) * SHOWN)],
    ]);
    const stepMilliseconds = LEVELS[best.level]?.milliseconds as number;
    return { kind: 'moment', at: best.at, stepMilliseconds, edges, folded: best.folded };
  }

  /** Steps whose moments between them cover the time, the oldest first, and the one before it: what was counted until then. */
  stepsBetween(from: number, to: number): StepAddress[] {
    const best = this.#finestSince(from);
    const before = this.#database.prepare('SELECT max(at) AS at FROM step WHERE level = ? AND at <= ?').get(best, from);
    const { at: base } = before as { at: number | null };
    const between = this.#database.prepare('SELECT at FROM step WHERE level = ? AND at > ? AND at <= ? ORDER BY at');
    const steps: StepAddress[] = base === null ? [] : [{ level: best, at: base }];
    // a coarse step is written when it is over: finer ones know what came since
    for (let level = best; level >= 0; level--) {
      const rows = between.all(level, steps.at(-1)?.at ?? from, to) as { at: number }[];
      for (const { at } of rows) steps.push({ level, at });
    }
    return steps;
  }

  /** What one step keeps of its edges; undefined when it was dropped meanwhile. */
  edgesOf({ level, at }: StepAddress): KeptEdges | undefined {
    const row = this.#database
      .prepare('SELECT folded, city, edges FROM step WHERE level = ? AND at = ?')
      .get(level, at);
    if (!row) return undefined;
    const { folded, city, edges } = row as { folded: number; city: Uint8Array; edges: Uint8Array };
    const opened = new Float64Array(city.slice().buffer)[POINT.indexOf('opened')] as number;
    return { at, folded, opened, ...packedEdges.unpack(edges) };
  }

  /** By the number that steps keep; undefined when no step has it any more. */
  nameOfEdge(id: number): EdgeName | undefined {
    const text = this.#names.maybeTextOf(id);
    return text === undefined ? undefined : (JSON.parse(text) as EdgeName);
  }

  /** The finest level that reaches back to `from`, or as far back as any does. */
  #finestSince(from: number): number {
    const oldest = LEVELS.map((_, level) => this.#oldestOf(level) ?? Number.POSITIVE_INFINITY);
    const wanted = Math.max(from, Math.min(...oldest));
    // a level's first step ends within a step of when it began
    const reaches = oldest.findIndex((at, level) => at <= wanted + (LEVELS[level]?.milliseconds as number));
    return Math.max(0, reaches);
  }

  #oldestOf(level: number): number | undefined {
    const row = this.#database.prepare('SELECT min(at) AS at FROM step WHERE level = ?').get(level);
    return (row as { at: number | null }).at ?? undefined;
  }

  #cityPoints(level: number, from: number, to: number): HistoryPoint[] {
    const rows = this.#database.prepare('SELECT at, city FROM step WHERE level = ? AND at BETWEEN ? AND ? ORDER BY at');
    const points: HistoryPoint[] = [];
    for (const { at, city } of rows.iterate(level, from, to) as Iterable<{ at: number; city: Uint8Array }>) {
      points.push(pointOf(at, new Float64Array(city.slice().buffer)));
    }
    return points;
  }

  #portPoints(level: number, from: number, to: number, servicePort: string): HistoryPoint[] {
    const id = this.#names.find(servicePort);
    if (id === undefined) return [];
    const rows = this.#database.prepare(
      'SELECT at, ports FROM step WHERE level = ? AND at BETWEEN ? AND ? ORDER BY at',
    );
    const points: HistoryPoint[] = [];
    for (const { at, ports } of rows.iterate(level, from, to) as Iterable<{ at: number; ports: Uint8Array }>) {
      const { ids, rows: sums } = packedPorts.unpack(ports);
      const place = ids.indexOf(id);
      // a port that is not in a step was quiet in it
      const own =
        place < 0 ? new Float64Array(POINT.length) : sums.subarray(place * POINT.length, (place + 1) * POINT.length);
      points.push(pointOf(at, own));
    }
    return points;
  }

  #write(level: number, step: HistoryStep): void {
    const edges = ascending(
      [...step.serials].map((serial) => this.#names.ofEdge(serial)),
      step.rows,
      SHOWN,
    );
    const ports = ascending(
      step.ports.map((port) => this.#names.ofPort(port)),
      step.portSums,
      POINT.length,
    );
    const city = new Uint8Array(step.city.slice().buffer);
    this.#insert.run(
      level,
      step.at,
      step.folded,
      city,
      packedPorts.pack(ports.ids, ports.rows),
      packedEdges.pack(edges.ids, edges.rows),
    );
  }

  #dropOld(now: number): void {
    for (const [level, { keepMilliseconds }] of LEVELS.entries()) {
      this.#dropOlder.run(level, now - keepMilliseconds);
    }
    if (Math.abs(now - this.#namesDroppedAt) >= NAMES_MILLISECONDS) this.#dropNames(now);
    let more = true;
    while (more && this.bytes > this.#mostBytes) {
      // much at once: to find the names that no step has any more is dear
      while (more && this.bytes > this.#mostBytes * ROOM_LEFT) more = this.#dropFinest();
      this.#dropNames(now);
    }
  }

  #dropNames(now: number): void {
    this.#namesDroppedAt = now;
    const used = new Set<number>();
    const steps = this.#database.prepare('SELECT ports, edges FROM step');
    for (const { ports, edges } of steps.iterate() as Iterable<{ ports: Uint8Array; edges: Uint8Array }>) {
      for (const id of packedIds(ports)) used.add(id);
      for (const id of packedIds(edges)) used.add(id);
    }
    this.#names.dropUnused(used);
  }

  /** Makes room: the oldest steps of the finest level that has any. Returns false when only the newest step is left. */
  #dropFinest(): boolean {
    const { level, steps } = this.#database
      .prepare('SELECT level, count(*) AS steps FROM step GROUP BY level ORDER BY level LIMIT 1')
      .get() as { level: number; steps: number };
    if (level === LEVELS.length - 1 && steps === 1) return false;
    this.#database
      .prepare('DELETE FROM step WHERE level = ? AND at IN (SELECT at FROM step WHERE level = ? ORDER BY at LIMIT ?)')
      .run(level, level, DROPPED_AT_ONCE);
    return true;
  }

  #transaction(work: () => void): void {
    this.#database.exec('BEGIN');
    try {
      work();
      this.#database.exec('COMMIT');
    } catch (error) {
      this.#names.clear();
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }
}

function ascending(ids: readonly number[], rows: Float64Array, width: number) {
  const order = ids.map((_, i) => i).sort((a, b) => (ids[a] as number) - (ids[b] as number));
  const sorted = new Float64Array(rows.length);
  for (const [place, i] of order.entries()) sorted.set(rows.subarray(i * width, (i + 1) * width), place * width);
  return { ids: order.map((i) => ids[i] as number), rows: sorted };
}

function pointOf(at: number, sums: Float64Array): HistoryPoint {
  const figures = POINT.map((name, i) => [name, Math.round((sums[i] as number) * 1000) / 1000]);
  return { at, ...Object.fromEntries(figures) } as HistoryPoint;
}

/** One point for each span of time; `open` is the mean of its points. */
function merged(points: readonly HistoryPoint[], milliseconds: number): HistoryPoint[] {
  const spans = Map.groupBy(points, ({ at }) => Math.floor(at / milliseconds));
  return [...spans.values()].map((span) => {
    const sums = new Float64Array(POINT.length);
    for (const point of span)
      POINT.forEach((name, i) => {
        sums[i] = (sums[i] as number) + point[name] / (name === 'open' ? span.length : 1);
      });
    return pointOf(span.at(-1)?.at as number, sums);
  });
}
