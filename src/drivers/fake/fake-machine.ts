import type { Clock } from '../../controller/clock.ts';
import type { DriverInstance, InstanceRequest } from '../driver.ts';
import { commonCommands, type FakeProgram, type FakeScript } from './fake-program.ts';

type Exit = NonNullable<DriverInstance['exit']>;

export interface FakeProcess {
  readonly request: InstanceRequest;
  readonly attempt: number;
  readonly program: FakeProgram;
  readonly pid: number;
  readonly startedMs: number;
  readonly startedAt: string;
  readonly ports: Readonly<Record<string, number>>;
  readonly output: Uint8Array[];
  exit: Exit | undefined;
  running: boolean;
  readonly cancels: (() => void)[];
}

const firstPid = 1000;
const firstPort = 30_000;
const outputChunksMax = 1000;
const signalCodes: Readonly<Record<string, number>> = { SIGKILL: 137, SIGTERM: 143 };

/** The pretended machine below fake drivers: what it runs outlives a driver object, as processes outlive a daemon. */
export class FakeMachine {
  readonly #clock: Clock;
  readonly #script: FakeScript;
  readonly #processes = new Map<string, FakeProcess>();
  readonly #listeners = new Set<() => void>();
  #nextPid = firstPid;
  #nextPort = firstPort;

  constructor(clock: Clock, script: FakeScript = commonCommands) {
    this.#clock = clock;
    this.#script = script;
  }

  get clock(): Clock {
    return this.#clock;
  }

  /** How many processes exist now. */
  get runningCount(): number {
    return [...this.#processes.values()].filter((process) => process.running).length;
  }

  get(id: string): FakeProcess | undefined {
    return this.#processes.get(id);
  }

  list(): readonly DriverInstance[] {
    return [...this.#processes.values()].map(viewOf);
  }

  start(request: InstanceRequest): void {
    const previous = this.#processes.get(request.id);
    const attempt = (previous?.attempt ?? 0) + 1;
    const program = this.#script(request, attempt);
    if (program.startError !== undefined) {
      throw new Error(`cannot start instance ${request.id}: ${program.startError}`);
    }
    const ports = Object.fromEntries(
      (request.template.ports ?? []).map(({ name }) => [
        name,
        previous?.ports[name] ?? this.#nextPort++,
      ]),
    );
    const started: FakeProcess = {
      request,
      attempt,
      program,
      pid: this.#nextPid++,
      startedMs: this.#clock.nowMs(),
      startedAt: new Date(this.#clock.wallMs()).toISOString(),
      ports,
      output: previous?.output ?? [],
      exit: undefined,
      running: true,
      cancels: [],
    };
    for (const line of program.output ?? []) {
      started.output.push(new TextEncoder().encode(`${line}\n`));
      if (started.output.length > outputChunksMax) started.output.shift();
    }
    this.#processes.set(request.id, started);
    if (program.exitAfterMs !== undefined) {
      this.#later(started, program.exitAfterMs, program.exit ?? { code: 0 });
    }
    this.#changed();
  }

  /** Sends a signal to a process, as anybody on the machine may. */
  signal(id: string, signal: 'SIGTERM' | 'SIGKILL'): void {
    const target = this.#processes.get(id);
    if (target === undefined || !target.running) return;
    const exit = { code: signalCodes[signal] ?? 128, signal };
    if (signal === 'SIGKILL') this.#end(target, exit);
    else if (target.program.ignoresTerm !== true) {
      this.#later(target, target.program.termDelayMs ?? 0, exit);
    }
  }

  forget(id: string): void {
    this.signal(id, 'SIGKILL');
    this.#processes.delete(id);
    this.#changed();
  }

  /** Power off and on: nothing runs any more, and nobody knows how it ended. */
  reboot(): void {
    for (const process of this.#processes.values()) {
      if (process.running) this.#end(process, { reason: 'HostRestarted' });
    }
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #later(process: FakeProcess, delayMs: number, exit: Exit): void {
    process.cancels.push(this.#clock.after(delayMs, () => this.#end(process, exit)));
  }

  #end(process: FakeProcess, exit: Exit): void {
    if (!process.running) return;
    for (const cancel of process.cancels) cancel();
    process.running = false;
    process.exit = exit;
    this.#changed();
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

function viewOf(process: FakeProcess): DriverInstance {
  const { request, exit } = process;
  return {
    id: request.id,
    state: process.running ? 'running' : 'exited',
    ...(process.running ? { pid: process.pid } : {}),
    startedAt: process.startedAt,
    ...(exit === undefined ? {} : { exit }),
    ports: process.ports,
    templateHash: request.templateHash,
    labels: request.labels,
  };
}
