import { readFile, stat } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { watch, type FSWatcher } from 'chokidar';
import type { Logger } from './logger.ts';

const fileBytesMax = 1 << 20;

/** An object that a file asked for, so that it can be taken back when the file goes. */
export interface AppliedObject {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** What the watcher does with the documents of one file; throws with file and line for a user. */
export interface ManifestSink {
  /** All documents of a file, or none: everything is checked before anything is written. */
  apply(file: string, text: string): Promise<readonly AppliedObject[]>;
  remove(object: AppliedObject, file: string): Promise<void>;
  /** What each file applied, remembered over restarts. */
  load(): ReadonlyMap<string, readonly AppliedObject[]>;
  save(applied: ReadonlyMap<string, readonly AppliedObject[]>): void;
}

/**
 * Keeps a folder applied: what appears or changes is applied, what this folder applied and no file asks for any more
 * is removed. A broken file changes nothing, and neither does a folder that cannot be read.
 */
export class ManifestWatcher {
  readonly #directory: string;
  readonly #sink: ManifestSink;
  readonly #logger: Logger;
  readonly #applied: Map<string, readonly AppliedObject[]>;
  #watcher: FSWatcher | undefined;
  #work: Promise<void> = Promise.resolve();
  readonly #retries = new Map<string, NodeJS.Timeout>();

  constructor(directory: string, sink: ManifestSink, logger: Logger) {
    this.#directory = directory;
    this.#sink = sink;
    this.#logger = logger;
    this.#applied = new Map(sink.load());
  }

  /** Resolves when every file that was there at the start has been looked at once. */
  async start(): Promise<void> {
    const watcher = watch(this.#directory, {
      depth: 4,
      ignored: (path, stats) => stats?.isFile() === true && !isManifest(path),
      awaitWriteFinish: { stabilityThreshold: 80, pollInterval: 20 },
      atomic: 80,
      followSymlinks: true,
    });
    this.#watcher = watcher;
    const seen = new Set<string>();
    watcher.on('add', (file) => {
      seen.add(file);
      this.#enqueue(() => this.#apply(file));
    });
    watcher.on('change', (file) => this.#enqueue(() => this.#apply(file)));
    watcher.on('unlink', (file) => this.#enqueue(() => this.#remove(file)));
    watcher.on('error', (error) =>
      this.#logger.warn('cannot watch the manifests folder', { folder: this.#directory, error }),
    );
    await new Promise<void>((ready) => watcher.once('ready', ready));
    this.#enqueue(async () => {
      for (const file of this.#applied.keys()) if (!seen.has(file)) await this.#remove(file);
    });
    await this.#work;
  }

  async stop(): Promise<void> {
    for (const timer of this.#retries.values()) clearTimeout(timer);
    await this.#watcher?.close();
    await this.#work;
  }

  #enqueue(step: () => Promise<void>): void {
    this.#work = this.#work.then(step, step);
  }

  async #apply(file: string): Promise<void> {
    clearTimeout(this.#retries.get(file));
    this.#retries.delete(file);
    try {
      const { size } = await stat(file);
      if (size > fileBytesMax)
        throw new Error(`${file} has ${size} bytes; at most ${fileBytesMax} are read`);
      const objects = await this.#sink.apply(file, await readFile(file, 'utf8'));
      const before = this.#applied.get(file) ?? [];
      this.#applied.set(file, objects);
      this.#sink.save(this.#applied);
      for (const object of before) {
        if (!this.#isAsked(object)) await this.#sink.remove(object, file);
      }
      this.#logger.info('manifest applied', { file: basename(file), objects: objects.length });
    } catch (error) {
      this.#logger.warn('manifest refused, nothing of it was applied', { file, error });
      if (isTransient(error)) this.#retryLater(file);
    }
  }

  /** An owner whose namespace is not known yet, or a store that is busy: the file itself may be fine. */
  #retryLater(file: string): void {
    const timer = setTimeout(() => this.#enqueue(() => this.#apply(file)), 2000);
    timer.unref();
    this.#retries.set(file, timer);
  }

  async #remove(file: string): Promise<void> {
    const objects = this.#applied.get(file);
    if (objects === undefined) return;
    this.#applied.delete(file);
    this.#sink.save(this.#applied);
    for (const object of objects) {
      if (this.#isAsked(object)) continue;
      try {
        await this.#sink.remove(object, file);
        this.#logger.info('manifest gone, object removed', {
          file: basename(file),
          kind: object.kind,
          name: object.name,
        });
      } catch (error) {
        this.#logger.warn('cannot remove what a manifest had applied', {
          file,
          name: object.name,
          error,
        });
      }
    }
  }

  #isAsked(object: AppliedObject): boolean {
    for (const objects of this.#applied.values()) {
      if (
        objects.some(
          (other) =>
            other.kind === object.kind &&
            other.namespace === object.namespace &&
            other.name === object.name,
        )
      )
        return true;
    }
    return false;
  }
}

function isManifest(path: string): boolean {
  return ['.yaml', '.yml', '.json'].includes(extname(path)) && !basename(path).startsWith('.');
}

function isTransient(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'number' ? code >= 500 || code === 409 : false;
}
