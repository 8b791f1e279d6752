import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { EdgeName } from '@kubecity/protocol';

/** A name in use is marked as kept so much longer at once, so that not every step writes every name. */
const AHEAD_MILLISECONDS = 3_600_000;
const DROP_EVERY_MILLISECONDS = 600_000;

interface Kept {
  readonly id: number;
  until: number;
}

/** Texts by number in table `name`: each is kept until the last step that has it is gone. */
export class KeptNames {
  readonly #database: DatabaseSync;
  /** Numbers of edges on the hub's side → the name here. */
  readonly #bySerial = new Map<number, Kept>();
  readonly #byText = new Map<string, Kept>();
  readonly #find: StatementSync;
  readonly #insert: StatementSync;
  readonly #keep: StatementSync;
  readonly #text: StatementSync;
  #droppedAt = 0;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#find = database.prepare('SELECT id, until FROM name WHERE text = ?');
    this.#insert = database.prepare('INSERT INTO name (text, until) VALUES (?, 0) RETURNING id, until');
    this.#keep = database.prepare('UPDATE name SET until = ? WHERE id = ?');
    this.#text = database.prepare('SELECT text FROM name WHERE id = ?');
  }

  define(names: readonly (readonly [number, EdgeName])[]): void {
    for (const [serial, name] of names) this.#bySerial.set(serial, this.#intern(JSON.stringify(name)));
  }

  /** After a transaction that was undone nothing here is sure. */
  clear(): void {
    this.#bySerial.clear();
    this.#byText.clear();
  }

  forget(serials: readonly number[]): void {
    for (const serial of serials) this.#bySerial.delete(serial);
  }

  /** The name's number, which is good as long as a step of that time is kept. */
  use(serial: number, at: number): number {
    const kept = this.#bySerial.get(serial);
    if (!kept) throw new Error(`edge ${serial} of the step has no name`);
    return this.#used(kept, at);
  }

  useText(text: string, at: number): number {
    const kept = this.#byText.get(text) ?? this.#intern(text);
    this.#byText.set(text, kept);
    return this.#used(kept, at);
  }

  find(text: string): number | undefined {
    return (this.#find.get(text) as { id: number } | undefined)?.id;
  }

  textOf(id: number): string {
    const row = this.#text.get(id) as { text: string } | undefined;
    if (!row) throw new Error(`name ${id} is gone`);
    return row.text;
  }

  isDue(now: number): boolean {
    if (Math.abs(now - this.#droppedAt) < DROP_EVERY_MILLISECONDS) return false;
    this.#droppedAt = now;
    return true;
  }

  /** Names that no step has any more. */
  drop(): void {
    const { oldest } = this.#database.prepare('SELECT min(at) AS oldest FROM step').get() as { oldest: number };
    // an edge that was quiet for so long may yet be in the next step
    for (const kept of this.#bySerial.values()) if (kept.until < oldest) this.#used(kept, oldest);
    this.#database.prepare('DELETE FROM name WHERE until < ?').run(oldest);
    for (const [text, { until }] of this.#byText) if (until < oldest) this.#byText.delete(text);
  }

  #intern(text: string): Kept {
    return (this.#find.get(text) ?? this.#insert.get(text)) as unknown as Kept;
  }

  #used(kept: Kept, at: number): number {
    if (kept.until < at) {
      kept.until = at + AHEAD_MILLISECONDS;
      this.#keep.run(kept.until, kept.id);
    }
    return kept.id;
  }
}
