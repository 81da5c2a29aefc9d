import type { Action } from './action.ts';
import type { AllocatorConfig } from './config.ts';
import type { ClaimSpec } from '../../objects/kinds/claim.ts';
import type { Clock } from '../../controller/clock.ts';
import type { ManagerReports } from '../../controller/manager.ts';
import type { Random } from '../../lib/random.ts';
import type { Reconciler, Verdict } from '../../controller/reconciler.ts';
import type { SlicePorts } from './ports.ts';
import type { World } from './world.ts';
import { isNewer } from './order.ts';
import { lanAllocator } from './config.ts';
import { Manager } from '../../controller/manager.ts';
import { SliceAllocator } from './plan.ts';

/** The allocator sees all slices at once (capacity and order span them), so there is one key. */
const key = 'places';
/** Writes after each other without a pause; more is a fault, and the queue must get its turn. */
const stepsMax = 16;

function shows(world: World, written: ClaimSpec): boolean {
  if (world.isGone(written.slice.uid)) return true;
  return world.claims.some(
    ({ spec }) =>
      spec.peerId === written.peerId &&
      spec.slice.uid === written.slice.uid &&
      !isNewer(written, spec),
  );
}

/**
 * Feeds the allocator with the world, at every change and whenever it asked to be woken, and does what it answers.
 * The work queue keeps steps from running at the same time; after a write the world is read again before anything
 * more is decided. A write that fails is tried again with back-off.
 */
export class SliceReconciler implements Reconciler {
  readonly name = 'slice';
  readonly #ports: SlicePorts;
  readonly #clock: Clock;
  readonly #allocator: SliceAllocator;
  readonly #manager: Manager;
  #stopped = false;

  constructor(
    parts: {
      readonly ports: SlicePorts;
      readonly clock: Clock;
      readonly random: Random;
      readonly reports: ManagerReports;
    },
    config: AllocatorConfig = lanAllocator,
  ) {
    this.#ports = parts.ports;
    this.#clock = parts.clock;
    this.#allocator = new SliceAllocator({ random: parts.random }, config);
    const { clock, reports } = parts;
    this.#manager = new Manager({ reconciler: this, clock, reports });
  }

  start(): void {
    this.#manager.start();
    this.changed();
  }

  /** Resolves when no step runs any more. Places stay claimed: a stop of the daemon is not a departure. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#manager.stop();
  }

  /** Something may have changed: a slice, a claim, a peer, a policy, liveness, work, being synced. */
  changed(): void {
    this.#manager.add(key);
  }

  /**
   * A claimant sent its claim directly; it is in the store already. Returns one's own claim of that slice, with which
   * every Offer is answered: two rivals that cannot hear each other through gossip hear each other here.
   */
  onClaimReceived(claim: ClaimSpec): ClaimSpec | undefined {
    this.changed();
    if (claim.state !== 'Offered') return undefined;
    const { claims, me } = this.#ports.world();
    let own: ClaimSpec | undefined;
    for (const { spec } of claims) {
      if (spec.peerId !== me.id || spec.slice.uid !== claim.slice.uid) continue;
      if (own === undefined || isNewer(spec, own)) own = spec;
    }
    return own?.boot === me.boot && own.state !== 'Released' ? own : undefined;
  }

  async reconcile(_key: string, signal: AbortSignal): Promise<Verdict> {
    let written: ClaimSpec | undefined;
    for (let steps = 0; steps < stepsMax && !signal.aborted; steps += 1) {
      const world = { ...this.#ports.world(), nowMs: this.#clock.nowMs() };
      if (written !== undefined && !shows(world, written)) {
        // Deciding on would write the same again, as fast as the disk allows.
        const { slice, state } = written;
        throw new Error(
          `wrote claim ${state} of slice ${slice.name}, and the store does not show it`,
        );
      }
      const { actions, wakeAtMs } = this.#allocator.step(world);
      written = undefined;
      for (const action of actions) {
        await this.#perform(action);
        if (action.type === 'writeClaim') written = action.claim;
      }
      if (written !== undefined) continue;
      if (wakeAtMs === undefined) return { type: 'done' };
      return { type: 'again', afterMs: Math.max(0, wakeAtMs - this.#clock.nowMs()) };
    }
    return { type: 'again', afterMs: 1 };
  }

  async #perform(action: Action): Promise<void> {
    const ports = this.#ports;
    switch (action.type) {
      case 'writeClaim':
        await ports.writeClaim(action.namespace, action.claim);
        return;
      case 'sendClaim':
        return ports.sendClaim(action.to, action.namespace, action.slice);
      case 'readClaims':
        // Not awaited: claims that arrive meanwhile must be answered and judged.
        void this.#read(action);
        return;
      case 'stopWork':
        return ports.work.stop(action.slice, action.reason);
      case 'startWork':
        return ports.work.start(action.slice);
      case 'enterOverlay':
        return ports.overlay.enter(action.slice, action.contacts);
      case 'leaveOverlay':
        return ports.overlay.leave(action.slice);
      case 'event':
        return ports.event(action);
      default:
        action satisfies never;
    }
  }

  async #read(action: Extract<Action, { type: 'readClaims' }>): Promise<void> {
    const { rivals, neighbours, slice, timeoutMs, enough, askId } = action;
    let answers = 0;
    try {
      answers = await this.#ports.readClaims([...rivals, ...neighbours], slice, timeoutMs, enough);
    } catch {
      // Nobody could be asked; the allocator asks once more and then decides from what it knows.
    }
    if (this.#stopped) return;
    this.#allocator.answered(askId, answers);
    this.changed();
  }
}
