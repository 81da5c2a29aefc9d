import { openDatabase } from './open-database.ts';
import type { DatabaseSync, StatementSync } from 'node:sqlite';

/** What of a record the disk needs: its id and its bytes. */
export interface DiskRecord {
  /** Hex SHA-256. */
  readonly hash: string;
  readonly bytes: Uint8Array;
}

/** How long what is in no hurry waits for company. */
const lazyMs = 100;

interface Group {
  readonly records: Map<string, Uint8Array | undefined>;
  readonly meta: Map<string, string | undefined>;
  readonly done: PromiseWithResolvers<void>;
}

/**
 * The daemon's memory across restarts: records as the bytes that were signed, and small facts by key. One SQLite file
 * in WAL mode, synchronous=FULL. Writes of one turn of the event loop are one transaction and one fsync (group
 * commit): a promise resolves when what it stands for would survive a power cut. Writes are applied in the order in
 * which they were asked for.
 */
export class Disk {
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #delete: StatementSync;
  readonly #putMeta: StatementSync;
  readonly #deleteMeta: StatementSync;
  readonly #meta: Map<string, string>;
  #group: Group | undefined;
  #soon: NodeJS.Immediate | undefined;
  #lazy: NodeJS.Timeout | undefined;
  #isClosed = false;
  /** The file found at the start was damaged: where it is now, and what was wrong with it. */
  readonly damaged: { readonly movedTo: string; readonly reason: string } | undefined;

  /**
   * Opens or creates the file (mode 0600) and locks it against other daemons until `close` or the end of the process.
   * @throws when another daemon has it, a newer release wrote it, or the file system refuses; the message says which.
   */
  static open(path: string): Disk {
    const stamp = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '');
    return new Disk(openDatabase(path, stamp));
  }

  private constructor(opened: ReturnType<typeof openDatabase>) {
    const { database } = opened;
    this.#database = database;
    this.damaged = opened.damaged;
    this.#insert = database.prepare('INSERT OR REPLACE INTO records (hash, bytes) VALUES (?, ?)');
    this.#delete = database.prepare('DELETE FROM records WHERE hash = ?');
    this.#putMeta = database.prepare('INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)');
    this.#deleteMeta = database.prepare('DELETE FROM meta WHERE key = ?');
    this.#meta = new Map(
      database
        .prepare('SELECT key, value FROM meta')
        .all()
        .map((row) => [String(row['key']), String(row['value'])]),
    );
  }

  /** Every record's bytes. Whoever loads them checks them like any others: a disk may have lied. */
  *load(): Generator<Uint8Array, void, undefined> {
    this.#flush();
    for (const row of this.#database.prepare('SELECT bytes FROM records').iterate()) {
      if (row['bytes'] instanceof Uint8Array) yield row['bytes'];
    }
  }

  /**
   * Stores records and forgets those with the given hashes; resolves after the fsync.
   * Rejects when the disk refuses (full, read-only): then nothing of its group was written.
   */
  commit(records: readonly DiskRecord[], deletes: readonly string[] = []): Promise<void> {
    const group = this.#open();
    for (const { hash, bytes } of records) group.records.set(hash, bytes);
    for (const hash of deletes) group.records.set(hash, undefined);
    return group.done.promise;
  }

  /**
   * As `commit`, but in no hurry: it goes with the next commit, or after `lazyMs`. For what other peers have on disk
   * as well, so that a burst of their records is one fsync and not a hundred.
   */
  commitLazily(records: readonly DiskRecord[], deletes: readonly string[] = []): Promise<void> {
    const group = this.#open(true);
    for (const { hash, bytes } of records) group.records.set(hash, bytes);
    for (const hash of deletes) group.records.set(hash, undefined);
    return group.done.promise;
  }

  /** A fact, or undefined when there is none; what was put is seen at once. */
  meta(key: string): string | undefined {
    return this.#meta.get(key);
  }

  /** All facts whose key starts with `prefix`, by key. */
  metaUnder(prefix: string): ReadonlyMap<string, string> {
    return new Map([...this.#meta].filter(([key]) => key.startsWith(prefix)));
  }

  /** Stores a fact with the current group; undefined deletes it. */
  putMeta(key: string, value: string | undefined): Promise<void> {
    if (value === undefined) this.#meta.delete(key);
    else this.#meta.set(key, value);
    const group = this.#open();
    group.meta.set(key, value);
    return group.done.promise;
  }

  /**
   * The number of this start, greater than at every start before, on disk when this returns. A new file starts from
   * the clock in seconds, because the file before it may have been lost: a peer whose boots went back would not be
   * believed any more.
   */
  incrementBoot(): number {
    const last = Number(this.#meta.get('boot'));
    const boot = Number.isSafeInteger(last) && last > 0 ? last + 1 : Math.floor(Date.now() / 1000);
    this.#putMeta.run('boot', String(boot));
    this.#meta.set('boot', String(boot));
    return boot;
  }

  /** Writes what is waiting and gives the lock back. Everything after it is refused. */
  close(): void {
    if (this.#isClosed) return;
    this.#flush();
    this.#isClosed = true;
    this.#database.close();
  }

  #open(isLazy = false): Group {
    if (this.#isClosed) throw new Error('the disk is closed');
    this.#group ??= { records: new Map(), meta: new Map(), done: Promise.withResolvers() };
    if (isLazy) this.#lazy ??= setTimeout(() => this.#flush(), lazyMs);
    else this.#soon ??= setImmediate(() => this.#flush());
    return this.#group;
  }

  #flush(): void {
    clearImmediate(this.#soon);
    clearTimeout(this.#lazy);
    this.#soon = undefined;
    this.#lazy = undefined;
    const group = this.#group;
    if (group === undefined || this.#isClosed) return;
    this.#group = undefined;
    try {
      this.#database.exec('BEGIN IMMEDIATE');
      for (const [hash, bytes] of group.records) {
        const id = Buffer.from(hash, 'hex');
        if (bytes === undefined) this.#delete.run(id);
        else this.#insert.run(id, bytes);
      }
      for (const [key, value] of group.meta) {
        if (value === undefined) this.#deleteMeta.run(key);
        else this.#putMeta.run(key, value);
      }
      this.#database.exec('COMMIT');
      group.done.resolve();
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      group.done.reject(error);
    }
  }
}
