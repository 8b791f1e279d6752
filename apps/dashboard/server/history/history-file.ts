import { closeSync, existsSync, openSync, readSync, renameSync, rmSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

/** `PRAGMA application_id` of our files ("city"), and the version of their tables. */
const APPLICATION = 0x63697479;
const SCHEMA_VERSION = 1;
/** Where SQLite keeps the application id: https://sqlite.org/fileformat2.html#the_database_header */
const APPLICATION_OFFSET = 68;
const HEADER_BYTES = 100;
const MAGIC = 'SQLite format 3\0';
const IN_MEMORY = ':memory:';

const TABLES = `
  CREATE TABLE name (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
  CREATE TABLE step (
    level INTEGER NOT NULL, at INTEGER NOT NULL, folded INTEGER NOT NULL,
    city BLOB NOT NULL, ports BLOB NOT NULL, edges BLOB NOT NULL,
    PRIMARY KEY (level, at)
  );
  PRAGMA user_version = ${SCHEMA_VERSION};
  PRAGMA application_id = ${APPLICATION};
`;

export interface OpenedFile {
  readonly database: DatabaseSync;
  /** What had to be done to get there, if it was not just opening. */
  readonly trouble?: string;
}

/**
 * Opens the history's database. A file that was ours and is broken, or of another version, is renamed aside and a new one
 * begun; a file that is not ours is left alone, and one that cannot be opened too: the history is then kept in memory, and
 * `trouble` says why.
 * @param file absent: in memory
 */
export function openHistoryFile(file: string | undefined, now: number): OpenedFile {
  if (file === undefined) return { database: created(IN_MEMORY) };
  try {
    const kind = kindOf(file);
    if (kind === 'foreign') return inMemory(`${file} is not a history of ours; it is left as it is`);
    if (kind === 'absent') return { database: created(file) };
    const fault = faultOf(file);
    if (fault === undefined) return { database: configured(new DatabaseSync(file)) };
    const aside = setAside(file, now);
    return { database: created(file), trouble: `${fault}: it is now ${aside}, and a new history begins` };
  } catch (error) {
    return inMemory(`${file}: ${messageOf(error)}`);
  }
}

/** Renames a history that proved broken, so that the next open begins a new one. Returns its new name. */
export function setAside(file: string, now: number): string {
  const aside = `${file}.broken-${new Date(now).toISOString().replaceAll(':', '-')}`;
  renameSync(file, aside);
  for (const suffix of ['-wal', '-shm']) rmSync(`${file}${suffix}`, { force: true });
  return aside;
}

export const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

function inMemory(why: string): OpenedFile {
  return { database: created(IN_MEMORY), trouble: `${why}. The history is kept in memory only` };
}

/** Told by the first bytes alone: SQLite would change a foreign file by opening it. */
function kindOf(file: string): 'absent' | 'ours' | 'foreign' {
  if (!existsSync(file) || statSync(file).size === 0) return 'absent';
  const header = Buffer.alloc(HEADER_BYTES);
  const descriptor = openSync(file, 'r');
  try {
    readSync(descriptor, header, 0, HEADER_BYTES, 0);
  } finally {
    closeSync(descriptor);
  }
  const sqlite = header.toString('latin1', 0, MAGIC.length) === MAGIC;
  return sqlite && header.readUInt32BE(APPLICATION_OFFSET) === APPLICATION ? 'ours' : 'foreign';
}

/** Undefined when the file is sound and of this version. Throws when it is in use or may not be read. */
function faultOf(file: string): string | undefined {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(file);
    database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE; COMMIT');
    const { user_version: version } = database.prepare('PRAGMA user_version').get() as { user_version: number };
    if (version !== SCHEMA_VERSION) return `${file} has tables of version ${version} instead of ${SCHEMA_VERSION}`;
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

function created(file: string): DatabaseSync {
  // made by us first: nobody else may read what SQLite then writes into it
  if (file !== IN_MEMORY) closeSync(openSync(file, 'a', 0o600));
  const database = new DatabaseSync(file);
  // before there is a write-ahead log: from now on the file itself says whose it is
  database.exec(`BEGIN; ${TABLES} COMMIT`);
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
