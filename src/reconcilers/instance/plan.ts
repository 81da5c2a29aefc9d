import type { Uid } from '../../objects/ids.ts';
import type { InstanceConfig } from './config.ts';
import { type DriverChoice, chooseDriver } from './choose-driver.ts';
import { type WorkMemory, observe } from './memory.ts';
import { restartDelayMs } from './backoff.ts';
import { rolloutBlocker } from './rollout.ts';
import { readiness } from './readiness.ts';
import { workId } from './work-labels.ts';
import type { AvailableDriver, FoundWork, InstanceWorld, Place, WorkState } from './world.ts';

/** What shall be done about one slice's work now; at most one a slice is under way. */
export type WorkAction =
  | {
      readonly type: 'start';
      readonly driver: string;
      readonly id: string;
      readonly restarts: number;
      readonly failures: number;
    }
  | {
      readonly type: 'stop';
      readonly driver: string;
      readonly id: string;
      readonly graceMs: number;
      readonly reason: string;
    }
  | { readonly type: 'destroy'; readonly driver: string; readonly id: string };

/** What the Instance object says; `reason` and `message` are for its user. */
export interface WorkStatus {
  readonly state:
    | 'Pending'
    | 'Starting'
    | 'Running'
    | 'Backoff'
    | 'Stopping'
    | 'Succeeded'
    | 'Failed';
  readonly reason?: string;
  readonly message?: string;
}

export interface WorkPlan {
  readonly action?: WorkAction;
  /** Run the readiness command now. */
  readonly probe?: { readonly driver: string; readonly id: string };
  readonly memory: WorkMemory;
  /** What is shown runs, or ran. */
  readonly shown?: FoundWork;
  /** Undefined: there is no Instance. */
  readonly status?: WorkStatus;
  readonly work: WorkState;
  /** Look again then, monotonic ms. */
  readonly wakeAtMs?: number;
}

export interface PlanInput {
  readonly world: InstanceWorld;
  /** Everything that the drivers have. */
  readonly found: readonly FoundWork[];
  /** Strongest isolation first. */
  readonly drivers: readonly AvailableDriver[];
  readonly memory: ReadonlyMap<Uid, WorkMemory>;
  readonly nowMs: number;
}

/**
 * Wanted against found, for each slice that has a place or work here. Pure.
 *
 * - Something starts only in a place that is Held.
 * - Never two of one slice: nothing starts while anything of it, under any driver, has not ended.
 * - Without a place the work is stopped in its own grace period; then it is `none`, and only then forgotten.
 * - In a kept place what runs goes on, and nothing else happens.
 */
export function planInstances(
  input: PlanInput,
  config: InstanceConfig,
): ReadonlyMap<Uid, WorkPlan> {
  const places = new Map(input.world.places.map((place) => [place.slice.uid, place]));
  const found = new Map<Uid, FoundWork[]>();
  for (const work of input.found) {
    const ofSlice = found.get(work.slice.uid);
    if (ofSlice === undefined) found.set(work.slice.uid, [work]);
    else ofSlice.push(work);
  }
  const plans = new Map<Uid, WorkPlan>();
  for (const uid of new Set([...places.keys(), ...found.keys()])) {
    plans.set(uid, planWork(input, config, places.get(uid), found.get(uid) ?? [], uid));
  }
  return plans;
}

function planWork(
  input: PlanInput,
  config: InstanceConfig,
  place: Place | undefined,
  found: readonly FoundWork[],
  uid: Uid,
): WorkPlan {
  const alive = found.find(({ state }) => state !== 'exited');
  const shown = alive ?? found[0];
  const memory = observe(input.memory.get(uid), shown, input.nowMs, config.backoff);

  if (place === undefined) return planWithoutPlace(found, memory, 'its place was given up');
  if (place.hold === 'kept' || place.index === undefined) {
    return planKept(place, alive, shown, memory, input.nowMs, config);
  }
  if (place.template === undefined) {
    return planWithoutPlace(found, memory, 'its slice only reserves places now');
  }
  const { driver: named } = place.template.spec;
  const choice = chooseDriver(named, input.drivers, place.allowedDrivers);
  if (alive !== undefined) return planRunning(input, config, place, found, alive, memory, choice);
  return planStart(input, config, place, found, memory, choice);
}

/** The work must end; what has ended is forgotten. */
function planWithoutPlace(
  found: readonly FoundWork[],
  memory: WorkMemory,
  reason: string,
): WorkPlan {
  const alive = found.find(({ state }) => state !== 'exited');
  if (alive !== undefined)
    return planStop(alive, memory, { state: 'Stopping', reason: 'Leaving', message: reason });
  const ended = found[0];
  if (ended === undefined) return { memory, work: 'none' };
  return { action: { type: 'destroy', driver: ended.driver, id: ended.id }, memory, work: 'none' };
}

function planStop(work: FoundWork, memory: WorkMemory, status: WorkStatus): WorkPlan {
  const reason = status.message ?? status.state;
  return {
    action: { type: 'stop', driver: work.driver, id: work.id, graceMs: work.graceMs, reason },
    memory: { ...memory, ready: false },
    shown: work,
    status,
    work: 'stopping',
  };
}

function planKept(
  place: Place,
  alive: FoundWork | undefined,
  shown: FoundWork | undefined,
  memory: WorkMemory,
  nowMs: number,
  config: InstanceConfig,
): WorkPlan {
  if (shown === undefined) return { memory, work: 'none' };
  if (alive === undefined) {
    const status = terminalStatus(place, shown) ?? {
      state: 'Pending',
      reason: 'AwaitingPlace',
      message:
        'it ended while its peer had no Held claim; it is started again once the claim is Held',
    };
    return { memory, shown, status, work: 'none' };
  }
  const probing = readiness(place.template?.spec.readiness, alive, memory, nowMs, config);
  const status: WorkStatus = {
    state: 'Running',
    reason: 'Adopted',
    message: 'its peer has restarted and takes its place again',
  };
  return { ...probing, shown: alive, status, work: 'running' };
}

function planRunning(
  input: PlanInput,
  config: InstanceConfig,
  place: Place,
  found: readonly FoundWork[],
  alive: FoundWork,
  memory: WorkMemory,
  choice: DriverChoice,
): WorkPlan {
  const other = found.find((work) => work !== alive && work.state !== 'exited');
  if (other !== undefined) {
    return planStop(other, memory, {
      state: 'Stopping',
      reason: 'Duplicate',
      message: 'another driver runs it',
    });
  }
  if (!place.allowedDrivers.includes(alive.driver)) {
    const message =
      choice.type === 'none'
        ? choice.message
        : `the machine's policies withdrew driver ${alive.driver}; it moves to ${choice.driver}`;
    return planStop(alive, memory, { state: 'Stopping', reason: 'DriverRefused', message });
  }
  const index = place.index ?? alive.index;
  if (alive.index !== index) {
    const message = `its index is now ${index}, and it was started as ${alive.index}`;
    return planStop(alive, memory, { state: 'Stopping', reason: 'IndexChanged', message });
  }
  let status: WorkStatus = { state: 'Running' };
  const hash = place.templateHash ?? alive.templateHash;
  if (alive.templateHash !== hash) {
    const me = { peer: input.world.peer, index };
    const blocker = rolloutBlocker(place.members, me, hash);
    if (blocker === undefined) {
      const message = "the template has changed, and it is this member's turn";
      return planStop(alive, memory, { state: 'Stopping', reason: 'TemplateChanged', message });
    }
    status = {
      state: 'Running',
      reason: 'AwaitingRollout',
      message: `runs the previous template until ${blocker.peer} (index ${blocker.index}) is Ready with the new one`,
    };
  }
  const probing = readiness(place.template?.spec.readiness, alive, memory, input.nowMs, config);
  return { ...probing, shown: alive, status, work: 'running' };
}

/** Nothing of it runs, and it should. */
function planStart(
  input: PlanInput,
  config: InstanceConfig,
  place: Place,
  found: readonly FoundWork[],
  memory: WorkMemory,
  choice: DriverChoice,
): WorkPlan {
  // Whatever is decided, it may start at any later moment: the place must not be released on the word `none`.
  const work = 'running';
  if (choice.type === 'none') {
    const { reason, message } = choice;
    const wakeAtMs = input.nowMs + config.retryMs;
    return { memory, status: { state: 'Pending', reason, message }, work, wakeAtMs };
  }
  const elsewhere = found.find(({ driver }) => driver !== choice.driver);
  if (elsewhere !== undefined) {
    const { driver, id } = elsewhere;
    return { action: { type: 'destroy', driver, id }, memory, status: { state: 'Pending' }, work };
  }

  const ended = found[0];
  const id = ended?.id ?? workId(place.slice);
  const sameWork =
    ended !== undefined &&
    ended.templateHash === place.templateHash &&
    ended.index === place.index &&
    ended.exit?.reason !== 'NotStarted' &&
    !memory.stoppedByUs;
  if (ended !== undefined && sameWork) {
    const status = terminalStatus(place, ended);
    if (status !== undefined) return { memory, shown: ended, status, work };
  }
  const tried = memory.startFailure?.templateHash === place.templateHash;
  if (!sameWork && !tried) {
    const fresh = { restarts: 0, failures: 0 };
    return {
      action: { type: 'start', driver: choice.driver, id, ...fresh },
      memory: { ...memory, ...fresh },
      status: { state: 'Starting' },
      work,
    };
  }
  return planRestart(input, config, place, sameWork ? ended : undefined, memory, choice.driver, id);
}

function planRestart(
  input: PlanInput,
  config: InstanceConfig,
  place: Place,
  ended: FoundWork | undefined,
  memory: WorkMemory,
  driver: string,
  id: string,
): WorkPlan {
  const failure =
    memory.startFailure?.templateHash === place.templateHash ? memory.startFailure : undefined;
  const shown = ended === undefined ? {} : { shown: ended };
  const policy = place.template?.spec.restartPolicy ?? 'Always';
  if (failure !== undefined && policy === 'Never') {
    const { message } = failure;
    return {
      memory,
      ...shown,
      status: { state: 'Failed', reason: 'StartFailed', message },
      work: 'running',
    };
  }
  const delayMs = restartDelayMs(memory.failures, config.backoff);
  const sinceMs = failure?.atMs ?? memory.exitSeenMs ?? input.nowMs;
  // A start that failed at once would fail at once again.
  const dueMs = sinceMs + (failure === undefined ? delayMs : Math.max(delayMs, config.retryMs));
  if (input.nowMs >= dueMs) {
    const restarts = memory.restarts + (ended === undefined ? 0 : 1);
    return {
      action: { type: 'start', driver, id, restarts, failures: memory.failures },
      memory,
      ...shown,
      status: { state: 'Starting' },
      work: 'running',
    };
  }
  const what = failure?.message ?? `it ended (${describeExit(ended?.exit)})`;
  const status: WorkStatus = {
    state: 'Backoff',
    reason: failure === undefined ? 'Restarting' : 'StartFailed',
    message: `${what}; end number ${memory.failures} in a row, the next start comes ${(dueMs - sinceMs) / 1000} s after it`,
  };
  return { memory, ...shown, status, work: 'running', wakeAtMs: dueMs };
}

/** The end that the restart policy leaves as it is; undefined when it is to be started again. */
function terminalStatus(place: Place, ended: FoundWork): WorkStatus | undefined {
  if (ended.exit?.reason === 'NotStarted') return undefined;
  const policy = place.template?.spec.restartPolicy ?? 'Always';
  const succeeded = ended.exit?.code === 0;
  if (policy === 'Always' || (policy === 'OnFailure' && !succeeded)) return undefined;
  if (succeeded) return { state: 'Succeeded', reason: 'Completed' };
  const message = `it ended (${describeExit(ended.exit)}) and its restartPolicy is Never`;
  return { state: 'Failed', reason: ended.exit?.reason ?? 'Error', message };
}

/** For users: `exit code 3`, `signal SIGKILL`. */
export function describeExit(exit: FoundWork['exit']): string {
  if (exit?.signal !== undefined) return `signal ${exit.signal}`;
  if (exit?.code !== undefined) return `exit code ${exit.code}`;
  if (exit?.reason === 'HostRestarted') return 'its machine was restarted';
  return 'nobody saw how';
}
