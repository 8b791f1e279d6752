import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { AuditEntry } from '@kubecity/protocol';
import type { DatabaseForm } from '../history/database-file.ts';

export const AUDIT_FORM: DatabaseForm = {
  noun: 'log of changes',
  application: 0x61756474, // "audt"
  version: 1,
  tables: `
    CREATE TABLE entry (id TEXT PRIMARY KEY, at INTEGER NOT NULL, text TEXT NOT NULL) WITHOUT ROWID;
    CREATE INDEX entry_at ON entry (at, id);
    CREATE TABLE outcome (id TEXT PRIMARY KEY, at INTEGER NOT NULL, text TEXT NOT NULL) WITHOUT ROWID;`,
};

/** A quarter of a year, and so many characters: the oldest go first. */
const KEEP_MILLISECONDS = 90 * 24 * 3_600_000;
const MOST_CHARACTERS = 64 * 1024 * 1024;
const DROPPED_AT_ONCE = 50;

export interface AuditQuery {
  /** Unix ms. */
  readonly since?: number;
  readonly until?: number;
  readonly limit: number;
}

/**
 * Who changed what, in one SQLite database. Nothing is ever rewritten: what came of a change is a line of its own, joined
 * when it is read; only age and size take the oldest away.
 */
export class AuditStore {
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #insertOutcome: StatementSync;
  readonly #most: number;
  #characters: number;

  constructor(database: DatabaseSync, mostCharacters = MOST_CHARACTERS) {
    this.#database = database;
    this.#most = mostCharacters;
    // an entry that is there already was told by a watch before, or by a hub before this one
    this.#insert = database.prepare('INSERT OR IGNORE INTO entry (id, at, text) VALUES (?, ?, ?)');
    this.#insertOutcome = database.prepare('INSERT OR IGNORE INTO outcome (id, at, text) VALUES (?, ?, ?)');
    const { sum } = database.prepare('SELECT coalesce(sum(length(text)), 0) AS sum FROM entry').get() as {
      sum: number;
    };
    this.#characters = sum;
  }

  /** @throws Error of SQLite */
  add(entry: AuditEntry): void {
    const text = JSON.stringify(entry);
    const { changes } = this.#insert.run(entry.id, entry.at, text);
    if (changes === 0) return;
    this.#characters += text.length;
    this.#dropOld(entry.at);
  }

  /** What came of a change: the first word counts. A hub that begins anew finds the same again, later. */
  addOutcome(id: string, at: number, text: string): void {
    this.#insertOutcome.run(id, at, text);
  }

  entry(id: string): AuditEntry | undefined {
    const row = this.#database.prepare('SELECT text FROM entry WHERE id = ?').get(id) as { text: string } | undefined;
    return row && this.#told(row.text);
  }

  /** The newest first. */
  list({ since = 0, until = Number.MAX_SAFE_INTEGER, limit }: AuditQuery): {
    entries: AuditEntry[];
    truncated: boolean;
  } {
    const rows = this.#database
      .prepare('SELECT text FROM entry WHERE at BETWEEN ? AND ? ORDER BY at DESC, id DESC LIMIT ?')
      .all(since, until, limit + 1) as { text: string }[];
    return { entries: rows.slice(0, limit).map(({ text }) => this.#told(text)), truncated: rows.length > limit };
  }

  close(): void {
    this.#database.close();
  }

  #told(text: string): AuditEntry {
    const entry = JSON.parse(text) as AuditEntry;
    const outcome = this.#database.prepare('SELECT text FROM outcome WHERE id = ?').get(entry.id) as
      | { text: string }
      | undefined;
    return outcome ? { ...entry, outcome: outcome.text } : entry;
  }

  #dropOld(now: number): void {
    this.#drop('at < ?', now - KEEP_MILLISECONDS);
    while (this.#characters > this.#most) {
      this.#drop('id IN (SELECT id FROM entry ORDER BY at, id LIMIT ?)', DROPPED_AT_ONCE);
    }
  }

  #drop(which: string, value: number): void {
    const dropped = this.#database.prepare(`DELETE FROM entry WHERE ${which} RETURNING id, text`).all(value) as {
      id: string;
      text: string;
    }[];
    const forget = this.#database.prepare('DELETE FROM outcome WHERE id = ?');
    for (const { id, text } of dropped) {
      this.#characters -= text.length;
      forget.run(id);
    }
  }
}
