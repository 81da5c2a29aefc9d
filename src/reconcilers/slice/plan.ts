import type { AllocatorConfig } from './config.ts';
import type { ClaimSpec } from '../../objects/kinds/claim.ts';
import type { KnownPeer, SliceView, World } from './world.ts';
import type { PeerId, Uid } from '../../objects/ids.ts';
import type { Random } from '../../lib/random.ts';
import type { Step } from './action.ts';
import type { Turn } from './turn.ts';
import type { Opening } from './volunteer.ts';
import { compareClaims, compareSlices } from './order.ts';
import { firstOpening, fits, positionAmongFree } from './volunteer.ts';
import { freeIndex, nextSeniority } from './place.ts';
import { lanAllocator } from './config.ts';
import { Lookout } from './lookout.ts';
import { mayNotStay } from './eligibility.ts';
import { publishedTarget } from './desired.ts';
import { settleMs, volunteerDelayMs } from './delay.ts';
import { surplusOf } from './surplus.ts';
import { TargetPublisher } from './target-publisher.ts';
import { whomToAsk } from './whom-to-ask.ts';

/** What is remembered of the one place that this peer is after. Everything else is read from its claim. */
type Attempt =
  | {
      readonly phase: 'waiting';
      readonly slice: Uid;
      readonly sinceMs: number;
      readonly jitter: number;
    }
  | {
      readonly phase: 'settling';
      readonly slice: Uid;
      readonly dueMs: number;
      readonly late: number;
    }
  | {
      readonly phase: 'reading';
      readonly slice: Uid;
      readonly askId: number;
      readonly dueMs: number;
      readonly retries: number;
      readonly late: number;
      readonly answers: number | undefined;
    };

/** A read whose port never answers ends this long after its deadline. */
const silentReadMs = 25;
const contactsMax = 8;
const reasonLengthMax = 1000;

/** A claim of a deleted slice of which nothing runs any more: it binds nobody. */
function isOver(turn: Turn, { slice }: ClaimSpec): boolean {
  return turn.world.isGone(slice.uid) && turn.work(slice.uid) === 'none';
}

/**
 * Decides, for one peer and without asking anybody, which slice it is in: self-selection by claims, found exact under
 * loss, stalls, churn and restarts in simulation before it was built.
 *
 * | Phase | When | Do | Next |
 * |---|---|---|---|
 * | syncing | synced, or the limit passed | had a place that is still open: Offer, keep the work; else stop it | offered, idle |
 * | idle | a slice is short, I fit it, it is the first such | arm the delay of my position | waiting |
 * | waiting | delay over, still so | write Offered, tell claimants | settling |
 * | settling | `desired` claims ahead of mine | write Released, back off | idle |
 * | settling | settled; late: settle again by half | ask two rivals and two neighbours | reading |
 * | reading | two answers or the deadline | ahead ≥ desired: Released; else index, seniority, Held | idle, held |
 * | held | surplus for the grace, spec shrunk, refused, excluded, slice gone | stop the work, then Released | idle |
 *
 * The host calls `step` after every change and at `wakeAtMs`, performs the actions in order, and steps again with a
 * new world after a write. Own Offered and Held claims are read from the world, so a write that failed is simply
 * wanted again.
 */
export class SliceAllocator {
  readonly #config: AllocatorConfig;
  readonly #random: Random;
  readonly #lookout: Lookout;
  readonly #publisher: TargetPublisher;
  readonly #backoffUntilMs = new Map<Uid, number>();
  /** The members that this peer was told of as contacts, by slice whose overlay it is in. */
  readonly #overlays = new Map<Uid, ReadonlySet<PeerId>>();
  /** The part of the spec that was last found to fit, by slice; membership outlives drifting attributes. */
  readonly #placements = new Map<Uid, { readonly specHash: string; readonly text: string }>();
  #attempt: Attempt | undefined;
  #surplusSinceMs: number | undefined;
  #announced: number | undefined;
  #asks = 0;

  constructor(parts: { readonly random: Random }, config: AllocatorConfig = lanAllocator) {
    this.#random = parts.random;
    this.#config = config;
    this.#lookout = new Lookout(config);
    this.#publisher = new TargetPublisher(config);
  }

  /** What this peer is doing about the slice it has no place in yet. */
  get phase(): 'idle' | Attempt['phase'] {
    return this.#attempt?.phase ?? 'idle';
  }

  /** A read has ended: so many peers answered, and what they said is in the store. */
  answered(askId: number, answers: number): void {
    const attempt = this.#attempt;
    if (attempt?.phase !== 'reading' || attempt.askId !== askId) return;
    this.#attempt = { ...attempt, answers };
  }

  step(world: World): Step {
    const turn = this.#lookout.look(world);
    const own = [...turn.book.byPeer(world.me.id)];
    const live = own.filter((claim) => turn.book.isLive(claim) && !isOver(turn, claim));
    live.sort((a, b) => compareClaims(a, b));
    const [claim, ...beyondCapacity] = live;
    const syncing = this.#isSyncing(turn);

    for (const extra of beyondCapacity) this.#giveBack(turn, extra, 'this peer has one place');
    if (claim?.state === 'Held') this.#tendHeld(turn, claim);
    else if (claim !== undefined) this.#tendOffered(turn, claim);
    if (!syncing && !turn.wrote) this.#tendOldClaims(turn, own, claim === undefined);
    if (claim === undefined && !syncing && !turn.wrote) this.#volunteer(turn);
    if (claim === undefined && syncing) this.#attempt = undefined;
    if (!turn.wrote) this.#stopStrays(turn, live, syncing ? own : []);
    if (!turn.wrote) this.#tendOverlays(turn, live);
    return turn.finish();
  }

  #isSyncing(turn: Turn): boolean {
    const { synced, syncingSinceMs } = turn.world.me;
    const limitMs = syncingSinceMs + this.#config.syncLimitMs;
    if (!this.#config.rules.bootBound || synced || turn.nowMs >= limitMs) return false;
    turn.wakeAt(limitMs);
    return true;
  }

  // After a restart

  /** Places of earlier boots: the first that is still open is asked for again, the others are given back. */
  #tendOldClaims(turn: Turn, own: readonly ClaimSpec[], free: boolean): void {
    const { me } = turn.world;
    const old = own.filter(({ state, boot }) => state !== 'Released' && boot < me.boot);
    if (old.length === 0 || !this.#config.rules.bootBound) return;
    const open = free ? old.filter((claim) => this.#isStillOpen(turn, claim)) : [];
    open.sort((a, b) => {
      const [x, y] = [turn.slice(a.slice.uid), turn.slice(b.slice.uid)];
      return x === undefined || y === undefined ? 0 : compareSlices(x, y);
    });
    const kept = open[0];
    for (const claim of old) if (claim !== kept) this.#giveBack(turn, claim, 'place was taken');
    const slice = kept && turn.slice(kept.slice.uid);
    if (kept === undefined || slice === undefined || turn.mine === undefined) return;
    this.#offer(turn, slice, turn.mine, 0, kept.index);
    this.#event(turn, slice.uid, 'Adopted', `came back and asks for place ${kept.index ?? '?'}`);
  }

  #isStillOpen(turn: Turn, claim: ClaimSpec): boolean {
    const slice = turn.slice(claim.slice.uid);
    const { mine, world } = turn;
    if (claim.state !== 'Held' || claim.leaving === true || slice === undefined) return false;
    if (mine === undefined || slice.deleting || world.isGone(slice.uid)) return false;
    if (turn.work(slice.uid) === 'stopping' || turn.short(slice) <= 0) return false;
    if (mayNotStay(slice, mine, world.policy) !== undefined) return false;
    return claim.specHash === slice.specHash || fits(turn, slice, mine) !== undefined;
  }

  // Idle and waiting

  #volunteer(turn: Turn): void {
    const { world, mine } = turn;
    const idle = [...world.work.values()].every((state) => state === 'none');
    const opening =
      mine && idle ? firstOpening(turn, mine, this.#config.rules, this.#random) : undefined;
    if (mine === undefined || opening === undefined) {
      this.#attempt = undefined;
      return;
    }
    const { uid } = opening.slice;
    const backoffUntilMs = this.#backoffUntilMs.get(uid) ?? 0;
    if (backoffUntilMs > turn.nowMs) {
      this.#attempt = undefined;
      return turn.wakeAt(backoffUntilMs);
    }
    this.#backoffUntilMs.delete(uid);
    if (this.#attempt?.phase !== 'waiting' || this.#attempt.slice !== uid) {
      const jitter = this.#random.next();
      this.#attempt = { phase: 'waiting', slice: uid, sinceMs: turn.nowMs, jitter };
    }
    const dueMs = this.#attempt.sinceMs + this.#delayMs(turn, opening, mine, this.#attempt.jitter);
    if (turn.nowMs < dueMs) return turn.wakeAt(dueMs);
    this.#offer(turn, opening.slice, mine, opening.ranking.scoreOf(mine.id));
  }

  #delayMs(turn: Turn, opening: Opening, mine: KnownPeer, jitter: number): number {
    const position = positionAmongFree(turn, opening, mine);
    const delayMs = volunteerDelayMs(position, opening.short, this.#config);
    // Who does not know all peers guesses its position, and so do its equals: they must not speak at once.
    const guesses = turn.living > turn.world.peers.length;
    return (
      delayMs +
      jitter * (guesses ? Math.max(this.#config.jitterMs, delayMs / 2) : this.#config.jitterMs)
    );
  }

  #offer(turn: Turn, slice: SliceView, mine: KnownPeer, score: number, index?: number): void {
    const { me } = turn.world;
    const before = turn.claims(slice.uid).newest.get(me.id);
    this.#write(turn, slice.namespace, {
      slice: { name: slice.name, uid: slice.uid },
      peer: me.name,
      peerId: me.id,
      boot: me.boot,
      incarnation: me.incarnation,
      revision: before?.boot === me.boot ? before.revision : 0,
      state: 'Offered',
      specHash: slice.specHash,
      score,
      seniority: 0,
      ...(index === undefined ? {} : { index }),
    });
    this.#attempt = undefined;
    this.#event(turn, slice.uid, 'Offered', `${mine.name} offers itself`);
  }

  // Offered

  #tendOffered(turn: Turn, claim: ClaimSpec): void {
    const { uid } = claim.slice;
    const slice = turn.slice(uid);
    const desired = slice === undefined ? Infinity : turn.desired(slice);
    const ahead = turn.claims(uid).live.indexOf(claim);
    const refusal = this.#refusal(turn, claim, slice);
    if (refusal !== undefined) return this.#giveBack(turn, claim, refusal);
    if (ahead >= desired) return this.#giveBack(turn, claim, 'all places are taken');
    if (slice === undefined) return;

    const attempt = this.#attempt;
    if (attempt?.slice !== uid || attempt.phase === 'waiting') {
      this.#settle(turn, slice, 1, 0);
    } else if (attempt.phase === 'settling') {
      if (turn.nowMs < attempt.dueMs) return turn.wakeAt(attempt.dueMs);
      if (this.#isLate(turn, attempt)) this.#settle(turn, slice, 0.5, attempt.late + 1);
      else this.#read(turn, claim, slice, attempt.late, 0);
    } else {
      this.#endRead(turn, claim, slice, attempt);
    }
  }

  #settle(turn: Turn, slice: SliceView, share: number, late: number): void {
    const totalMs = settleMs(turn.desired(slice), turn.world.oneWayP99Ms, this.#config);
    const dueMs = turn.nowMs + share * totalMs;
    this.#attempt = { phase: 'settling', slice: slice.uid, dueMs, late };
    turn.wakeAt(dueMs);
  }

  /** A timer that fired late was overtaken by input that nobody has read: it says nothing about the network. */
  #isLate(turn: Turn, attempt: { readonly dueMs: number; readonly late: number }): boolean {
    const { rules, lateGuardMs, lateTimersMax } = this.#config;
    if (!rules.lateGuard || attempt.late >= lateTimersMax) return false;
    return turn.nowMs - attempt.dueMs > lateGuardMs;
  }

  #read(turn: Turn, claim: ClaimSpec, slice: SliceView, late: number, retries: number): void {
    const config = this.#config;
    const asked = config.rules.readBeforeHold
      ? whomToAsk(turn, slice.uid, config, this.#random)
      : { rivals: [], neighbours: [] };
    const count = asked.rivals.length + asked.neighbours.length;
    if (count === 0) return this.#hold(turn, claim, slice);
    this.#asks += 1;
    const askId = this.#asks;
    const dueMs = turn.nowMs + config.readDeadlineMs;
    turn.do({
      type: 'readClaims',
      askId,
      slice: slice.uid,
      ...asked,
      timeoutMs: config.readDeadlineMs,
      enough: Math.min(config.readEnough, count),
    });
    const read = { askId, dueMs, retries, late, answers: undefined };
    this.#attempt = { phase: 'reading', slice: slice.uid, ...read };
    turn.wakeAt(dueMs + silentReadMs);
  }

  #endRead(
    turn: Turn,
    claim: ClaimSpec,
    slice: SliceView,
    attempt: Extract<Attempt, { phase: 'reading' }>,
  ): void {
    const overMs = attempt.dueMs + silentReadMs;
    if (attempt.answers === undefined && turn.nowMs < overMs) return turn.wakeAt(overMs);
    if (this.#isLate(turn, attempt)) return this.#settle(turn, slice, 0.5, attempt.late + 1);
    if ((attempt.answers ?? 0) === 0 && attempt.retries === 0) {
      return this.#read(turn, claim, slice, attempt.late, 1);
    }
    this.#hold(turn, claim, slice);
  }

  /** Nobody ahead has the place: take it. */
  #hold(turn: Turn, claim: ClaimSpec, slice: SliceView): void {
    const { newest, live } = turn.claims(slice.uid);
    const seniority = nextSeniority(newest.values());
    const index = freeIndex(claim, live, turn.kept.get(slice.uid) ?? []);
    const target =
      slice.spec.percent === undefined
        ? undefined
        : (publishedTarget(newest.values()) ?? { epoch: 1, population: turn.living });
    this.#write(turn, slice.namespace, {
      ...claim,
      state: 'Held',
      incarnation: turn.world.me.incarnation,
      specHash: slice.specHash,
      seniority,
      index,
      ...(target === undefined ? {} : { target }),
    });
    this.#attempt = undefined;
    turn.do({ type: 'startWork', slice: slice.uid });
    this.#event(turn, slice.uid, 'Joined', `${claim.peer} holds place ${index}`);
  }

  // Held

  #tendHeld(turn: Turn, claim: ClaimSpec): void {
    this.#attempt = undefined;
    const { uid } = claim.slice;
    const slice = turn.slice(uid);
    const refusal = this.#refusal(turn, claim, slice);
    if (claim.leaving === true) return this.#giveBack(turn, claim, claim.reason ?? 'leaving');
    if (refusal !== undefined) return this.#giveBack(turn, claim, refusal);
    if (slice === undefined) return;

    const surplus = surplusOf(turn, claim, slice);
    if (surplus === undefined) {
      this.#surplusSinceMs = undefined;
    } else {
      this.#surplusSinceMs ??= turn.nowMs;
      const graceMs = surplus === 'shrunk' ? 0 : this.#config.surplusGraceMs;
      const leaveAtMs = this.#surplusSinceMs + graceMs;
      if (turn.nowMs < leaveAtMs) return turn.wakeAt(leaveAtMs);
      return this.#giveBack(turn, claim, 'more members than wanted, and this one is junior');
    }

    const target = this.#publisher.next(turn, claim, slice);
    if (target !== undefined || claim.specHash !== slice.specHash) {
      const changed = { ...claim, specHash: slice.specHash, ...(target ? { target } : {}) };
      return this.#write(turn, slice.namespace, changed);
    }
    // Whoever believed this peer dead hears of its place together with its new incarnation.
    const refuted = this.#announced !== undefined && this.#announced !== turn.world.me.incarnation;
    this.#announced = turn.world.me.incarnation;
    if (refuted) this.#tellClaimants(turn, slice.namespace, uid);
  }

  /** Why this claim must end whatever the others do; undefined when it need not. */
  #refusal(turn: Turn, claim: ClaimSpec, slice: SliceView | undefined): string | undefined {
    const { world, mine } = turn;
    if (world.isGone(claim.slice.uid)) return 'the slice was deleted';
    // A record that is missing is not a slice that was deleted.
    if (slice === undefined || mine === undefined) return undefined;
    if (slice.deleting) return 'the slice is being deleted';
    const unfit = mayNotStay(slice, mine, world.policy);
    if (unfit !== undefined) return unfit.message;
    const placed = this.#placements.get(slice.uid);
    if (placed?.specHash === slice.specHash) return undefined;
    const text = JSON.stringify([slice.spec.where ?? null, slice.spec.rank ?? null]);
    if (placed !== undefined && placed.text !== text && fits(turn, slice, mine) === undefined) {
      return 'no longer fits where and rank';
    }
    this.#placements.set(slice.uid, { specHash: slice.specHash, text });
    return undefined;
  }

  // Giving back

  /** Work first, then the claim: a place that reads Released has nothing running in it. */
  #giveBack(turn: Turn, claim: ClaimSpec, why: string): void {
    const { uid } = claim.slice;
    const reason = why.slice(0, reasonLengthMax);
    const namespace = turn.book.namespaceOf(uid) ?? '';
    const work = turn.work(uid);
    const { me } = turn.world;
    if (turn.world.isGone(uid)) {
      // Its claims go with it; nobody is there to read another one.
      if (work === 'running') turn.do({ type: 'stopWork', slice: uid, reason });
      return;
    }
    const own = claim.boot === me.boot ? claim : { ...claim, boot: me.boot, revision: 0 };
    if (work !== 'none') {
      if (own === claim && claim.state === 'Held' && claim.leaving !== true) {
        this.#write(turn, namespace, { ...claim, leaving: true, reason });
        this.#event(turn, uid, 'Leaving', `${claim.peer} leaves: ${reason}`);
      }
      if (work === 'running') turn.do({ type: 'stopWork', slice: uid, reason });
      return;
    }
    const { leaving: _, ...rest } = own;
    this.#write(turn, namespace, {
      ...rest,
      incarnation: me.incarnation,
      state: 'Released',
      reason,
    });
    this.#event(
      turn,
      uid,
      claim.state === 'Held' ? 'Left' : 'Withdrawn',
      `${claim.peer}: ${reason}`,
    );
    const slice = turn.slice(uid);
    const settle = settleMs(slice ? turn.desired(slice) : 0, turn.world.oneWayP99Ms, this.#config);
    const [least, most] = this.#config.backoffSettles;
    const pauseMs = settle * (least + (most - least) * this.#random.next());
    this.#backoffUntilMs.set(uid, turn.nowMs + pauseMs);
    this.#placements.delete(uid);
    this.#attempt = undefined;
    this.#surplusSinceMs = undefined;
    this.#publisher.reset();
  }

  /** Work without a claim, left behind by a crash between two writes or by a deleted slice. */
  #stopStrays(turn: Turn, live: readonly ClaimSpec[], adopted: readonly ClaimSpec[]): void {
    for (const [uid, state] of turn.world.work) {
      if (state !== 'running') continue;
      if ([...live, ...adopted].some(({ slice }) => slice.uid === uid)) continue;
      if (turn.stops(uid)) continue;
      turn.do({ type: 'stopWork', slice: uid, reason: 'this peer has no place in the slice' });
    }
  }

  // Telling

  #write(turn: Turn, namespace: string, claim: ClaimSpec): void {
    const written = { ...claim, revision: claim.revision + 1 };
    turn.do({ type: 'writeClaim', namespace, claim: written });
    if (written.state !== 'Released') this.#tellClaimants(turn, namespace, claim.slice.uid);
  }

  #tellClaimants(turn: Turn, namespace: string, slice: Uid): void {
    if (!this.#config.rules.claimantsTalk) return;
    const { membership, me } = turn.world;
    const to = turn
      .claims(slice)
      .live.map(({ peerId }) => peerId)
      .filter((peer) => peer !== me.id && membership.get(peer)?.state !== 'dead')
      .slice(0, this.#config.directSendsMax);
    if (to.length > 0) turn.do({ type: 'sendClaim', to, namespace, slice });
  }

  #tendOverlays(turn: Turn, live: readonly ClaimSpec[]): void {
    const held = live.filter(({ state }) => state === 'Held').map(({ slice }) => slice.uid);
    for (const uid of this.#overlays.keys()) {
      if (held.includes(uid)) continue;
      this.#overlays.delete(uid);
      turn.do({ type: 'leaveOverlay', slice: uid });
    }
    for (const uid of held) {
      const members = turn
        .claims(uid)
        .live.filter(({ state, peerId }) => state === 'Held' && peerId !== turn.world.me.id)
        .map(({ peerId }) => peerId);
      const told = this.#overlays.get(uid);
      // Two that came to Held at the same moment knew nobody when they entered: who is heard of later counts too.
      const known = members.filter((peer) => told?.has(peer) === true);
      const contacts = members
        .filter((peer) => !known.includes(peer))
        .slice(0, Math.max(0, contactsMax - known.length));
      if (told !== undefined && contacts.length === 0) continue;
      this.#overlays.set(uid, new Set([...known, ...contacts]));
      turn.do({ type: 'enterOverlay', slice: uid, contacts });
    }
  }

  #event(
    turn: Turn,
    slice: Uid,
    reason: 'Offered' | 'Joined' | 'Withdrawn' | 'Leaving' | 'Left' | 'Adopted',
    message: string,
  ): void {
    turn.do({ type: 'event', slice, severity: 'Normal', reason, message });
  }
}
