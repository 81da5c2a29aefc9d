import { randomBytes } from 'node:crypto';
import { AntiEntropy } from '../gossip/anti-entropy/anti-entropy.ts';
import { antiEntropyLan } from '../gossip/anti-entropy/config.ts';
import { gossipPresets } from '../gossip/config.ts';
import { Family } from '../gossip/family.ts';
import { GossipStack, type OwnValues } from '../gossip/stack.ts';
import { SeededRandom } from '../lib/seeded-random.ts';
import { createNetwork } from '../network/create-network.ts';
import { GossipHost } from '../network/gossip-host.ts';
import { HybridClock } from '../store/hybrid-clock.ts';
import { RecordStore } from '../store/record-store.ts';
import { StoreRecordSet } from '../store/store-record-set.ts';
import { VerifiedChains } from '../store/verified-chains.ts';
import { verifyRecord } from '../store/verify-record.ts';
import { ReplicatedStore } from './replicated-store.ts';
import type { Clock } from '../controller/clock.ts';
import type { Crypto } from '../lib/crypto.ts';
import type { Link, Network } from '../network/network.ts';
import type { RememberedPeer } from '../network/address-book.ts';
import type { PeerId } from '../objects/ids.ts';
import type { Conflict } from '../store/record-store.ts';
import type { VerifiedRecord } from '../store/record.ts';
import type { StoredObject } from '../store/stored-object.ts';
import type { Bundle } from '../trust/bundle.ts';
import type { Disk } from './disk/disk.ts';
import type { Identities } from './identities.ts';
import type { Logger } from './logger.ts';

const clockKey = 'hybrid-clock';
const addressBookKey = 'address-book';
const sweepMs = 2_000;
/** Synced with so many peers that were synced themselves, or with all there are. */
const syncedPeers = 2;
/** As the allocator's: after this a peer goes on with what it has. */
const syncLimitMs = 2_000;

interface Components {
  readonly bundle: Bundle;
  readonly identities: Identities;
  readonly crypto: Crypto;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly values: () => OwnValues;
  readonly onLink: (link: Link) => void;
  readonly onConflict: (conflict: Conflict) => void;
  readonly onHeld: (record: VerifiedRecord) => void;
  readonly isReadable: (stored: StoredObject) => boolean;
}

/** Records, gossip and network of one peer: what all peers share, before anything is decided from it. */
export class Substrate {
  readonly boot: number;
  readonly hybridClock: HybridClock;
  readonly store: ReplicatedStore;
  readonly stack: GossipStack;
  readonly network: Network;
  readonly #components: Components;
  readonly #host: GossipHost;
  readonly #antiEntropy: AntiEntropy;
  #sweep: NodeJS.Timeout | undefined;
  readonly #startedMs: number;
  #isStopping = false;

  constructor(components: Components, version: string) {
    this.#components = components;
    this.#startedMs = components.clock.nowMs();
    const { bundle, identities, crypto, disk, clock, logger } = components;
    const { cloud, credential, seed } = identities;
    const self = credential.peer.peer;
    this.boot = disk.incrementBoot();
    this.hybridClock = new HybridClock(readClock(disk.meta(clockKey)));
    const records = new RecordStore(crypto, {}, components.isReadable);
    const chains = new VerifiedChains({ cloud, rootKey: credential.rootKey }, crypto);
    const verify = (bytes: Uint8Array) => verifyRecord(bytes, { cloud, crypto, chains });
    const network = createNetwork({
      privateKeySeed: seed,
      credential,
      cloudId: cloud,
      boot: this.boot,
      listen: bundle.listen,
      bootstrap: bundle.bootstrap,
      mdns: bundle.mdns ?? false,
      crypto,
      log: logger.part('network'),
      version,
      addressBook: {
        load: () => JSON.parse(disk.meta(addressBookKey) ?? '[]') as readonly RememberedPeer[],
        save: (peers) => {
          disk.putMeta(addressBookKey, JSON.stringify(peers)).catch(() => undefined);
        },
      },
      events: {
        linkUp: (link) => {
          components.onLink(link);
          this.#host.linkUp(link);
        },
        linkLost: (peer, how) => {
          logger.part('network').info('link lost', { peer, how });
          this.#host.linkLost(peer, how);
        },
        frame: (from, family, payload) => this.#host.frame(from, family, payload),
        unreachable: (peer) => this.#host.unreachable(peer),
      },
    });
    this.network = network;
    const antiEntropy = new AntiEntropy(
      {
        set: new StoreRecordSet(records, crypto, (bytes, from) => this.store.receive(bytes, from)),
        neighbours: () => network.links().map(({ peer }) => peer),
        isSyncing: () => this.isSyncing(),
      },
      antiEntropyLan,
    );
    this.#antiEntropy = antiEntropy;
    this.stack = new GossipStack({
      self,
      boot: this.boot,
      random: new SeededRandom(randomBytes(16).toString('hex')),
      antiEntropy,
      addresses: () => network.addresses(),
      values: components.values,
      config: gossipPresets.lan,
    });
    this.#host = new GossipHost({ stack: this.stack, network, nowMs: () => clock.nowMs() });
    this.store = new ReplicatedStore({
      records,
      disk,
      clock: this.hybridClock,
      verify,
      network,
      wallMs: () => clock.wallMs(),
      push: (pushed, from) => this.#push(pushed, from),
      onConflict: components.onConflict,
      onHeld: components.onHeld,
      logger: logger.part('store'),
    });
    this.store.load(disk.load());
  }

  /** Opens the network and begins to gossip. */
  async start(): Promise<void> {
    await this.#components.disk.putMeta(clockKey, JSON.stringify(this.hybridClock.last));
    await this.network.start();
    this.#host.start([]);
    this.#sweep = setInterval(() => {
      this.store.sweep();
      this.#saveClock();
    }, sweepMs);
  }

  /** Sends what was queued by a call into the stack from outside. */
  flush(): void {
    this.#host.flush();
  }

  /** Whether this peer has pulled the records since its start, from peers that had them. */
  isSynced(): boolean {
    const living = this.stack.membership
      .all()
      .filter(
        ({ peer, state }) => peer !== this.network.self && state !== 'dead' && state !== 'away',
      );
    const synced = this.#antiEntropy.synced();
    return living.length > 0 && synced.size >= Math.min(syncedPeers, living.length);
  }

  /** Still catching up; given up after a while, since all peers may have started at once. */
  isSyncing(): boolean {
    return !this.isSynced() && this.#components.clock.nowMs() - this.#startedMs < syncLimitMs;
  }

  /** Tells everybody that this daemon stops on purpose. */
  announceAway(forMs: number): void {
    this.stack.announceAway(forMs, this.#components.clock.nowMs());
    this.#host.flush();
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    clearInterval(this.#sweep);
    this.#host.stop();
    await this.network.stop();
    await this.store.flushed();
    await this.#components.disk.putMeta(clockKey, JSON.stringify(this.hybridClock.last));
  }

  #push(records: readonly VerifiedRecord[], from: PeerId | undefined): void {
    if (this.#isStopping) return;
    this.stack.withContext(
      this.#components.clock.nowMs(),
      (context) => this.#antiEntropy.push(records, context, from),
      Family.records,
    );
    this.#host.flush();
  }

  /** The high-water mark, so that a wall clock set back does not go back here. */
  #saveClock(): void {
    const text = JSON.stringify(this.hybridClock.last);
    if (text === this.#components.disk.meta(clockKey)) return;
    this.#components.disk.putMeta(clockKey, text).catch(() => undefined);
  }
}

function readClock(text: string | undefined): readonly [number, number] {
  if (text === undefined) return [0, 0];
  const [ms, counter] = JSON.parse(text) as readonly unknown[];
  return Number.isSafeInteger(ms) && Number.isSafeInteger(counter)
    ? [ms as number, counter as number]
    : [0, 0];
}
