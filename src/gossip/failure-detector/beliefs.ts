import { MemberTable } from './member-table.ts';
import { Rumours } from './rumours.ts';
import { Suspicion } from './suspicion.ts';
import type { DetectorConfig } from './config.ts';
import type { Liveness, MemberView } from '../membership.ts';
import type { PeerId } from '../../objects/ids.ts';
import type { Rumour } from './rumours.ts';
import type { SuspicionTimes } from './suspicion.ts';
import type { Update } from './message.ts';

/** `previous` is undefined for a peer that was not known. */
export type ChangeListener = (view: MemberView, previous: MemberView | undefined) => void;

interface Components {
  /** Oneself, as it begins. */
  readonly own: MemberView;
  /** Somebody else accused this peer: one may look for oneself. */
  readonly onAccused: (peer: PeerId) => void;
  /** How long an answer of this peer may reasonably take now, ms; 0 while nothing is known. */
  readonly patienceMs: (peer: PeerId) => number;
  /** When this peer last said anything here; -Infinity for never. */
  readonly heardMs: (peer: PeerId) => number;
  /** We were accused, which suggests that we are slow. */
  readonly onRefuted: () => void;
}

/** Told at the end of the current call: to all neighbours where `wide`, else to a few. */
export interface Urgent {
  readonly rumour: Rumour;
  readonly wide: boolean;
}

/** A suspect gets the time of so many answers to refute, and at most so many times the usual time. */
const refutationAnswers = 3;
const patientMax = 8;

/** Worse beats better at equal (boot, incarnation). */
const badness: Record<Liveness, number> = { alive: 0, suspect: 1, away: 2, dead: 3 };

/** Rumours kept; a storm of more is repaired by digests. */
const rumoursMax = 512;

/**
 * What is believed and why: SWIM's rules of precedence, suspicions with their accusers, and what is still to be told.
 * A higher (boot, incarnation) wins, at equal ones the worse state; oneself is believed by nobody's word but one's own.
 */
export class Beliefs {
  readonly table: MemberTable;
  readonly rumours: Rumours = new Rumours(rumoursMax);
  readonly #components: Components;
  readonly #config: DetectorConfig;
  readonly #suspicions = new Map<PeerId, Suspicion>();
  readonly #listeners: ChangeListener[] = [];
  #urgent: Urgent[] = [];

  constructor(components: Components, config: DetectorConfig) {
    this.#components = components;
    this.#config = config;
    this.table = new MemberTable(components.own, config);
  }

  get own(): MemberView {
    return this.table.get(this.table.self) ?? this.#components.own;
  }

  get suspicions(): number {
    return this.#suspicions.size;
  }

  onChange(listener: ChangeListener): void {
    this.#listeners.push(listener);
  }

  takeUrgent(): Urgent[] {
    const urgent = this.#urgent;
    this.#urgent = [];
    return urgent;
  }

  nextDeadlineMs(): number {
    let next = Infinity;
    for (const { deadlineMs } of this.#suspicions.values()) next = Math.min(next, deadlineMs);
    return next;
  }

  /** This machine slept: suspects get the time back. */
  postpone(byMs: number): void {
    for (const suspicion of this.#suspicions.values()) suspicion.postpone(byMs);
  }

  /** Suspects whose time is up are dead, unless they spoke meanwhile: the dead do not, and the slow get time again. */
  expireSuspicions(nowMs: number): void {
    for (const [peer, suspicion] of this.#suspicions) {
      const known = this.table.get(peer);
      if (nowMs < suspicion.deadlineMs || known === undefined) continue;
      if (this.#components.heardMs(peer) > suspicion.startMs) {
        suspicion.postpone(nowMs - suspicion.startMs);
        continue;
      }
      this.become({ ...known, state: 'dead', reset: false }, nowMs, true);
    }
  }

  /** Absences that lasted longer than announced are deaths. */
  expireAbsences(nowMs: number): void {
    for (const view of this.table.all()) {
      const isOver = view.state === 'away' && nowMs >= (view.awayUntilMs ?? 0);
      if (!isOver || view.peer === this.table.self) continue;
      this.become({ ...view, state: 'dead', reset: false }, nowMs, false);
    }
  }

  /** Somebody's word about a peer. */
  apply(update: Update, nowMs: number): void {
    if (update.peer === this.table.self) {
      this.#refute(update, nowMs);
      return;
    }
    const known = this.table.get(update.peer);
    if (known === undefined && !this.table.hasRoom) return;
    const order =
      known === undefined
        ? 1
        : update.boot - known.boot ||
          update.incarnation - known.incarnation ||
          badness[update.state] - badness[known.state];
    if (update.state === 'suspect' && order >= 0) {
      this.accuse(update, update.suspectedBy ?? update.peer, nowMs);
    } else if (order > 0) this.become(update, nowMs, false);
  }

  /**
   * A line of somebody's whole table. A death in it that is news here is taken for an accusation: either it was missed,
   * or a partition ends, and then the living must get the time to refute.
   */
  applyFromTable(update: Update, from: PeerId, nowMs: number): void {
    const isAccusation = update.state === 'dead' && this.table.isLiving(update.peer);
    if (isAccusation && update.peer !== this.table.self) {
      this.apply({ ...update, state: 'suspect', suspectedBy: from }, nowMs);
    } else this.apply(update, nowMs);
  }

  /** `accuser` got no answer from it. */
  accuse(
    accused: Pick<Update, 'peer' | 'boot' | 'incarnation'>,
    accuser: PeerId,
    nowMs: number,
    times: SuspicionTimes = this.#suspicionTimes(accused.peer),
  ): void {
    const { peer, boot, incarnation } = accused;
    const isOwn = accuser === this.table.self;
    const known = this.table.get(peer);
    const suspicion = this.#suspicions.get(peer);
    const isSame = known?.boot === boot && known.incarnation === incarnation;
    if (suspicion !== undefined && known?.state === 'suspect' && isSame) {
      if (suspicion.confirm(accuser)) this.#mention({ peer, suspectedBy: accuser });
      return;
    }
    this.#suspicions.set(peer, new Suspicion(times, nowMs, accuser));
    this.become({ peer, boot, incarnation, state: 'suspect' }, nowMs, isOwn);
    if (!isOwn) this.#components.onAccused(peer);
  }

  /** Its connection was reset, and redialling goes on: a suspicion that nobody need confirm. */
  accuseBriefly(accused: MemberView, nowMs: number): void {
    const { resetSuspicionMs } = this.#config;
    // A slower suspicion that runs already gives way.
    this.#suspicions.delete(accused.peer);
    const times = { minMs: resetSuspicionMs, maxMs: resetSuspicionMs, confirmations: 0 };
    this.accuse(accused, this.table.self, nowMs, times);
  }

  /** Enters a state; `wide` for what was observed here, as nobody else may know it. */
  become(update: Update, nowMs: number, wide: boolean): void {
    const { peer, boot, incarnation, state } = update;
    const known = this.table.get(peer);
    if (state !== 'suspect') this.#suspicions.delete(peer);
    const isSameState = known?.state === state && known.boot === boot;
    const awayForMs = Math.min(update.awayForMs ?? 0, this.#config.awayMaxMs);
    this.#put(
      {
        peer,
        boot,
        incarnation,
        state,
        sinceMs: isSameState ? known.sinceMs : nowMs,
        reset: state === 'dead' && update.reset === true,
        addresses: update.addresses ?? known?.addresses ?? [],
        ...(state === 'away' && { awayUntilMs: nowMs + awayForMs }),
      },
      wide,
    );
  }

  /** What this peer says of itself, under a new incarnation. */
  setOwn(change: Partial<MemberView>, nowMs: number): void {
    const { own } = this;
    const incarnation = change.incarnation ?? own.incarnation + 1;
    const sinceMs = change.state === undefined ? own.sinceMs : nowMs;
    this.#put({ ...own, ...change, incarnation, sinceMs }, true);
  }

  /** Words for a rumour, from what is believed now; undefined when the peer is forgotten. */
  update({ peer, suspectedBy }: Rumour, nowMs: number): Update | undefined {
    const view = this.table.get(peer);
    if (view === undefined) return undefined;
    const { boot, incarnation, state, reset, addresses } = view;
    const update = { peer, boot, incarnation, state };
    switch (state) {
      case 'alive':
        return { ...update, addresses };
      case 'suspect': {
        const accusers = this.#suspicions.get(peer)?.accusers() ?? [];
        const { self } = this.table;
        const accuser = suspectedBy ?? (accusers.includes(self) ? self : accusers[0]);
        return accuser === undefined ? update : { ...update, suspectedBy: accuser };
      }
      case 'away':
        return { ...update, addresses, awayForMs: (view.awayUntilMs ?? 0) - nowMs };
      case 'dead':
        return { ...update, reset };
      default:
        return state satisfies never;
    }
  }

  updates(rumours: readonly Rumour[], nowMs: number): Update[] {
    return rumours
      .map((rumour) => this.update(rumour, nowMs))
      .filter((update) => update !== undefined);
  }

  /** A worse belief about this boot is answered with a higher incarnation. */
  #refute(update: Update, nowMs: number): void {
    const { own } = this;
    if (update.boot !== own.boot || update.incarnation < own.incarnation) return;
    const isWorse = badness[update.state] > badness[own.state];
    if (!isWorse && update.incarnation === own.incarnation) return;
    if (isWorse) this.#components.onRefuted();
    this.setOwn({ incarnation: update.incarnation + 1 }, nowMs);
  }

  #suspicionTimes(peer: PeerId): SuspicionTimes {
    const { suspicionMinMs, suspicionMaxFactor, confirmations } = this.#config;
    const living = this.table.living().length;
    const usualMs = suspicionMinMs * Math.max(1, Math.log10(living));
    // A refutation is an answer too: where answers are slow it gets the time of several.
    const slowMs = Math.min(
      refutationAnswers * this.#components.patienceMs(peer),
      patientMax * usualMs,
    );
    const minMs = Math.max(usualMs, slowMs);
    // Neither the accused nor the accuser can confirm.
    const possible = Math.max(0, Math.min(confirmations, living - 2));
    return { minMs, maxMs: minMs * suspicionMaxFactor, confirmations: possible };
  }

  /** The only door into the table. */
  #put(view: MemberView, wide: boolean): void {
    const previous = this.table.get(view.peer);
    this.table.put(view);
    // Doubts come and go, and most are wrong: they ride on probes. Told at once to everybody, they were what kept an
    // overloaded cloud overloaded. A peer's own refutation goes out at once, others pass it on with their probes.
    const isRefuted = previous?.state === 'suspect' && view.state === 'alive';
    const isDoubt = view.state === 'suspect' || (isRefuted && view.peer !== this.table.self);
    this.#mention({ peer: view.peer });
    if (!isDoubt) this.#urgent.push({ rumour: { peer: view.peer }, wide });
    for (const listener of this.#listeners) listener(view, previous);
  }

  /** Rides on the next probes and acknowledgements. */
  #mention(rumour: Rumour): void {
    const { retransmitFactor } = this.#config;
    const times = Math.max(1, Math.ceil(retransmitFactor * Math.log10(this.table.size + 1)));
    this.rumours.add(rumour, times);
  }
}
