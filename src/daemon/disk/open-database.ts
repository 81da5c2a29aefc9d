import { chmodSync, closeSync, existsSync, openSync, renameSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

/** The tables' version, in SQLite's user_version. */
const formatVersion = 1;

export interface OpenedDatabase {
  readonly database: DatabaseSync;
  /** The file that was there was damaged and is set aside. */
  readonly damaged?: { readonly movedTo: string; readonly reason: string };
}

/**
 * Opens the one database of a daemon's home and keeps it locked as long as the process lives. A damaged file is moved
 * aside and an empty one takes its place: the records come back from other peers. Everything else that prevents
 * opening (another daemon, permissions, a full disk) is an error, for the file may be whole.
 */
export function openDatabase(path: string, stamp: string): OpenedDatabase {
  try {
    return { database: open(path) };
  } catch (error) {
    if (!(error instanceof DamageError)) throw error;
    const movedTo = `${path}.damaged-${stamp}`;
    for (const suffix of ['', '-wal', '-shm']) {
      if (existsSync(path + suffix)) renameSync(path + suffix, movedTo + suffix);
    }
    return { database: open(path), damaged: { movedTo, reason: error.message } };
  }
}

class DamageError extends Error {}

function open(path: string): DatabaseSync {
  // Created here, because SQLite would leave it readable to all.
  closeSync(openSync(path, 'a', 0o600));
  chmodSync(path, 0o600);
  const database = new DatabaseSync(path);
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE');
    database.exec('PRAGMA journal_mode = WAL');
    database.exec('PRAGMA synchronous = FULL');
    // In exclusive mode the first write takes the lock, and only the end of the process gives it back.
    database.exec('BEGIN IMMEDIATE; COMMIT');
    const problems = database.prepare('PRAGMA quick_check(1)').all();
    const found = problems[0]?.['quick_check'];
    if (found !== 'ok') throw new DamageError(String(found));
    const version = Number(database.prepare('PRAGMA user_version').get()?.['user_version']);
    if (version > formatVersion) {
      throw new Error(
        `cannot open ${path}: a newer release wrote it (format ${version}, this one reads ${formatVersion}); ` +
          'start that release, or another home',
      );
    }
    database.exec(`
      CREATE TABLE IF NOT EXISTS records (hash BLOB PRIMARY KEY, bytes BLOB NOT NULL);
      CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
      PRAGMA user_version = ${formatVersion};
    `);
    return database;
  } catch (error) {
    database.close();
    throw explain(path, error);
  }
}

/** SQLITE_BUSY, SQLITE_CORRUPT and SQLITE_NOTADB: https://sqlite.org/rescode.html */
const codes = { busy: 5, corrupt: 11, notADatabase: 26 };

function explain(path: string, error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof DamageError) return error;
  const code = 'errcode' in error && typeof error.errcode === 'number' ? error.errcode & 0xff : 0;
  if (code === codes.busy) {
    return new Error(
      `cannot open ${path}: another daemon uses this home; stop it (\`p2pctl down\`) or choose another --home`,
      { cause: error },
    );
  }
  if (code === codes.corrupt || code === codes.notADatabase) return new DamageError(error.message);
  return error;
}
