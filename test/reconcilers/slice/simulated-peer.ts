import type { AllocatorConfig } from '../../../src/reconcilers/slice/config.ts';
import type { ClaimSpec } from '../../../src/objects/kinds/claim.ts';
import type {
  KnownPeer,
  SliceView,
  WorkState,
  World,
} from '../../../src/reconcilers/slice/world.ts';
import type { Membership, MemberView } from '../../../src/gossip/membership.ts';
import type { OwnerName, PeerId, PeerName, Uid } from '../../../src/objects/ids.ts';
import type { SimulatedCloud } from './simulated-cloud.ts';
import { SliceAllocator } from '../../../src/reconcilers/slice/plan.ts';

/** A replicated record: a claim, or a slice. */
export interface Stored {
  readonly key: string;
  readonly version: readonly [number, number];
  readonly claim?: ClaimSpec;
  readonly view?: SliceView;
  readonly gone?: boolean;
}

/** One machine of a simulated cloud: its disk, its work, and, while its daemon is up, an allocator. */
export class SimulatedPeer implements Membership {
  readonly id: PeerId;
  readonly self: PeerId;
  readonly name: PeerName;
  readonly at: number;
  readonly neighbours: Set<PeerId> = new Set();
  readonly work: Map<Uid, WorkState> = new Map();
  boot = 1;
  incarnation = 0;
  up = true;
  synced = true;
  syncingSinceMs = 0;
  steps = 0;
  readonly #cloud: SimulatedCloud;
  readonly #config: AllocatorConfig;
  readonly #store = new Map<string, Stored>();
  readonly #views = new Map<PeerId, MemberView>();
  #allocator: SliceAllocator;
  #known: readonly KnownPeer[] | undefined;
  #wake = 0;
  #stepPending = false;
  #frozen: { readonly timers: (() => void)[]; readonly messages: (() => void)[] } | undefined;

  constructor(cloud: SimulatedCloud, at: number, config: AllocatorConfig) {
    this.#cloud = cloud;
    this.#config = config;
    this.id = `peer${String(at).padStart(4, '0')}` as PeerId;
    this.self = this.id;
    this.name = `node${at + 1}` as PeerName;
    this.at = at;
    this.#allocator = this.#newAllocator();
  }

  #newAllocator(): SliceAllocator {
    const random = this.#cloud.random.fork(`${this.id} boot ${this.boot}`);
    return new SliceAllocator({ random }, this.#config);
  }

  // Membership

  get(peer: PeerId): MemberView | undefined {
    if (peer === this.id) return this.#view('alive', this.boot, this.incarnation, false);
    return this.#views.get(peer);
  }

  all(): readonly MemberView[] {
    return [this.get(this.id)!, ...this.#views.values()];
  }

  deaths(): readonly MemberView[] {
    return this.all().filter(({ state }) => state === 'dead');
  }

  #view(
    state: MemberView['state'],
    boot: number,
    incarnation: number,
    reset: boolean,
    peer: PeerId = this.id,
  ): MemberView {
    const sinceMs = this.#cloud.nowMs;
    return { peer, boot, incarnation, state, sinceMs, reset, addresses: [] };
  }

  meetAll(): void {
    for (const other of this.#cloud.peers) {
      if (other !== this && other.up) this.believeAlive(other);
    }
  }

  believedUp(): readonly SimulatedPeer[] {
    return [...this.#views.values()]
      .filter(({ state }) => state === 'alive')
      .map(({ peer }) => this.#cloud.byId.get(peer)!)
      .filter((peer) => peer.up);
  }

  believeAlive(other: SimulatedPeer): void {
    if (!this.up) return;
    this.#see(this.#view('alive', other.boot, other.incarnation, false, other.id));
  }

  believeDead(other: SimulatedPeer, boot: number, reset: boolean): void {
    if (!this.up) return;
    const { incarnation } = this.#views.get(other.id) ?? other;
    this.#see(this.#view('dead', boot, incarnation, reset, other.id));
  }

  believeAway(other: SimulatedPeer, forMs: number): void {
    if (!this.up) return;
    const view = this.#view('away', other.boot, other.incarnation, false, other.id);
    this.#see({ ...view, awayUntilMs: this.#cloud.nowMs + forMs });
  }

  learnViews(views: readonly MemberView[]): void {
    for (const view of views) {
      if (view.peer !== this.id) this.#see({ ...view, sinceMs: this.#cloud.nowMs });
    }
  }

  /** Higher (boot, incarnation) wins; equal ones: the worse state. */
  #see(view: MemberView): void {
    const rank = { alive: 0, suspect: 1, away: 2, dead: 3 };
    const known = this.#views.get(view.peer);
    const newer =
      known === undefined ||
      (view.boot - known.boot ||
        view.incarnation - known.incarnation ||
        rank[view.state] - rank[known.state]) > 0;
    if (!newer) return;
    this.#views.set(view.peer, view);
    if (view.state === 'dead') {
      for (const id of this.neighbours) {
        const other = this.#cloud.byId.get(id)!;
        this.#cloud.send(this, other, () => other.learnViews([view]));
      }
    }
    if (view.state === 'dead' && this.neighbours.delete(view.peer)) this.#mendLinks();
    this.touch();
  }

  #mendLinks(): void {
    const { options } = this.#cloud;
    this.#cloud.link(this, Math.min(options.neighbours ?? 6, this.believedUp().length));
    if (options.exchangeOnLoss === false) return;
    const ids = [...this.neighbours];
    const other = this.#cloud.byId.get(ids[this.#cloud.random.int(ids.length)]!);
    if (other !== undefined) this.#cloud.exchange(this, other);
  }

  // Process

  stopProcess(): void {
    this.up = false;
    this.#frozen = undefined;
    this.neighbours.clear();
    this.#views.clear();
  }

  startProcess(): void {
    this.boot += 1;
    this.incarnation = 0;
    this.up = true;
    this.synced = false;
    this.syncingSinceMs = this.#cloud.nowMs;
    this.#allocator = this.#newAllocator();
    this.#wake += 1;
    this.#stepPending = false;
    // What was half stopped when the daemon died runs on; work is found again by listing it.
    for (const [uid, state] of this.work) if (state === 'stopping') this.work.set(uid, 'running');
    this.touch();
  }

  finishSync(): void {
    this.synced = true;
    this.touch();
  }

  freeze(): void {
    this.#frozen ??= { timers: [], messages: [] };
  }

  thaw(): void {
    const held = this.#frozen;
    this.#frozen = undefined;
    if (!this.up || held === undefined) return;
    for (const run of held.timers) run();
    for (const run of held.messages) run();
  }

  deliver(kind: 'message' | 'timer', run: () => void): void {
    if (!this.up) return;
    if (this.#frozen === undefined) run();
    else this.#frozen[kind === 'timer' ? 'timers' : 'messages'].push(run);
  }

  // Store

  records(): readonly Stored[] {
    return [...this.#store.values()];
  }

  slice(uid: Uid): Stored | undefined {
    return this.#store.get(`slice/${uid}`);
  }

  ownClaims(): readonly ClaimSpec[] {
    return this.records().flatMap(({ claim }) => (claim?.peerId === this.id ? [claim] : []));
  }

  ownClaim(uid: Uid): ClaimSpec | undefined {
    const claim = this.#store.get(`claim/${uid}/${this.id}`)?.claim;
    return claim?.boot === this.boot ? claim : undefined;
  }

  claims(uid: Uid): readonly ClaimSpec[] {
    return this.records().flatMap(({ claim }) => (claim?.slice.uid === uid ? [claim] : []));
  }

  /** Keeps what is newer, and pushes it on at first sight. */
  merge(records: readonly Stored[], from?: PeerId): void {
    const news = records.filter((record) => {
      if (record.claim !== undefined && this.slice(record.claim.slice.uid)?.gone) return false;
      const known = this.#store.get(record.key);
      const [a, b] = record.version;
      return known === undefined || (a - known.version[0] || b - known.version[1]) > 0;
    });
    if (news.length === 0) return;
    for (const record of news) {
      this.#store.set(record.key, record);
      if (record.gone) this.#dropClaims(record.key);
    }
    for (const id of this.neighbours) {
      const other = this.#cloud.byId.get(id)!;
      if (id !== from) this.#cloud.send(this, other, () => other.merge(news, this.id));
    }
    this.touch();
  }

  /** What belongs to a deleted slice goes with it. */
  #dropClaims(slice: string): void {
    for (const [key, { claim }] of this.#store) {
      if (claim !== undefined && `slice/${claim.slice.uid}` === slice) this.#store.delete(key);
    }
  }

  // Allocator

  touch(): void {
    if (this.#stepPending || !this.up) return;
    this.#stepPending = true;
    const { boot } = this;
    this.#cloud.at(0, () => {
      if (this.boot === boot) this.deliver('timer', () => this.#run());
    });
  }

  world(): World {
    const slices: SliceView[] = [];
    const claims: { namespace: string; spec: ClaimSpec }[] = [];
    for (const { claim, view, gone } of this.#store.values()) {
      if (claim !== undefined) claims.push({ namespace: 'default', spec: claim });
      else if (view !== undefined && gone !== true) slices.push(view);
    }
    const { options } = this.#cloud;
    return {
      nowMs: this.#cloud.nowMs,
      me: {
        id: this.id,
        name: this.name,
        owner: 'alice' as OwnerName,
        boot: this.boot,
        incarnation: this.incarnation,
        synced: this.synced,
        syncingSinceMs: this.syncingSinceMs,
      },
      slices,
      isGone: (uid) => this.slice(uid)?.gone === true,
      claims,
      membership: this,
      peers: this.#peers(),
      policy: (owner, driver, peer) => {
        const refused = options.policy?.(owner, driver, peer.name);
        return { allowed: refused === undefined, message: refused ?? '' };
      },
      neighbours: [...this.neighbours],
      work: this.work,
    };
  }

  #peers(): readonly KnownPeer[] {
    const { labels, attributes } = this.#cloud.options;
    this.#known ??= this.#cloud.peers.map(({ id, name, at }) => ({
      id,
      name,
      owner: 'alice' as OwnerName,
      labels: labels?.(at) ?? {},
      attributes: attributes?.(at, this.at) ?? { cores: '4' },
      drivers: [{ name: 'process', healthy: true }],
    }));
    return this.#known;
  }

  #run(): void {
    this.#stepPending = false;
    for (let again = true; again;) {
      this.steps += 1;
      again = false;
      const { actions, wakeAtMs } = this.#allocator.step(this.world());
      for (const action of actions) {
        this.#cloud.observe(this, action);
        this.#perform(action);
        again ||= action.type === 'writeClaim';
      }
      this.#wake += 1;
      if (!again && wakeAtMs !== undefined) this.#wakeAt(wakeAtMs, this.#wake);
    }
  }

  #wakeAt(atMs: number, wake: number): void {
    this.#cloud.at(Math.max(0, atMs - this.#cloud.nowMs), () => {
      if (this.up && wake === this.#wake) this.deliver('timer', () => this.#run());
    });
  }

  #perform(action: ReturnType<SliceAllocator['step']>['actions'][number]): void {
    switch (action.type) {
      case 'writeClaim': {
        const { claim } = action;
        const key = `claim/${claim.slice.uid}/${this.id}`;
        this.merge([{ key, version: [claim.boot, claim.revision], claim }]);
        return;
      }
      case 'sendClaim':
        for (const id of action.to) this.#tell(this.#cloud.byId.get(id)!, action.slice);
        return;
      case 'readClaims':
        this.#read(action);
        return;
      case 'stopWork':
        this.work.set(action.slice, 'stopping');
        this.#cloud.at(this.#cloud.between(5, 50), () => {
          if (this.work.get(action.slice) !== 'stopping') return;
          this.work.delete(action.slice);
          this.touch();
        });
        return;
      case 'startWork':
        if (this.slice(action.slice)?.view?.spec.template) this.work.set(action.slice, 'running');
        return;
      case 'enterOverlay':
      case 'leaveOverlay':
      case 'event':
        return;
      default:
        action satisfies never;
    }
  }

  /** Sends the claim, as a request that is answered with the other's own. */
  #tell(to: SimulatedPeer, slice: Uid): void {
    const mine = this.#store.get(`claim/${slice}/${this.id}`)!;
    this.#cloud.request(this, to, 1000, () => {
      to.merge([mine], this.id);
      const theirs = to.#store.get(`claim/${slice}/${to.id}`);
      return () => {
        if (theirs !== undefined) this.merge([theirs], to.id);
      };
    });
  }

  #read(action: {
    readonly askId: number;
    readonly slice: Uid;
    readonly rivals: readonly PeerId[];
    readonly neighbours: readonly PeerId[];
    readonly timeoutMs: number;
    readonly enough: number;
  }): void {
    const allocator = this.#allocator;
    let answers = 0;
    let ended = false;
    const end = (): void => {
      if (ended || allocator !== this.#allocator) return;
      ended = true;
      allocator.answered(action.askId, answers);
      this.touch();
    };
    for (const id of [...action.rivals, ...action.neighbours]) {
      const other = this.#cloud.byId.get(id)!;
      this.#cloud.request(this, other, action.timeoutMs, () => {
        const theirs = other.records().filter(({ claim }) => claim?.slice.uid === action.slice);
        const dead = other.deaths();
        return () => {
          this.learnViews(dead);
          this.merge(theirs, id);
          answers += 1;
          if (answers >= action.enough) end();
        };
      });
    }
    this.#cloud.at(action.timeoutMs, () => this.deliver('timer', end));
  }
}
