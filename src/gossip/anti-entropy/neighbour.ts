import { sameBytes } from '../../lib/bytes.ts';
import { Allowance } from './allowance.ts';
import type { AntiEntropyConfig } from './config.ts';
import type { RecordId } from './record-set.ts';

/** Ids asked for at once, and remembered to be asked for next. */
const askedMax = 2048;
const wantedMax = 65_536;

/** Two root hashes. */
export interface Difference {
  readonly theirs: Uint8Array;
  readonly mine: Uint8Array;
}

/** An exchange that this peer began: it has sent all it has in the buckets that differ, and counts the answers. */
export interface Exchange {
  awaited: number;
  /** Every differing bucket was named in full, so that nothing wanted means nothing missing. */
  isWhole: boolean;
  isMissing: boolean;
  readonly isPeerSyncing: boolean;
  readonly difference: Difference;
}

/** What is under way with one peer. */
export class Neighbour {
  /** Records sent to it. */
  readonly sends: Allowance;
  /** Its records that are checked. */
  readonly offers: Allowance;
  /** Its other messages. */
  readonly messages: Allowance;
  exchange: Exchange | undefined;
  /** The difference with which an exchange last ended although nothing was left to fetch. */
  fruitless: Difference | undefined;
  /** Something new came from it since the last digest with it. */
  hasNews = false;
  #wanted: RecordId[] = [];
  readonly #asked = new Set<RecordId>();
  #askedAtMs = 0;
  /** Of what was asked something came. */
  #isAnswering = false;

  constructor(config: AntiEntropyConfig, nowMs: number) {
    this.sends = new Allowance(config.sendBytesPerSecond, config.sendBytesBurst, nowMs);
    this.offers = new Allowance(config.offersPerSecond, config.offersBurst, nowMs);
    this.messages = new Allowance(config.messagesPerSecond, config.messagesBurst, nowMs);
  }

  /** Whether this difference is worth pursuing, as far as it is known. */
  isFruitful(difference: Difference): boolean {
    const { fruitless } = this;
    return (
      fruitless === undefined ||
      !sameBytes(fruitless.theirs, difference.theirs) ||
      !sameBytes(fruitless.mine, difference.mine)
    );
  }

  want(ids: readonly RecordId[]): void {
    for (const id of ids) if (this.#wanted.length < wantedMax) this.#wanted.push(id);
  }

  /** The ids to ask for now: none while an answer is awaited. */
  ask(isStillWanted: (id: RecordId) => boolean, nowMs: number): readonly RecordId[] {
    if (this.#asked.size > 0) return [];
    let taken = 0;
    while (taken < this.#wanted.length && this.#asked.size < askedMax) {
      const id = this.#wanted[taken++] as RecordId;
      if (isStillWanted(id)) this.#asked.add(id);
    }
    this.#wanted = this.#wanted.slice(taken);
    this.#askedAtMs = nowMs;
    this.#isAnswering = false;
    return [...this.#asked];
  }

  received(id: RecordId): void {
    if (this.#asked.delete(id)) this.#isAnswering = true;
  }

  /** The answer is over. What it left out is asked for again, unless it brought nothing. */
  answered(): void {
    if (this.#isAnswering) this.#wanted = [...this.#asked, ...this.#wanted];
    this.#asked.clear();
  }

  /** Gives up what was asked long ago; the next digest finds it again. */
  expire(beforeMs: number): void {
    if (this.#asked.size === 0 || this.#askedAtMs >= beforeMs) return;
    this.forget();
  }

  forget(): void {
    this.#asked.clear();
    this.#wanted = [];
    this.exchange = undefined;
  }

  /** Nothing is asked or waits to be. */
  get isIdle(): boolean {
    return this.#asked.size === 0 && this.#wanted.length === 0;
  }
}
