import type { Action, Step } from './action.ts';
import type { ClaimBook, SliceClaims } from './claim-book.ts';
import type { ClaimSpec } from '../../objects/kinds/claim.ts';
import type { KnownPeer, SliceView, WorkState, World } from './world.ts';
import type { Uid } from '../../objects/ids.ts';
import { desiredMembers, population } from './desired.ts';

/** One step under way: the world it looks at, what was made of it, and what shall be done. */
export class Turn {
  readonly world: World;
  readonly book: ClaimBook;
  /** Claims whose places are kept for members that may come back, by slice. */
  readonly kept: ReadonlyMap<Uid, readonly ClaimSpec[]>;
  readonly living: number;
  readonly mine: KnownPeer | undefined;
  readonly #slices: ReadonlyMap<Uid, SliceView>;
  readonly #actions: Action[] = [];
  #wakeAtMs: number | undefined;
  #wrote = false;

  constructor(world: World, book: ClaimBook, kept: ReadonlyMap<Uid, readonly ClaimSpec[]>) {
    this.world = world;
    this.book = book;
    this.kept = kept;
    this.living = population(world.membership, world.sizeEstimate);
    this.mine = world.peers.find(({ id }) => id === world.me.id);
    this.#slices = new Map(world.slices.map((slice) => [slice.uid, slice]));
  }

  get nowMs(): number {
    return this.world.nowMs;
  }

  /** A claim was written: what this turn knows is no longer true, and nothing more should be decided from it. */
  get wrote(): boolean {
    return this.#wrote;
  }

  do(action: Action): void {
    if (action.type === 'writeClaim') this.#wrote = true;
    this.#actions.push(action);
  }

  /** Whether this turn stops work of the slice already. */
  stops(uid: Uid): boolean {
    return this.#actions.some((action) => action.type === 'stopWork' && action.slice === uid);
  }

  wakeAt(atMs: number): void {
    if (this.#wakeAtMs === undefined || atMs < this.#wakeAtMs) this.#wakeAtMs = atMs;
  }

  slice(uid: Uid): SliceView | undefined {
    return this.#slices.get(uid);
  }

  claims(uid: Uid): SliceClaims {
    return this.book.of(uid);
  }

  desired(slice: SliceView): number {
    return desiredMembers(slice.spec, this.claims(slice.uid).newest.values(), this.living);
  }

  /** Places that nobody has, is about to have, or is expected back to. */
  short(slice: SliceView): number {
    const taken = this.claims(slice.uid).live.length + (this.kept.get(slice.uid)?.length ?? 0);
    return this.desired(slice) - taken;
  }

  work(uid: Uid): WorkState {
    return this.world.work.get(uid) ?? 'none';
  }

  finish(): Step {
    return { actions: this.#actions, wakeAtMs: this.#wakeAtMs };
  }
}
