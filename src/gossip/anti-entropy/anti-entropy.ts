import { sameBytes } from '../../lib/bytes.ts';
import { drawSome } from '../../lib/draw.ts';
import { BoundedMap } from './bounded-map.ts';
import {
  batchesOf,
  type BucketIds,
  decodeMessage,
  differingBuckets,
  encodeMessage,
  idsMax,
  type Message,
  packHashes,
} from './message.ts';
import { type Difference, Neighbour } from './neighbour.ts';
import type { AntiEntropyConfig } from './config.ts';
import { bucketCount, type RecordId, type RecordSet } from './record-set.ts';
import type { GossipContext, Protocol } from '../protocol.ts';
import type { PeerId } from '../../objects/ids.ts';

const neighboursMax = 1024;
const syncedMax = 4096;
/** Ids of records that were offered and not taken, and for how long they are not asked for again, ms. */
const unwantedMax = 16_384;
const unwantedMs = 30_000;
const rejectedMs = 600_000;
/** Messages of ids in one exchange: what differs beyond them differs in the next. */
const idsMessagesMax = 8;
/** A difference that is sent at once. */
const fewRecordsMax = 16;
const fewBytesMax = 16 * 1024;

interface Components {
  readonly set: RecordSet;
  /** Who hears of everything new at once. Symmetric, or a peer could shout and not hear. */
  readonly neighbours: () => readonly PeerId[];
  /** This peer started and has not caught up yet. */
  readonly isSyncing: () => boolean;
}

/**
 * Spreads records: eager push on first sight, and anti-entropy for what a push misses, for joiners and after
 * partitions (A. Demers et al., "Epidemic Algorithms for Replicated Database Maintenance", PODC 1987: rumour
 * mongering backed by anti-entropy). An exchange narrows the difference in steps:
 *
 * | A | B |
 * |---|---|
 * | digest: root hash → | ← same: done; or buckets: 256 hashes |
 * | ids: of the buckets that differ → | ← have: ids that A did not name; want: ids that B lacks |
 * | want → , records → | ← records |
 *
 * In an equal pair of sets it is one small round trip. Records are checked once, before they are passed on. Every
 * step may be lost: nothing waits for an answer but the next digest.
 */
export class AntiEntropy implements Protocol {
  readonly #components: Components;
  readonly #config: AntiEntropyConfig;
  readonly #neighbours = new BoundedMap<PeerId, Neighbour>(neighboursMax);
  readonly #synced = new Set<PeerId>();
  readonly #unwanted = new BoundedMap<RecordId, number>(unwantedMax);
  /** Who was asked for a record, so that others are not asked at the same time. */
  readonly #asked = new BoundedMap<RecordId, { readonly peer: PeerId; readonly untilMs: number }>(
    unwantedMax,
  );
  /** To be pushed at the end of the call that brought it. */
  readonly #fresh = new Map<
    RecordId,
    { readonly bytes: Uint8Array; readonly except: PeerId | undefined }
  >();
  #isReceiving = false;
  #changedAtMs = -Infinity;
  #digestAtMs = -Infinity;
  /** Whose answer to a digest is awaited. */
  #awaited: PeerId | undefined;
  #digestedAtMs = -Infinity;
  #dropped = 0;

  constructor(components: Components, config: AntiEntropyConfig) {
    this.#components = components;
    this.#config = config;
  }

  /** Peers with which an exchange since the start ended in equality, and who had caught up themselves then. */
  synced(): ReadonlySet<PeerId> {
    return this.#synced;
  }

  /** Messages that did not decode or came too fast. */
  get dropped(): number {
    return this.#dropped;
  }

  /** When `cycle` has something to do next, ms. */
  get wakeAtMs(): number {
    return this.#digestAtMs;
  }

  cycle(context: GossipContext): void {
    const { answerMs, changingMs, settledMs, quietMinMs, quietMaxMs } = this.#config;
    for (const peer of this.#neighbours.keys()) {
      this.#neighbours.get(peer)?.expire(context.nowMs - answerMs);
    }
    const isLost = this.#awaited !== undefined && context.nowMs - this.#digestedAtMs >= answerMs;
    if (context.nowMs < this.#digestAtMs && !isLost) return;
    this.#digestedAtMs = context.nowMs;
    const isChanging =
      context.nowMs - this.#changedAtMs < settledMs || this.#components.isSyncing();
    const periodMs = isChanging
      ? changingMs * (1 - 0.4 * context.random.next())
      : quietMinMs + (quietMaxMs - quietMinMs) * context.random.next();
    this.#digestAtMs = context.nowMs + periodMs;
    this.#awaited = this.#digestWithAny(context);
  }

  receive(from: PeerId, bytes: Uint8Array, context: GossipContext): void {
    const neighbour = this.#neighbour(from, context);
    const message = decodeMessage(bytes);
    if (
      message === undefined ||
      (message.type !== 'records' && !neighbour.messages.take(1, context.nowMs))
    ) {
      this.#dropped++;
      return;
    }
    switch (message.type) {
      case 'digest':
        this.#onDigest(from, message, context);
        break;
      case 'same':
        this.#answered(from);
        if (!message.isSyncing) this.#markSynced(from);
        break;
      case 'buckets':
        this.#onBuckets(from, message, context);
        break;
      case 'ids':
        this.#onIds(from, message, context);
        break;
      case 'have':
        this.#onHave(from, message, context);
        break;
      case 'want':
        this.#onWant(from, message, context);
        break;
      case 'records':
        this.#onRecords(from, message, context);
        break;
      default:
        message satisfies never;
    }
  }

  unreachable(peer: PeerId): void {
    this.#neighbours.get(peer)?.forget();
  }

  /** A link to a peer is new: what each missed is exchanged at once. */
  linkUp(peer: PeerId, context: GossipContext): void {
    this.#digestWith(peer, context);
  }

  /** A neighbour is lost, and with it perhaps what it had pushed: one exchange with another at once. */
  linkLost(peer: PeerId, context: GossipContext): void {
    this.#neighbours.delete(peer);
    this.#digestWithAny(context, peer);
  }

  /**
   * Sends records that are new here to all neighbours. Inside `receive` (from within `offer`) they are gathered and
   * leave together.
   * @param except who it came from
   */
  push(
    records: readonly { readonly hash: string; readonly bytes: Uint8Array }[],
    context: GossipContext,
    except?: PeerId,
  ): void {
    for (const { hash, bytes } of records) this.#fresh.set(hash.slice(0, 32), { bytes, except });
    if (!this.#isReceiving) this.#pushFresh(context);
  }

  #onDigest(from: PeerId, message: Message & { type: 'digest' }, context: GossipContext): void {
    const { set, isSyncing } = this.#components;
    const root = set.rootHash();
    if (!sameBytes(message.root, root)) {
      const hashes = packHashes((bucket) => set.bucketHash(bucket));
      this.#send(from, { type: 'buckets', isSyncing: isSyncing(), root, hashes }, context);
      const neighbour = this.#neighbour(from, context);
      this.#noteDifference(neighbour, { theirs: message.root, mine: root }, context);
      return;
    }
    this.#send(from, { type: 'same', isSyncing: isSyncing() }, context);
    if (!message.isSyncing) this.#markSynced(from);
  }

  #onBuckets(from: PeerId, message: Message & { type: 'buckets' }, context: GossipContext): void {
    const { set } = this.#components;
    this.#answered(from);
    const mine = packHashes((bucket) => set.bucketHash(bucket));
    const differing = differingBuckets(mine, message.hashes);
    // A random beginning, so that no bucket has to wait behind others for ever.
    const first = context.random.int(bucketCount);
    differing.sort(
      (a, b) =>
        ((a - first + bucketCount) % bucketCount) - ((b - first + bucketCount) % bucketCount),
    );
    const messages: { isPartial: boolean; buckets: BucketIds[] }[] = [];
    let room = 0;
    let isWhole = true;
    for (const bucket of differing) {
      const all = set.idsOf(bucket);
      const start = all.length > idsMax ? context.random.int(all.length - idsMax) : 0;
      const ids = all.length > idsMax ? all.slice(start, start + idsMax) : all;
      if (messages.length === 0 || ids.length > room) {
        if (messages.length === idsMessagesMax) {
          isWhole = false;
          break;
        }
        messages.push({ isPartial: false, buckets: [] });
        room = idsMax;
      }
      const last = messages.at(-1);
      last?.buckets.push({ bucket, ids });
      room -= ids.length;
      if (last !== undefined && all.length > idsMax) last.isPartial = true;
      if (all.length > idsMax) isWhole = false;
    }
    if (messages.length === 0) return;
    const neighbour = this.#neighbour(from, context);
    const difference = { theirs: message.root, mine: set.rootHash() };
    neighbour.exchange = {
      awaited: messages.length,
      isWhole,
      isMissing: false,
      isPeerSyncing: message.isSyncing,
      difference,
    };
    this.#noteDifference(neighbour, difference, context);
    for (const each of messages) this.#send(from, { type: 'ids', ...each }, context);
  }

  #onIds(from: PeerId, message: Message & { type: 'ids' }, context: GossipContext): void {
    const { set } = this.#components;
    const extra: RecordId[] = [];
    const theirs: RecordId[] = [];
    for (const { bucket, ids } of message.buckets) {
      theirs.push(...ids);
      const named = new Set(ids);
      for (const id of set.idsOf(bucket)) if (!named.has(id)) extra.push(id);
    }
    this.#sendFew(from, extra, context);
    const isPartial = message.isPartial || extra.length > idsMax;
    this.#send(
      from,
      { type: 'have', isAnswer: true, isPartial, ids: extra.slice(0, idsMax) },
      context,
    );
    this.#want(from, theirs, context);
  }

  /** A small difference is sent without being asked for; it goes before the ids, so that none is asked for then. */
  #sendFew(to: PeerId, ids: readonly RecordId[], context: GossipContext): void {
    if (ids.length > fewRecordsMax) return;
    const records = ids.flatMap((id) => this.#components.set.get(id) ?? []);
    const bytes = records.reduce((sum, record) => sum + record.length, 0);
    if (bytes > fewBytesMax || !this.#neighbour(to, context).sends.take(bytes, context.nowMs))
      return;
    for (const batch of batchesOf(records, false)) this.#send(to, batch, context);
  }

  #onHave(from: PeerId, message: Message & { type: 'have' }, context: GossipContext): void {
    const isMissing = this.#want(from, message.ids, context);
    const neighbour = this.#neighbour(from, context);
    const { exchange } = neighbour;
    if (!message.isAnswer || exchange === undefined) return;
    exchange.awaited--;
    exchange.isWhole &&= !message.isPartial;
    exchange.isMissing ||= isMissing;
    if (exchange.awaited > 0) return;
    neighbour.exchange = undefined;
    // What still differs is what this peer lacks no longer or will not take: it has caught up with that one.
    if (!exchange.isWhole || exchange.isMissing) return;
    neighbour.fruitless = exchange.difference;
    if (!exchange.isPeerSyncing) this.#markSynced(from);
  }

  #onWant(from: PeerId, message: Message & { type: 'want' }, context: GossipContext): void {
    const { sends } = this.#neighbour(from, context);
    const records: Uint8Array[] = [];
    for (const id of message.ids) {
      const bytes = this.#components.set.get(id);
      if (bytes === undefined) continue;
      if (!sends.take(bytes.length, context.nowMs)) break;
      records.push(bytes);
    }
    for (const batch of batchesOf(records, true)) this.#send(from, batch, context);
  }

  #onRecords(from: PeerId, message: Message & { type: 'records' }, context: GossipContext): void {
    const neighbour = this.#neighbour(from, context);
    this.#isReceiving = true;
    try {
      for (const bytes of message.records) this.#take(from, neighbour, bytes, context);
    } finally {
      this.#isReceiving = false;
    }
    this.#pushFresh(context);
    if (!message.isEnd) return;
    neighbour.answered();
    this.#askNext(from, neighbour, context);
    if (!neighbour.isIdle || !neighbour.hasNews) return;
    // Caught up, as far as it was known: see whether the sets are equal now.
    neighbour.hasNews = false;
    this.#digestWith(from, context);
  }

  #take(from: PeerId, neighbour: Neighbour, bytes: Uint8Array, context: GossipContext): void {
    const { set } = this.#components;
    const id = set.idOf(bytes);
    neighbour.received(id);
    this.#asked.delete(id);
    if (!this.#isWanted(id, context)) return;
    if (!neighbour.offers.take(1, context.nowMs)) {
      this.#dropped++;
      return;
    }
    const outcome = set.offer(bytes, from);
    if (outcome === 'new') {
      neighbour.hasNews = true;
      this.#fresh.set(id, { bytes, except: from });
    } else if (set.get(id) === undefined) {
      this.#unwanted.set(id, context.nowMs + (outcome === 'rejected' ? rejectedMs : unwantedMs));
    }
  }

  /** Asks `from` for what is lacking of `ids`. True when something is. */
  #want(from: PeerId, ids: readonly RecordId[], context: GossipContext): boolean {
    const lacking = ids.filter((id) => this.#isWanted(id, context));
    if (lacking.length === 0) return false;
    const neighbour = this.#neighbour(from, context);
    neighbour.want(lacking);
    this.#askNext(from, neighbour, context);
    return true;
  }

  #askNext(from: PeerId, neighbour: Neighbour, context: GossipContext): void {
    const { nowMs } = context;
    const ids = neighbour.ask((id) => {
      const asked = this.#asked.get(id);
      const isAskedElsewhere = asked !== undefined && asked.peer !== from && asked.untilMs > nowMs;
      return !isAskedElsewhere && this.#isWanted(id, context);
    }, nowMs);
    if (ids.length === 0) return;
    for (const id of ids)
      this.#asked.set(id, { peer: from, untilMs: nowMs + this.#config.answerMs });
    this.#send(from, { type: 'want', ids }, context);
  }

  #isWanted(id: RecordId, context: GossipContext): boolean {
    return (
      this.#components.set.get(id) === undefined && (this.#unwanted.get(id) ?? 0) <= context.nowMs
    );
  }

  #pushFresh(context: GossipContext): void {
    if (this.#fresh.size === 0) return;
    const fresh = [...this.#fresh];
    this.#fresh.clear();
    this.#noteChange(context);
    const neighbours = this.#components.neighbours();
    const relays = new Map<PeerId, ReadonlySet<PeerId>>();
    for (const { except } of fresh.map(([, each]) => each)) {
      if (except === undefined || relays.has(except)) continue;
      const others = neighbours.filter((peer) => peer !== except);
      relays.set(except, new Set(drawSome(others, this.#config.relayFanout, context.random)));
    }
    for (const peer of neighbours) {
      const whole: Uint8Array[] = [];
      const ids: RecordId[] = [];
      for (const [id, { bytes, except }] of fresh) {
        if (except !== undefined && relays.get(except)?.has(peer) !== true) continue;
        if (bytes.length <= this.#config.pushBytesMax) whole.push(bytes);
        else if (ids.length < idsMax) ids.push(id);
      }
      for (const batch of batchesOf(whole, false)) this.#send(peer, batch, context);
      if (ids.length > 0)
        this.#send(peer, { type: 'have', isAnswer: false, isPartial: true, ids }, context);
    }
  }

  /** A difference is pursued until it is gone, unless it is one that was pursued to the end before. */
  #noteDifference(neighbour: Neighbour, difference: Difference, context: GossipContext): void {
    if (neighbour.isFruitful(difference)) this.#noteChange(context);
  }

  #noteChange(context: GossipContext): void {
    this.#changedAtMs = context.nowMs;
    this.#digestAtMs = Math.min(this.#digestAtMs, context.nowMs + this.#config.changingMs);
  }

  #answered(peer: PeerId): void {
    if (this.#awaited === peer) this.#awaited = undefined;
  }

  #digestWithAny(context: GossipContext, except?: PeerId): PeerId | undefined {
    const peers = this.#components.neighbours().filter((peer) => peer !== except);
    const peer = peers[context.random.int(Math.max(1, peers.length))];
    if (peer !== undefined) this.#digestWith(peer, context);
    return peer;
  }

  #digestWith(peer: PeerId, context: GossipContext): void {
    const { set, isSyncing } = this.#components;
    this.#neighbour(peer, context);
    this.#send(peer, { type: 'digest', isSyncing: isSyncing(), root: set.rootHash() }, context);
  }

  #markSynced(peer: PeerId): void {
    if (this.#synced.size < syncedMax) this.#synced.add(peer);
  }

  #neighbour(peer: PeerId, context: GossipContext): Neighbour {
    let neighbour = this.#neighbours.get(peer);
    if (neighbour === undefined) {
      neighbour = new Neighbour(this.#config, context.nowMs);
      this.#neighbours.set(peer, neighbour);
    }
    return neighbour;
  }

  #send(to: PeerId, message: Message, context: GossipContext): void {
    context.send(to, encodeMessage(message));
  }
}
