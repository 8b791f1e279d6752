import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { EdgeName } from '@kubecity/protocol';

/** Texts by number in table `name`: edges as JSON, service ports as they are. */
export class KeptNames {
  readonly #database: DatabaseSync;
  /** Edges by the hub's number → the number here. */
  readonly #bySerial = new Map<number, number>();
  readonly #byText = new Map<string, number>();
  readonly #find: StatementSync;
  readonly #insert: StatementSync;
  readonly #text: StatementSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#find = database.prepare('SELECT id FROM name WHERE text = ?');
    this.#insert = database.prepare('INSERT INTO name (text) VALUES (?) RETURNING id');
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

  ofEdge(serial: number): number {
    const id = this.#bySerial.get(serial);
    if (id === undefined) throw new Error(`edge ${serial} of the step has no name`);
    return id;
  }

  ofPort(text: string): number {
    const id = this.#byText.get(text) ?? this.#intern(text);
    this.#byText.set(text, id);
    return id;
  }

  find(text: string): number | undefined {
    return (this.#find.get(text) as { id: number } | undefined)?.id;
  }

  textOf(id: number): string {
    const text = this.maybeTextOf(id);
    if (text === undefined) throw new Error(`name ${id} is gone`);
    return text;
  }

  maybeTextOf(id: number): string | undefined {
    return (this.#text.get(id) as { text: string } | undefined)?.text;
  }

  /** Drops the names that neither a kept step nor a coming one has. */
  dropUnused(used: Set<number>): void {
    // an edge that was quiet for weeks may yet be in the next step
    for (const id of this.#bySerial.values()) used.add(id);
    const ids = this.#database.prepare('SELECT id FROM name').all() as { id: number }[];
    const drop = this.#database.prepare('DELETE FROM name WHERE id = ?');
    for (const { id } of ids) if (!used.has(id)) drop.run(id);
    for (const [text, id] of this.#byText) if (!used.has(id)) this.#byText.delete(text);
  }

  #intern(text: string): number {
    return this.find(text) ?? (this.#insert.get(text) as { id: number }).id;
  }
}
