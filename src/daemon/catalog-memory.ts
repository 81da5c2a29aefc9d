import { LiveCatalog, type Generation } from '../store/live-catalog.ts';
import type { Uid } from '../objects/ids.ts';
import type { Disk } from './disk/disk.ts';

const versionKey = 'resource-version';
const generationPrefix = 'generation/';
/** How far a restart jumps ahead of what was last noted: more than can be used between two notes. */
const versionMargin = 10_000_000;
const noteEvery = 1_000_000;

/** Keeps what is local to this peer over restarts: the resourceVersion never goes back, generations go on counting. */
export class CatalogMemory {
  readonly #disk: Disk;
  readonly #noted = new Map<Uid, string>();

  constructor(disk: Disk) {
    this.#disk = disk;
  }

  /** Seeded from the clock too, so that a wiped disk does not go back either. */
  open(wallMs: number): LiveCatalog {
    const noted = Number(this.#disk.meta(versionKey) ?? 0);
    const first = Math.max(wallMs * 1000, noted + versionMargin);
    const generations = new Map<Uid, Generation>();
    for (const [key, text] of this.#disk.metaUnder(generationPrefix)) {
      const uid = key.slice(generationPrefix.length) as Uid;
      generations.set(uid, JSON.parse(text) as Generation);
      this.#noted.set(uid, text);
    }
    void this.#disk.putMeta(versionKey, String(first));
    const catalog = new LiveCatalog(first, generations);
    let next = first + noteEvery;
    catalog.subscribe(({ resourceVersion, type, object }) => {
      if (resourceVersion >= next) {
        next = resourceVersion + noteEvery;
        this.#put(versionKey, String(resourceVersion));
      }
      this.#note(catalog, object.metadata.uid, type === 'DELETED');
    });
    return catalog;
  }

  save(catalog: LiveCatalog): void {
    this.#put(versionKey, String(catalog.resourceVersion()));
  }

  /** Generation 1 needs no note: it is what an unknown uid has. */
  #note(catalog: LiveCatalog, uid: Uid, isGone: boolean): void {
    const generation = catalog.generations().get(uid);
    const text =
      isGone || generation === undefined || generation.generation === 1
        ? undefined
        : JSON.stringify(generation);
    if (text === this.#noted.get(uid)) return;
    if (text === undefined) this.#noted.delete(uid);
    else this.#noted.set(uid, text);
    this.#put(generationPrefix + uid, text);
  }

  #put(key: string, value: string | undefined): void {
    // A full disk is reported where records are written; these facts only make numbers nicer.
    this.#disk.putMeta(key, value).catch(() => undefined);
  }
}
