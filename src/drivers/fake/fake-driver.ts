import type { Driver, DriverInstance, InstanceRequest } from '../driver.ts';
import { checkRequest } from '../check-request.ts';
import { checkInstanceId } from '../instance-id.ts';
import { Turns } from '../turns.ts';
import type { FakeMachine } from './fake-machine.ts';

export interface FakeDriverConfig {
  /** Milliseconds between a start and its process. */
  readonly startDelayMs: number;
}

/** Keeps the contract without a process: for tests and the simulator, on whatever clock its machine has. */
export class FakeDriver implements Driver {
  readonly name = 'fake';
  readonly isolation = 'none';
  readonly #machine: FakeMachine;
  readonly #config: FakeDriverConfig;
  readonly #turns = new Turns();
  readonly #unsubscribes = new Set<() => void>();

  constructor(machine: FakeMachine, config: FakeDriverConfig = { startDelayMs: 0 }) {
    this.#machine = machine;
    this.#config = config;
  }

  async health(): Promise<{ readonly healthy: boolean }> {
    return { healthy: true };
  }

  async list(): Promise<readonly DriverInstance[]> {
    return this.#machine.list();
  }

  async start(request: InstanceRequest): Promise<DriverInstance> {
    checkRequest(request);
    return this.#turns.run(request.id, async () => {
      if (this.#machine.get(request.id)?.running !== true) {
        if (this.#config.startDelayMs > 0) await this.#wait(this.#config.startDelayMs);
        this.#machine.start(request);
      }
      const started = this.#machine.list().find(({ id }) => id === request.id);
      if (started === undefined) throw new Error(`cannot start instance ${request.id}: it is gone`);
      return started;
    });
  }

  async stop(id: string, options: { readonly graceMs: number }): Promise<void> {
    checkInstanceId(id);
    await this.#turns.run(id, async () => this.#stopNow(id, options.graceMs));
  }

  async destroy(id: string): Promise<void> {
    checkInstanceId(id);
    await this.#turns.run(id, async () => {
      this.#machine.forget(id);
      await Promise.resolve();
    });
  }

  async exec(
    id: string,
    command: readonly string[],
    _timeoutMs: number,
  ): Promise<{ readonly code: number }> {
    const { startedMs, program } = this.#find(id, 'run a command in');
    await Promise.resolve();
    const ageMs = this.#machine.clock.nowMs() - startedMs;
    if (program.readyAfterMs !== undefined && ageMs < program.readyAfterMs) return { code: 1 };
    if (command[0] === 'exit') return { code: Number(command[1] ?? 0) };
    return { code: command[0] === 'false' ? 1 : 0 };
  }

  async *logs(
    id: string,
    options: {
      readonly follow: boolean;
      readonly tailLines?: number;
      readonly signal: AbortSignal;
    },
  ): AsyncGenerator<Uint8Array, void, void> {
    const { output } = this.#find(id, 'read the log of');
    // The fake prints one line a chunk.
    const tail = options.tailLines ?? output.length;
    for (let next = Math.max(0, output.length - tail); !options.signal.aborted;) {
      const chunk = output[next];
      if (chunk !== undefined) {
        next += 1;
        yield chunk;
      } else if (!options.follow || this.#machine.get(id) === undefined) {
        return;
      } else {
        await this.#change(options.signal);
      }
    }
  }

  onChange(listener: () => void): () => void {
    const unsubscribe = this.#machine.onChange(listener);
    this.#unsubscribes.add(unsubscribe);
    return unsubscribe;
  }

  async close(): Promise<void> {
    for (const unsubscribe of this.#unsubscribes) unsubscribe();
    await this.#turns.settled();
  }

  async #stopNow(id: string, graceMs: number): Promise<void> {
    const gone = (): boolean => this.#machine.get(id)?.running !== true;
    if (gone()) return;
    if (graceMs > 0) {
      await new Promise<void>((resolve) => {
        const done = (): void => {
          cancel();
          unsubscribe();
          resolve();
        };
        const cancel = this.#machine.clock.after(graceMs, done);
        const unsubscribe = this.#machine.onChange(() => {
          if (gone()) done();
        });
        this.#machine.signal(id, 'SIGTERM');
      });
    }
    this.#machine.signal(id, 'SIGKILL');
  }

  #find(id: string, attempted: string): NonNullable<ReturnType<FakeMachine['get']>> {
    checkInstanceId(id);
    const found = this.#machine.get(id);
    if (found !== undefined) return found;
    throw new Error(`cannot ${attempted} instance ${id}: this peer has no such instance`);
  }

  async #change(signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const done = (): void => {
        unsubscribe();
        signal.removeEventListener('abort', done);
        resolve();
      };
      const unsubscribe = this.#machine.onChange(done);
      signal.addEventListener('abort', done);
    });
  }

  async #wait(delayMs: number): Promise<void> {
    await new Promise<void>((resolve) => this.#machine.clock.after(delayMs, resolve));
  }
}
