import { antiEntropyLan } from '../../src/gossip/anti-entropy/config.ts';
import { AntiEntropy } from '../../src/gossip/anti-entropy/anti-entropy.ts';
import { SeededRandom } from '../../src/lib/seeded-random.ts';
import { RecordStore, type Conflict } from '../../src/store/record-store.ts';
import { StoreRecordSet } from '../../src/store/store-record-set.ts';
import { verifyRecord, type RecordEnv } from '../../src/store/verify-record.ts';
import { crypto } from '../trust/cloud.ts';
import type { GossipContext } from '../../src/gossip/protocol.ts';
import type { AntiEntropyConfig } from '../../src/gossip/anti-entropy/config.ts';
import type { PeerId } from '../../src/objects/ids.ts';
import type { VerifiedRecord } from '../../src/store/record.ts';

export interface Replica {
  readonly id: PeerId;
  readonly store: RecordStore;
  readonly antiEntropy: AntiEntropy;
  /** Records that passed the whole check here: each costs a signature. */
  checked: number;
  isSyncing: boolean;
  neighbours: PeerId[];
  readonly conflicts: Conflict[];
}

interface Flying {
  readonly from: PeerId;
  readonly to: PeerId;
  readonly bytes: Uint8Array;
  readonly atMs: number;
}

/** Replicas with real stores, real signatures and the real codec, on a clock and a network of the test's making. */
export class AntiEntropyCloud {
  readonly replicas: Map<PeerId, Replica> = new Map<PeerId, Replica>();
  readonly #random: SeededRandom;
  readonly #env: RecordEnv;
  readonly #config: AntiEntropyConfig;
  #flying: Flying[] = [];
  nowMs = 0;
  /** Share of messages that are lost. */
  loss = 0;
  bytes = 0;
  messages = 0;
  readonly #wallMs: number;

  constructor(
    count: number,
    env: RecordEnv,
    options: { seed: number; wallMs: number; config?: Partial<AntiEntropyConfig> },
  ) {
    this.#random = new SeededRandom(options.seed);
    this.#env = env;
    this.#wallMs = options.wallMs;
    this.#config = { ...antiEntropyLan, ...options.config };
    for (let i = 0; i < count; i++) this.#add(`replica${i}` as PeerId);
    const ids = [...this.replicas.keys()];
    for (const replica of this.replicas.values()) {
      replica.neighbours = ids.filter((id) => id !== replica.id);
    }
  }

  at(index: number): Replica {
    const replica = [...this.replicas.values()][index];
    if (replica === undefined) throw new RangeError(`no replica ${index}`);
    return replica;
  }

  /** A write on one replica, as a daemon does it: merged here, then pushed. */
  write(replica: Replica, records: readonly VerifiedRecord[]): void {
    for (const record of records) this.#merge(replica, record);
    replica.antiEntropy.push(records, this.#context(replica));
  }

  linkUp(a: Replica, b: Replica): void {
    a.antiEntropy.linkUp(b.id, this.#context(a));
    b.antiEntropy.linkUp(a.id, this.#context(b));
  }

  deliver(to: Replica, from: PeerId, bytes: Uint8Array): void {
    to.antiEntropy.receive(from, bytes, this.#context(to));
  }

  /** Lets time pass; every replica's `cycle` is called each 200 ms. */
  run(forMs: number): void {
    const endMs = this.nowMs + forMs;
    while (this.nowMs < endMs) {
      for (const replica of this.replicas.values()) {
        replica.antiEntropy.cycle(this.#context(replica));
      }
      const nextMs = Math.min(endMs, this.nowMs + 200);
      for (let next = this.#take(nextMs); next !== undefined; next = this.#take(nextMs)) {
        this.nowMs = next.atMs;
        const replica = this.replicas.get(next.to);
        if (replica?.neighbours.includes(next.from)) this.deliver(replica, next.from, next.bytes);
      }
      this.nowMs = nextMs;
    }
  }

  areEqual(): boolean {
    const roots = [...this.replicas.values()].map(({ store }) => String(store.digest.rootHash()));
    return new Set(roots).size === 1;
  }

  #take(untilMs: number): Flying | undefined {
    let first: Flying | undefined;
    for (const each of this.#flying) {
      if (each.atMs <= untilMs && (first === undefined || each.atMs < first.atMs)) first = each;
    }
    if (first !== undefined) this.#flying = this.#flying.filter((each) => each !== first);
    return first;
  }

  #add(id: PeerId): void {
    const store = new RecordStore(crypto);
    const set = new StoreRecordSet(store, crypto, (bytes) => {
      replica.checked++;
      const verified = verifyRecord(bytes, this.#env);
      if (verified.record === undefined) return 'rejected';
      return this.#merge(replica, verified.record);
    });
    const components = {
      set,
      neighbours: () => replica.neighbours,
      isSyncing: () => replica.isSyncing,
    };
    const replica: Replica = {
      id,
      store,
      antiEntropy: new AntiEntropy(components, this.#config),
      checked: 0,
      isSyncing: false,
      neighbours: [],
      conflicts: [],
    };
    this.replicas.set(id, replica);
  }

  #merge(replica: Replica, record: VerifiedRecord): 'new' | 'known' | 'rejected' {
    const offer = replica.store.offer(record, this.#wallMs);
    if (offer.conflict !== undefined) replica.conflicts.push(offer.conflict);
    if (offer.outcome === 'held') return 'rejected';
    return offer.outcome === 'new' ? 'new' : 'known';
  }

  #context(replica: Replica): GossipContext {
    return {
      nowMs: this.nowMs,
      random: this.#random,
      send: (to, bytes) => {
        this.bytes += bytes.length;
        this.messages++;
        if (this.#random.next() < this.loss) return;
        const atMs = this.nowMs + 1 + 20 * this.#random.next();
        this.#flying.push({ from: replica.id, to, bytes, atMs });
      },
    };
  }
}
