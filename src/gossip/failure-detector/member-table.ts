import { mix53 } from '../../lib/mix.ts';
import type { Membership, MemberView } from '../membership.ts';
import type { PeerId } from '../../objects/ids.ts';

/** Digests are sums below this, so that adding two of them stays exact. */
const digestModulus = 2 ** 51;

const isGone = (view: MemberView): boolean => view.state === 'dead' || view.state === 'away';

/**
 * What is believed of every peer, bounded. The digest is a sum over all that are not dead, so that it does not depend
 * on order nor on when the dead are forgotten; suspicion is left out of it because it passes by itself.
 */
export class MemberTable implements Membership {
  readonly self: PeerId;
  readonly #membersMax: number;
  readonly #deadMax: number;
  readonly #views = new Map<PeerId, MemberView>();
  /** In order of death. */
  readonly #dead = new Map<PeerId, number>();
  #digest = 0;
  #living: readonly PeerId[] | undefined;

  constructor(self: MemberView, bounds: { readonly membersMax: number; readonly deadMax: number }) {
    this.self = self.peer;
    this.#membersMax = bounds.membersMax;
    this.#deadMax = bounds.deadMax;
    this.put(self);
  }

  get(peer: PeerId): MemberView | undefined {
    return this.#views.get(peer);
  }

  all(): readonly MemberView[] {
    return [...this.#views.values()];
  }

  get size(): number {
    return this.#views.size;
  }

  get digest(): number {
    return this.#digest;
  }

  /** Whether a peer that is not known yet may be added. */
  get hasRoom(): boolean {
    return this.#views.size < this.#membersMax;
  }

  isLiving(peer: PeerId): boolean {
    const view = this.#views.get(peer);
    return view !== undefined && !isGone(view);
  }

  /** Alive or suspect, oneself included, in the order of peer ids: the cloud's ring. */
  living(): readonly PeerId[] {
    this.#living ??= [...this.#views.values()]
      .filter((view) => !isGone(view))
      .map(({ peer }) => peer)
      .toSorted();
    return this.#living;
  }

  /** The `count` living peers that follow oneself on the cloud's ring, or precede it where `step` is -1. */
  ringNeighbours(count: number, step: 1 | -1): PeerId[] {
    const living = this.living();
    const own = living.indexOf(this.self);
    const found: PeerId[] = [];
    for (let i = 1; i <= count && i < living.length; i++) {
      const peer = living[(own + step * i + living.length * count) % living.length];
      if (peer !== undefined && !found.includes(peer)) found.push(peer);
    }
    return found;
  }

  put(view: MemberView): void {
    const known = this.#views.get(view.peer);
    if (known !== undefined)
      this.#digest = (this.#digest + digestModulus - hash(known)) % digestModulus;
    this.#digest = (this.#digest + hash(view)) % digestModulus;
    if (known === undefined || isGone(known) !== isGone(view)) this.#living = undefined;
    this.#views.set(view.peer, view);
    this.#dead.delete(view.peer);
    if (view.state !== 'dead') return;
    this.#dead.set(view.peer, view.sinceMs);
    const oldest = this.#dead.keys().next();
    if (this.#dead.size > this.#deadMax && oldest.done !== true) this.#drop(oldest.value);
  }

  /** Drops those that died before `beforeMs`. */
  forgetDead(beforeMs: number): void {
    for (const [peer, diedAtMs] of this.#dead) {
      if (diedAtMs >= beforeMs) break;
      this.#drop(peer);
    }
  }

  #drop(peer: PeerId): void {
    this.#dead.delete(peer);
    this.#views.delete(peer);
  }
}

function hash(view: MemberView): number {
  if (view.state === 'dead') return 0;
  const { peer, boot, incarnation, state } = view;
  return mix53(`${peer} ${boot} ${incarnation} ${state === 'away'}`) % digestModulus;
}
