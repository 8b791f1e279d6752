import { closeSync, existsSync, openSync, readSync, renameSync, rmSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

/** What a file of ours is for. */
export interface DatabaseForm {
  /** For messages: `history`. */
  readonly noun: string;
  /** `PRAGMA application_id` of such files. */
  readonly application: number;
  /** Of their tables. */
  readonly version: number;
  /** SQL that makes these. */
  readonly tables: string;
}

/** Where SQLite keeps the application id: https://sqlite.org/fileformat2.html#the_database_header */
const APPLICATION_OFFSET = 68;
const HEADER_BYTES = 100;
const MAGIC = 'SQLite format 3\0';
const IN_MEMORY = ':memory:';

export interface OpenedFile {
  readonly database: DatabaseSync;
  /** What had to be done to get there, if it was not just opening. */
  readonly trouble?: string;
}

/**
 * Opens a database of ours. A file that was ours and is broken, or of another version, is renamed aside and a new one
 * begun; a file that is not ours is left alone, and one that cannot be opened too: all is then kept in memory, and
 * `trouble` says why.
 * @param file absent: in memory
 */
export function openDatabase(form: DatabaseForm, file: string | undefined, now: number): OpenedFile {
  const { noun } = form;
  const inMemory = (why: string) => ({
    database: created(form, IN_MEMORY),
    trouble: `${why}. The ${noun} is kept in memory only`,
  });
  if (file === undefined) return { database: created(form, IN_MEMORY) };
  try {
    const kind = kindOf(form, file);
    if (kind === 'foreign') return inMemory(`${file} is not a ${noun} of ours; it is left as it is`);
    if (kind === 'absent') return { database: created(form, file) };
    const fault = faultOf(form, file);
    if (fault === undefined) return { database: configured(new DatabaseSync(file)) };
    const aside = setAside(file, now);
    return { database: created(form, file), trouble: `${fault}: it is now ${aside}, and a new ${noun} begins` };
  } catch (error) {
    return inMemory(`${file}: ${messageOf(error)}`);
  }
}

/** Renames a file that proved broken, so that the next open begins a new one. Returns its new name. */
export function setAside(file: string, now: number): string {
  const aside = `${file}.broken-${new Date(now).toISOString().replaceAll(':', '-')}`;
  renameSync(file, aside);
  for (const suffix of ['-wal', '-shm']) rmSync(`${file}${suffix}`, { force: true });
  return aside;
}

export const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** Told by the first bytes alone: SQLite would change a foreign file by opening it. */
function kindOf({ application }: DatabaseForm, file: string): 'absent' | 'ours' | 'foreign' {
  if (!existsSync(file) || statSync(file).size === 0) return 'absent';
  const header = Buffer.alloc(HEADER_BYTES);
  const descriptor = openSync(file, 'r');
  try {
    readSync(descriptor, header, 0, HEADER_BYTES, 0);
  } finally {
    closeSync(descriptor);
  }
  const sqlite = header.toString('latin1', 0, MAGIC.length) === MAGIC;
  return sqlite && header.readUInt32BE(APPLICATION_OFFSET) === application ? 'ours' : 'foreign';
}

/** Undefined when the file is sound and of this version. Throws when it is in use or may not be read. */
function faultOf(form: DatabaseForm, file: string): string | undefined {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(file);
    database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE; COMMIT');
    const { user_version: version } = database.prepare('PRAGMA user_version').get() as { user_version: number };
    if (version !== form.version) return `${file} has tables of version ${version} instead of ${form.version}`;
    const { quick_check: verdict } = database.prepare('PRAGMA quick_check(1)').get() as { quick_check: string };
    return verdict === 'ok' ? undefined : `${file} is damaged (${verdict})`;
  } catch (error) {
    if (!isDamage(error)) throw error;
    return `${file} is damaged (${messageOf(error)})`;
  } finally {
    database?.close();
  }
}

/** SQLITE_CORRUPT and SQLITE_NOTADB: https://sqlite.org/rescode.html */
export function isDamage(error: unknown): boolean {
  const code = (error as { errcode?: number } | undefined)?.errcode ?? 0;
  return [11, 26].includes(code & 0xff);
}

function created({ tables, version, application }: DatabaseForm, file: string): DatabaseSync {
  // made by us first: nobody else may read what SQLite then writes into it
  if (file !== IN_MEMORY) closeSync(openSync(file, 'a', 0o600));
  const database = new DatabaseSync(file);
  // before there is a write-ahead log: from now on the file itself says whose it is
  database.exec(`BEGIN; ${tables} PRAGMA user_version = ${version}; PRAGMA application_id = ${application}; COMMIT`);
  return configured(database);
}

/** One writer, who alone has the file; a crash of this process loses nothing, one of the machine the last seconds. */
function configured(database: DatabaseSync): DatabaseSync {
  database.exec(`
    PRAGMA locking_mode = EXCLUSIVE;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    PRAGMA journal_size_limit = 4194304;
    PRAGMA cache_size = -4096;
  `);
  return database;
}
