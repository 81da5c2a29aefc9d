import { setTimeout as sleep } from 'node:timers/promises';
import { encode } from 'cborg';
import { decodeBounded } from '../lib/bounded-cbor.ts';
import { RelayError } from '../network/relay-error.ts';
import { maxRecordBytes } from '../store/bounds.ts';
import type { HybridClock } from '../store/hybrid-clock.ts';
import type { RecordStore, Conflict, Offer } from '../store/record-store.ts';
import type { VerifiedRecord } from '../store/record.ts';
import type { Verification } from '../store/verify-record.ts';
import type { Network } from '../network/network.ts';
import type { PeerId } from '../objects/ids.ts';
import type { Logger } from './logger.ts';

/** How long a write waits for another peer's word that it has the record on disk. */
const witnessMs = 1_000;
const witnessesAsked = 3;
const witnessPatienceMs = 200;
const witnessRecordsMax = 32;
const witnessBounds = {
  maxBytes: witnessRecordsMax * (maxRecordBytes + 16),
  maxDepth: 1,
  maxItems: witnessRecordsMax + 1,
};
/** Refusals are logged at most so often, whoever causes them. */
const refusalLogMs = 1_000;

/** The part of the disk that records need. */
export interface RecordDisk {
  commit(records: readonly VerifiedRecord[], deletes?: readonly string[]): Promise<void>;
  commitLazily(records: readonly VerifiedRecord[], deletes?: readonly string[]): Promise<void>;
}

interface Components {
  readonly records: RecordStore;
  readonly disk: RecordDisk;
  readonly clock: HybridClock;
  readonly verify: (bytes: Uint8Array) => Verification;
  readonly network: Network;
  readonly wallMs: () => number;
  /** Sends records to neighbours on first sight; `from` has them already. */
  readonly push: (records: readonly VerifiedRecord[], from?: PeerId) => void;
  readonly onConflict: (conflict: Conflict) => void;
  readonly onHeld: (record: VerifiedRecord) => void;
  readonly logger: Logger;
}

/**
 * Records in memory, on disk and on other peers, in the right order: one's own are on disk before anybody hears of
 * them; others' are merged at once and on disk soon.
 */
export class ReplicatedStore {
  readonly records: RecordStore;
  readonly #components: Components;
  /** Resolves when everything that was merged so far is on disk. */
  #written: Promise<void> = Promise.resolve();
  #refusals = 0;
  #refusalLoggedMs = -Infinity;

  constructor(components: Components) {
    this.#components = components;
    this.records = components.records;
    components.network.handle('store', async (from, body) => this.#witness(from.peer, body));
  }

  /** Takes in what the disk had. Nothing is written, told or pushed. */
  load(records: Iterable<Uint8Array>): void {
    const { verify, wallMs, clock, logger } = this.#components;
    const deletes: VerifiedRecord[] = [];
    for (const bytes of records) {
      const verified = verify(bytes);
      if (verified.record === undefined) {
        logger.warn('a record on disk was refused', {
          reason: verified.reason,
          message: verified.message,
        });
        continue;
      }
      const { outcome, dropped } = this.records.offer(verified.record, wallMs());
      deletes.push(...dropped);
      if (outcome === 'older' || outcome === 'refused') deletes.push(verified.record);
      if (verified.record.body.class === 'owner')
        clock.observe(verified.record.body.order, wallMs());
    }
    if (deletes.length > 0) this.#write([], deletes);
  }

  /** Writes one's own records: disk first, then here, then everywhere. */
  async commit(records: readonly VerifiedRecord[]): Promise<void> {
    if (records.length === 0) return;
    await this.#components.disk.commit(records, []);
    this.#publish(records);
  }

  /** Writes what no decision of others rests on (an Instance's state, a machine's load): told at once, on disk soon. */
  say(records: readonly VerifiedRecord[]): void {
    this.#write(records, []);
    this.#publish(records);
  }

  #publish(records: readonly VerifiedRecord[]): void {
    const dropped: VerifiedRecord[] = [];
    for (const record of records) dropped.push(...this.#merge(record).dropped);
    if (dropped.length > 0) this.#write([], dropped);
    this.#components.push(records);
  }

  /** A record from another peer, as its bytes. What is new is passed on. */
  receive(bytes: Uint8Array, from: PeerId): 'new' | 'known' | 'rejected' {
    const verified = this.#components.verify(bytes);
    if (verified.record === undefined) {
      this.#refused(from, verified.message);
      return 'rejected';
    }
    const { record } = verified;
    const { outcome, dropped, reason } = this.#merge(record);
    if (outcome === 'held') {
      this.#components.onHeld(record);
      return 'rejected';
    }
    if (outcome === 'refused') {
      if (reason === 'full') this.#refused(from, 'the store is full');
      return 'known';
    }
    if (outcome !== 'new') return 'known';
    this.#write([record], dropped);
    this.#components.push([record], from);
    return 'new';
  }

  /** Merges what waited for its time, and forgets what is past its own. */
  sweep(): void {
    const { wallMs } = this.#components;
    for (const { record, offer } of this.records.retryHeld(wallMs())) {
      if (offer.outcome !== 'new') continue;
      this.#write([record], offer.dropped);
      this.#components.push([record]);
    }
    const expired = this.records.expire(wallMs());
    if (expired.length > 0) this.#write([], expired);
  }

  /**
   * Waits until one more peer has the records on disk.
   * @returns warnings for the writer: none when it has, or when this peer is alone
   */
  async witnessed(records: readonly VerifiedRecord[]): Promise<readonly string[]> {
    const { network } = this.#components;
    const links = network.links().slice(0, witnessesAsked);
    if (links.length === 0) {
      return ['stored on this peer only: no other peer is reachable; it spreads when one is'];
    }
    if (records.length === 0) return [];
    const body = encode(records.map(({ bytes }) => bytes));
    // One is enough as a rule; the others are asked in case it is slow.
    const abort = new AbortController();
    const asked = links.map(async ({ peer }, index) => {
      await sleep(index * witnessPatienceMs, undefined, { signal: abort.signal });
      await network.request(peer, 'store', body, {
        timeoutMs: witnessMs - index * witnessPatienceMs,
        signal: abort.signal,
      });
    });
    try {
      await Promise.any(asked);
      abort.abort();
      return [];
    } catch {
      return [
        `stored on this peer only: no other peer confirmed within ${witnessMs / 1000} s; it goes on spreading`,
      ];
    }
  }

  /** Resolves when everything merged so far is on disk. */
  flushed(): Promise<void> {
    return this.#written;
  }

  async #witness(from: PeerId, body: Uint8Array): Promise<Uint8Array> {
    const list = decodeBounded(body, witnessBounds);
    if (!Array.isArray(list)) throw new RelayError('refused', 'not a list of records');
    for (const bytes of list as readonly unknown[]) {
      if (!(bytes instanceof Uint8Array) || this.receive(bytes, from) === 'rejected') {
        throw new RelayError('refused', 'a record was refused');
      }
    }
    await this.#components.disk.commit([]);
    return new Uint8Array([1]);
  }

  #merge(record: VerifiedRecord): Offer {
    const { wallMs, clock, onConflict } = this.#components;
    const offer = this.records.offer(record, wallMs());
    if (offer.outcome !== 'held' && record.body.class === 'owner') {
      clock.observe(record.body.order, wallMs());
    }
    if (offer.conflict !== undefined) onConflict(offer.conflict);
    return offer;
  }

  #write(records: readonly VerifiedRecord[], deletes: readonly VerifiedRecord[]): void {
    const { disk, logger } = this.#components;
    const group = disk.commitLazily(
      records,
      deletes.map(({ hash }) => hash),
    );
    this.#written = Promise.all([this.#written, group]).then(() => undefined);
    this.#written.catch((error: unknown) => {
      logger.error('cannot write records to disk; they are kept in memory and on other peers', {
        error,
      });
      this.#written = Promise.resolve();
    });
  }

  #refused(from: PeerId, message: string): void {
    this.#refusals += 1;
    const { wallMs, logger } = this.#components;
    if (wallMs() - this.#refusalLoggedMs < refusalLogMs) return;
    this.#refusalLoggedMs = wallMs();
    logger.warn('record refused', { from, message, count: this.#refusals });
    this.#refusals = 0;
  }
}
