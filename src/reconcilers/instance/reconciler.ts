import type { Clock } from '../../controller/clock.ts';
import type { Driver } from '../../drivers/driver.ts';
import type { Uid } from '../../objects/ids.ts';
import type { InstanceDraft, InstanceEvent, InstancePorts } from './ports.ts';
import type {
  AvailableDriver,
  FoundWork,
  InstanceWorld,
  Place,
  SliceName,
  WorkState,
} from './world.ts';
import { type InstanceConfig, instanceConfig } from './config.ts';
import { type WorkAction, type WorkPlan, describeExit, planInstances } from './plan.ts';
import { type WorkMemory, freshMemory } from './memory.ts';
import { probeTimeoutMs, probed } from './readiness.ts';
import { instanceDraft, instanceName } from './instance-draft.ts';
import { RecordWriter } from './record-writer.ts';
import { listWork } from './found-work.ts';
import { workRequest } from './work-request.ts';

/** An action under way. It stays until a listing that was begun after its end: only that one shows what it did. */
interface Busy {
  readonly type: WorkAction['type'];
  ended: boolean;
}

/**
 * Keeps what runs on this machine at what this peer's claims say. It looks at everything (`changed`, a driver's call,
 * a due time), one look at a time; what a look decides is done beside it, one action a slice. Between reading the
 * world and launching an action nothing is awaited, so nothing starts on a claim that has gone meanwhile.
 */
export class InstanceReconciler {
  readonly #drivers: readonly Driver[];
  readonly #ports: InstancePorts;
  readonly #clock: Clock;
  readonly #config: InstanceConfig;
  readonly #records: RecordWriter;
  readonly #memory = new Map<Uid, WorkMemory>();
  readonly #drafts = new Map<Uid, InstanceDraft>();
  readonly #busy = new Map<Uid, Busy>();
  readonly #work = new Map<Uid, WorkState>();
  readonly #pauses = new Map<Uid, number>();
  readonly #orders = new Set<Uid>();
  readonly #unsubscribes: (() => void)[] = [];
  readonly #underWay = new Set<Promise<void>>();
  readonly #firstListing = Promise.withResolvers<void>();
  #available: readonly AvailableDriver[] = [];
  #listed = false;
  #closed = false;
  #dirty = false;
  #loop: Promise<void> | undefined;
  #cancelWake = (): void => undefined;

  /** @param parts `drivers`: the strongest isolation first */
  constructor(
    parts: {
      readonly drivers: readonly Driver[];
      readonly ports: InstancePorts;
      readonly clock: Clock;
    },
    config: InstanceConfig = instanceConfig,
  ) {
    this.#drivers = parts.drivers;
    this.#ports = parts.ports;
    this.#clock = parts.clock;
    this.#config = config;
    this.#records = new RecordWriter(
      {
        write: (draft) => parts.ports.writeInstance(draft),
        remove: (record) => parts.ports.removeInstance(record),
        failed: (name, error) => this.#writeFailed(name, error),
        again: () => this.changed(),
      },
      parts.clock,
      config.retryMs,
    );
  }

  /** Resolves when it is known what runs here, the work of earlier boots included. Step the allocator only then. */
  async start(): Promise<void> {
    for (const driver of this.#drivers) {
      this.#unsubscribes.push(driver.onChange(() => this.changed()));
    }
    this.changed();
    await this.#firstListing.promise;
  }

  /** Something may be different: claims, slices, Instances, liveness, policies. Cheap; call it rather too often. */
  changed(): void {
    this.#dirty = true;
    if (this.#closed || this.#loop !== undefined) return;
    this.#loop = this.#run().finally(() => {
      this.#loop = undefined;
      if (this.#dirty) this.changed();
    });
  }

  /**
   * Work of the slice may run again, if its claim is Held. Call it with the claim: from here on it may start at any
   * moment, so it is not `none`.
   */
  startWork(slice: Uid): void {
    this.#orders.delete(slice);
    if (!this.#work.has(slice)) this.#work.set(slice, 'running');
    this.changed();
  }

  /** Whatever of the slice runs here ends, in its grace period; it stays ended until `startWork`. */
  stopWork(slice: Uid): void {
    this.#orders.add(slice);
    this.changed();
  }

  /** Before `start` has resolved nothing is known, and nothing is `none`. */
  workOf(slice: Uid): WorkState {
    return this.#work.get(slice) ?? (this.#listed ? 'none' : 'running');
  }

  /** Every slice of which something runs here, may start, or is being stopped. */
  work(): ReadonlyMap<Uid, WorkState> {
    return this.#work;
  }

  /** The drivers of this machine and whether they work, strongest first; empty before `start`. */
  drivers(): readonly AvailableDriver[] {
    return this.#available;
  }

  /** Stops looking; what runs goes on. Resolves when no action is under way. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#firstListing.resolve();
    this.#cancelWake();
    for (const unsubscribe of this.#unsubscribes) unsubscribe();
    await this.#loop;
    await Promise.all(this.#underWay);
  }

  async #run(): Promise<void> {
    while (this.#dirty && !this.#closed) {
      this.#dirty = false;
      await this.#step();
    }
  }

  async #step(): Promise<void> {
    const endedBefore = [...this.#busy].filter(([, { ended }]) => ended).map(([uid]) => uid);
    let found: readonly FoundWork[];
    try {
      const listing = await listWork(this.#drivers);
      found = listing.found;
      this.#available = listing.drivers;
    } catch {
      // Half a list is no list: nothing is concluded from it.
      this.#wakeAt(this.#clock.nowMs() + this.#config.retryMs);
      return;
    }
    if (this.#closed) return;
    for (const uid of endedBefore) this.#busy.delete(uid);
    this.#listed = true;
    this.#act(found);
    this.#firstListing.resolve();
  }

  /** Synchronous from reading the world to launching what it asks for. */
  #act(found: readonly FoundWork[]): void {
    const nowMs = this.#clock.nowMs();
    const known = new Map(found.map(({ slice }) => [slice.uid, slice]));
    const seen = this.#ports.world([...known.values()]);
    const places = seen.places.filter(({ slice }) => !this.#orders.has(slice.uid));
    const world: InstanceWorld = { ...seen, places };
    const idle = <T extends { readonly slice: SliceName }>({ slice }: T): boolean =>
      !this.#busy.has(slice.uid);
    const plans = planInstances(
      {
        world: { ...world, places: places.filter(idle) },
        found: found.filter(idle),
        drivers: this.#available,
        memory: this.#memory,
        nowMs,
      },
      this.#config,
    );

    let wakeAtMs = Infinity;
    const before = new Map(this.#work);
    for (const [uid, plan] of plans) {
      const place = places.find(({ slice }) => slice.uid === uid);
      const slice = place?.slice ?? known.get(uid);
      if (slice === undefined) continue;
      this.#tellExit(slice, world, plan);
      this.#memory.set(uid, plan.memory);
      const draft = instanceDraft(world, slice, place, plan);
      if (draft === undefined) this.#drafts.delete(uid);
      else this.#drafts.set(uid, draft);
      if (plan.work === 'none') this.#work.delete(uid);
      else this.#work.set(uid, plan.work);
      wakeAtMs = Math.min(wakeAtMs, plan.wakeAtMs ?? Infinity);

      const pausedUntilMs = this.#pauses.get(uid) ?? 0;
      if (plan.probe !== undefined) this.#probe(uid, place, plan);
      if (plan.action === undefined) continue;
      if (pausedUntilMs > nowMs) wakeAtMs = Math.min(wakeAtMs, pausedUntilMs);
      else this.#launch(uid, slice, world, place, plan.action);
    }
    this.#forget(plans);
    for (const uid of this.#orders) {
      const open = seen.places.some(({ slice }) => slice.uid === uid);
      if (!open && !known.has(uid) && !this.#busy.has(uid)) this.#orders.delete(uid);
    }
    const writeAtMs = this.#records.sync([...this.#drafts.values()], world.records);
    this.#wakeAt(Math.min(wakeAtMs, writeAtMs ?? Infinity));
    const same =
      before.size === this.#work.size &&
      [...before].every(([uid, state]) => this.#work.get(uid) === state);
    if (!same) this.#ports.workChanged();
  }

  /** Slices that are neither planned nor under way have nothing here any more. */
  #forget(plans: ReadonlyMap<Uid, WorkPlan>): void {
    for (const uid of new Set([
      ...this.#memory.keys(),
      ...this.#drafts.keys(),
      ...this.#work.keys(),
    ])) {
      if (plans.has(uid) || this.#busy.has(uid)) continue;
      this.#memory.delete(uid);
      this.#drafts.delete(uid);
      this.#work.delete(uid);
      this.#pauses.delete(uid);
    }
  }

  #launch(
    uid: Uid,
    slice: SliceName,
    world: InstanceWorld,
    place: Place | undefined,
    action: WorkAction,
  ): void {
    const driver = this.#drivers.find(({ name }) => name === action.driver);
    if (driver === undefined) return;
    const busy: Busy = { type: action.type, ended: false };
    this.#busy.set(uid, busy);
    const tell = (
      type: InstanceEvent['type'],
      reason: InstanceEvent['reason'],
      message: string,
    ): void =>
      this.#ports.event({
        slice,
        instance: instanceName(slice, world.peer),
        type,
        reason,
        message,
      });
    const done = this.#perform(uid, driver, world, place, action, tell)
      .catch((error: unknown) => {
        // A failed stop or destroy: the same again, after a pause.
        this.#pauses.set(uid, this.#clock.nowMs() + this.#config.retryMs);
        tell('Warning', 'StopFailed', messageOf(error));
      })
      .finally(() => {
        busy.ended = true;
        this.#underWay.delete(done);
        this.changed();
      });
    this.#underWay.add(done);
  }

  async #perform(
    uid: Uid,
    driver: Driver,
    world: InstanceWorld,
    place: Place | undefined,
    action: WorkAction,
    tell: (type: InstanceEvent['type'], reason: InstanceEvent['reason'], message: string) => void,
  ): Promise<void> {
    switch (action.type) {
      case 'start': {
        if (place === undefined) return;
        try {
          const started = await driver.start(workRequest(place, world.peer, action));
          const { startFailure: _, ...memory } = this.#memoryOf(uid);
          this.#memory.set(uid, { ...memory, stoppedByUs: false });
          tell(
            'Normal',
            'Started',
            `driver ${driver.name} runs it as process ${started.pid ?? '?'}`,
          );
        } catch (error) {
          const message = messageOf(error);
          const memory = this.#memoryOf(uid);
          const templateHash = place.templateHash ?? '';
          const startFailure = { atMs: this.#clock.nowMs(), message, templateHash };
          this.#memory.set(uid, { ...memory, startFailure, failures: memory.failures + 1 });
          tell('Warning', 'StartFailed', message);
        }
        return;
      }
      case 'stop':
        tell('Normal', 'Stopping', action.reason);
        await driver.stop(action.id, { graceMs: action.graceMs });
        this.#pauses.delete(uid);
        this.#memory.set(uid, { ...this.#memoryOf(uid), stoppedByUs: true });
        tell('Normal', 'Stopped', action.reason);
        return;
      case 'destroy':
        await driver.destroy(action.id);
        this.#pauses.delete(uid);
        return;
      default:
        action satisfies never;
    }
  }

  #probe(uid: Uid, place: Place | undefined, plan: WorkPlan): void {
    const { probe } = plan;
    const wanted = place?.template?.spec.readiness;
    const driver = this.#drivers.find(({ name }) => name === probe?.driver);
    if (probe === undefined || wanted === undefined || driver === undefined) return;
    const { run } = plan.memory;
    const done = driver
      .exec(probe.id, wanted.exec.command, probeTimeoutMs(wanted))
      .then(
        ({ code }) => code === 0,
        () => false,
      )
      .then((succeeded) => {
        const memory = this.#memory.get(uid);
        if (memory === undefined || memory.run !== run || !memory.probing) return;
        this.#memory.set(uid, probed(memory, wanted, succeeded, this.#clock.nowMs()));
      })
      .finally(() => {
        this.#underWay.delete(done);
        this.changed();
      });
    this.#underWay.add(done);
  }

  #memoryOf(uid: Uid): WorkMemory {
    return this.#memory.get(uid) ?? freshMemory;
  }

  #tellExit(slice: SliceName, world: InstanceWorld, plan: WorkPlan): void {
    const before = this.#memory.get(slice.uid);
    const { exitSeenMs, run, stoppedByUs } = plan.memory;
    if (exitSeenMs === undefined || stoppedByUs) return;
    if (before?.run === run && before?.exitSeenMs === exitSeenMs) return;
    const exit = plan.shown?.exit;
    this.#ports.event({
      slice,
      instance: instanceName(slice, world.peer),
      type: exit?.code === 0 ? 'Normal' : 'Warning',
      reason: 'Exited',
      message: `it ended: ${describeExit(exit)}`,
    });
  }

  #writeFailed(name: string, error: unknown): void {
    const draft = [...this.#drafts.values()].find((one) => `${one.namespace}/${one.name}` === name);
    if (draft === undefined) return;
    const { uid } = draft.spec.slice;
    this.#ports.event({
      slice: { uid, namespace: draft.namespace, name: draft.spec.slice.name },
      instance: draft.name,
      type: 'Warning',
      reason: 'WriteFailed',
      message: `the record of instance ${name} could not be written: ${messageOf(error)}`,
    });
  }

  #wakeAt(atMs: number): void {
    this.#cancelWake();
    if (atMs === Infinity || this.#closed) return;
    const delayMs = Math.max(0, atMs - this.#clock.nowMs());
    this.#cancelWake = this.#clock.after(delayMs, () => this.changed());
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
