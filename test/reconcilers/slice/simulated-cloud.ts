import type { Action } from '../../../src/reconcilers/slice/action.ts';
import type { AllocatorConfig } from '../../../src/reconcilers/slice/config.ts';
import type { PeerId, Uid } from '../../../src/objects/ids.ts';
import type { SliceSpec } from '../../../src/objects/kinds/slice.ts';
import { Heap } from '../../../src/lib/heap.ts';
import { SeededRandom } from '../../../src/lib/seeded-random.ts';
import { lanAllocator } from '../../../src/reconcilers/slice/config.ts';
import { SimulatedPeer } from './simulated-peer.ts';
import type { Stored } from './simulated-peer.ts';

export interface CloudOptions {
  readonly seed: number | string;
  readonly peers: number;
  /** Share of pushed messages that are lost; requests are retried. */
  readonly loss?: number;
  readonly allocator?: AllocatorConfig;
  /** Rule 9, kept by the network and the store: links carry both ways, and losing one exchanges records at once. */
  readonly symmetricLinks?: boolean;
  readonly digestMs?: number;
  readonly exchangeOnLoss?: boolean;
  readonly neighbours?: number;
  /** One-way latency, ms. */
  readonly latencyMs?: readonly [number, number];
  /** What a peer's record says; `viewer` may have an older one than others. */
  readonly attributes?: (at: number, viewer: number) => Readonly<Record<string, string>>;
  readonly labels?: (at: number) => Readonly<Record<string, string>>;
  readonly policy?: (owner: string, driver: string | undefined, peer: string) => string | undefined;
}

interface Event {
  readonly atMs: number;
  readonly order: number;
  run(): void;
}

/**
 * A discrete-event model of a cloud in which only the allocator is real: records spread by lossy push and by
 * anti-entropy, a failure detector that notices resets in 5-30 ms and silence in 2-3 s, processes that are killed,
 * restarted, frozen and cut off. The same seed gives the same run.
 */
export class SimulatedCloud {
  readonly options: CloudOptions;
  readonly random: SeededRandom;
  readonly peers: SimulatedPeer[] = [];
  readonly byId: Map<PeerId, SimulatedPeer> = new Map();
  nowMs = 0;
  /** What went wrong: promises broken at the moment they were. */
  readonly violations: string[] = [];
  /** More Held than wanted, while nobody was cut off or falsely believed dead. */
  overHeld = 0;
  claimWrites = 0;
  offers = 0;
  stops = 0;
  /** Set while more members than wanted cannot be avoided. */
  excused = false;
  readonly trace: string[] = [];
  readonly #events = new Heap<Event>((a, b) => a.atMs - b.atMs || a.order - b.order);
  readonly #sizes = new Map<Uid, number>();
  #order = 0;
  #groups: ReadonlyMap<PeerId, number> | undefined;
  #slices = 0;

  constructor(options: CloudOptions) {
    this.options = options;
    this.random = new SeededRandom(options.seed);
    for (let at = 0; at < options.peers; at += 1) {
      const peer = new SimulatedPeer(this, at, options.allocator ?? lanAllocator);
      this.peers.push(peer);
      this.byId.set(peer.id, peer);
    }
    for (const peer of this.peers) peer.meetAll();
    for (const peer of this.peers) this.link(peer, options.neighbours ?? 6);
    for (const peer of this.peers) this.#exchangeRegularly(peer);
  }

  get up(): readonly SimulatedPeer[] {
    return this.peers.filter((peer) => peer.up);
  }

  peer(at: number): SimulatedPeer {
    const peer = this.peers[at];
    if (peer === undefined) throw new Error(`there is no peer ${at}`);
    return peer;
  }

  // Time

  at(delayMs: number, run: () => void): void {
    this.#order += 1;
    this.#events.push({ atMs: this.nowMs + delayMs, order: this.#order, run });
  }

  run(forMs: number): void {
    const endMs = this.nowMs + forMs;
    for (;;) {
      const next = this.#events.peek();
      if (next === undefined || next.atMs > endMs) break;
      this.#events.pop();
      this.nowMs = next.atMs;
      next.run();
    }
    this.nowMs = endMs;
  }

  /** Runs until `holds`; returns how long that took, or undefined after `limitMs`. */
  runUntil(holds: () => boolean, limitMs: number): number | undefined {
    const startMs = this.nowMs;
    while (!holds()) {
      const next = this.#events.peek();
      if (next === undefined || next.atMs - startMs > limitMs) return undefined;
      this.#events.pop();
      this.nowMs = next.atMs;
      next.run();
    }
    return this.nowMs - startMs;
  }

  between(least: number, most: number): number {
    return least + (most - least) * this.random.next();
  }

  // Network

  reaches(from: SimulatedPeer, to: SimulatedPeer): boolean {
    return this.#groups === undefined || this.#groups.get(from.id) === this.#groups.get(to.id);
  }

  /** One message; lost with the configured chance. */
  send(from: SimulatedPeer, to: SimulatedPeer, run: () => void): void {
    if (this.random.next() < (this.options.loss ?? 0)) return;
    const [least, most] = this.options.latencyMs ?? [1, 20];
    const { boot } = to;
    this.at(this.between(least, most), () => {
      if (to.up && to.boot === boot && this.reaches(from, to)) to.deliver('message', run);
    });
  }

  /** A request with retries until `timeoutMs`; each way may be lost. */
  request(
    from: SimulatedPeer,
    to: SimulatedPeer,
    timeoutMs: number,
    handle: () => () => void,
  ): void {
    const endMs = this.nowMs + timeoutMs;
    const { boot } = from;
    let answered = false;
    const attempt = (): void => {
      if (answered || this.nowMs >= endMs || !from.up || from.boot !== boot) return;
      this.send(from, to, () => {
        const answer = handle();
        this.send(to, from, () => {
          if (answered || this.nowMs > endMs) return;
          answered = true;
          answer();
        });
      });
      const [, most] = this.options.latencyMs ?? [1, 20];
      this.at(4 * most, attempt);
    };
    attempt();
  }

  /** Gives the peer links until it has `count`, preferably both ways. */
  link(peer: SimulatedPeer, count: number): void {
    const others = peer.believedUp().filter((other) => this.reaches(peer, other));
    while (peer.neighbours.size < Math.min(count, others.length)) {
      const other = others[this.random.int(others.length)];
      if (other === undefined || peer.neighbours.has(other.id)) continue;
      peer.neighbours.add(other.id);
      if (this.options.symmetricLinks !== false) other.neighbours.add(peer.id);
    }
  }

  exchange(a: SimulatedPeer, b: SimulatedPeer): void {
    this.send(a, b, () => {
      const [theirs, deaths] = [b.records(), b.deaths()];
      b.learnViews(a.deaths());
      b.merge(a.records());
      this.send(b, a, () => {
        a.learnViews(deaths);
        a.merge(theirs);
      });
    });
  }

  #exchangeRegularly(peer: SimulatedPeer): void {
    const periodMs = this.options.digestMs ?? 1000;
    const tick = (): void => {
      const other = this.byId.get([...peer.neighbours][this.random.int(peer.neighbours.size)]!);
      if (peer.up && other?.up) this.exchange(peer, other);
      this.at(periodMs, tick);
    };
    this.at(periodMs * this.random.next(), tick);
  }

  // Faults

  /** Its neighbours notice and tell others, so that some news dies with those who had it; the rest find out by probes. */
  kill(peer: SimulatedPeer, how: 'reset' | 'silent' = 'reset'): void {
    const near = this.peers.filter((other) => other.neighbours.has(peer.id));
    peer.stopProcess();
    const [least, most] = how === 'reset' ? [5, 30] : [2000, 3000];
    const { boot } = peer;
    const reset = how === 'reset';
    for (const other of this.peers) {
      if (other === peer) continue;
      const delayMs = near.includes(other) ? this.between(least, most) : this.between(2500, 4000);
      this.at(delayMs, () => other.believeDead(peer, boot, reset));
    }
  }

  restart(peer: SimulatedPeer): void {
    peer.startProcess();
    const { boot } = peer;
    for (const other of this.peers) {
      if (other === peer) continue;
      this.at(this.between(10, 60), () => {
        if (peer.up && peer.boot === boot) other.believeAlive(peer);
      });
    }
    this.at(this.between(20, 60), () => this.#sync(peer, boot));
  }

  #sync(peer: SimulatedPeer, boot: number): void {
    if (!peer.up || peer.boot !== boot || peer.synced) return;
    const sources = this.up.filter((other) => other !== peer && other.synced);
    const chosen = this.random.fork(`sync ${peer.name} ${this.nowMs}`);
    const pair = sources.toSorted(() => chosen.next() - 0.5).slice(0, 2);
    let got = 0;
    for (const source of pair) {
      this.request(peer, source, 1000, () => {
        const theirs = source.records();
        const views = source.all();
        return () => {
          peer.learnViews(views);
          peer.merge(theirs);
          got += 1;
          if (got === 2) {
            this.link(peer, this.options.neighbours ?? 6);
            peer.finishSync();
          }
        };
      });
    }
    this.at(pair.length < 2 ? 100 : 1100, () => this.#sync(peer, boot));
    // Nobody has synced: links come up all the same.
    this.at(200, () => {
      if (!peer.up || peer.boot !== boot || peer.synced) return;
      peer.meetAll();
      this.link(peer, this.options.neighbours ?? 6);
      for (const id of peer.neighbours) this.exchange(peer, this.byId.get(id)!);
    });
  }

  /** The peer does nothing for a while; on waking its timers fire before it reads what has come. */
  freeze(peer: SimulatedPeer, forMs: number): void {
    peer.freeze();
    this.at(forMs, () => peer.thaw());
  }

  partition(groups: readonly (readonly SimulatedPeer[])[]): void {
    this.excused = true;
    this.#groups = new Map(groups.flatMap((group, at) => group.map((peer) => [peer.id, at])));
    for (const a of this.up) {
      for (const b of this.up) {
        if (this.reaches(a, b)) continue;
        this.at(this.between(2000, 3000), () => {
          if (!this.reaches(a, b)) a.believeDead(b, b.boot, false);
        });
      }
    }
  }

  heal(): void {
    this.#groups = undefined;
    for (const peer of this.up) peer.incarnation += 1;
    for (const a of this.up) {
      for (const b of this.up) {
        if (a !== b) this.at(this.between(500, 1500), () => a.believeAlive(b));
      }
      this.at(this.between(500, 1500), () => {
        const other = this.up[this.random.int(this.up.length)];
        if (other === undefined || other === a || !a.up) return;
        a.neighbours.add(other.id);
        if (this.options.symmetricLinks !== false) other.neighbours.add(a.id);
        this.exchange(a, other);
      });
    }
  }

  // Slices

  apply(origin: SimulatedPeer, spec: SliceSpec, name?: string, owner = 'alice'): Uid {
    this.#slices += 1;
    const at = this.#slices;
    const uid = `uid-${name ?? at}` as Uid;
    const before = origin.slice(uid);
    const version = (before?.version[1] ?? 0) + 1;
    const view = {
      uid,
      namespace: 'default',
      name: name ?? `slice${at}`,
      owner: owner as never,
      spec,
      specHash: JSON.stringify(spec),
      createdOrder: before?.view?.createdOrder ?? at,
      deleting: false,
    };
    const record: Stored = { key: `slice/${uid}`, version: [1, version], view, gone: false };
    this.#sizes.set(uid, Math.max(spec.size ?? 0, this.held(uid).length));
    if (spec.percent !== undefined) this.#sizes.set(uid, Infinity);
    origin.merge([record]);
    return uid;
  }

  remove(origin: SimulatedPeer, uid: Uid): void {
    origin.merge([{ key: `slice/${uid}`, version: [2, 0], gone: true }]);
  }

  /** From now on the size that was last applied is a promise. */
  settled(uid: Uid, size: number): void {
    this.#sizes.set(uid, size);
  }

  held(uid: Uid): readonly SimulatedPeer[] {
    return this.up.filter((peer) => peer.ownClaim(uid)?.state === 'Held');
  }

  exact(uid: Uid, size: number): boolean {
    let held = 0;
    for (const peer of this.peers) {
      if (!peer.up) continue;
      const claim = peer.ownClaim(uid);
      if (claim?.state === 'Offered') return false;
      if (claim?.state === 'Held') held += 1;
    }
    return held === size;
  }

  // Observed at every write

  observe(peer: SimulatedPeer, action: Action): void {
    if (action.type === 'stopWork') this.stops += 1;
    if (action.type !== 'writeClaim') return;
    const { claim } = action;
    const { uid } = claim.slice;
    this.claimWrites += 1;
    if (claim.state === 'Offered') this.offers += 1;
    if (claim.state === 'Held' && !this.excused) {
      const held = this.held(uid).filter((other) => other !== peer).length + 1;
      if (held > (this.#sizes.get(uid) ?? Infinity)) {
        this.overHeld += 1;
        this.trace.push(`${Math.round(this.nowMs)} ${peer.name} over-holds ${uid}`);
      }
    }
    if (claim.state === 'Released' && (peer.work.get(uid) ?? 'none') !== 'none') {
      this.violations.push(`${peer.name} released ${uid} while its work ran`);
    }
    const places = peer
      .ownClaims()
      .filter((own) => own.slice.uid !== uid && own.state !== 'Released' && own.boot === peer.boot);
    if (claim.state !== 'Released' && places.length > 0) {
      this.violations.push(`${peer.name} claims ${uid} and has ${places[0]!.slice.uid}`);
    }
  }
}
