import { existsSync } from 'node:fs';
import type { DriverInstance, RunState } from '../driver.ts';
import { markerVariable } from './environment.ts';
import type { Intent } from './intent.ts';
import type { Layout } from './layout.ts';
import type { LogFile } from './log-file.ts';
import { isAlive } from './proc.ts';
import { readExitStatus, readRunRecord, type RunRecord, voidRunRecord } from './run-record.ts';
import { type Family, livingMembers, terminate } from './terminate.ts';

/** How long the shim has to write the status after its command ended, before the status counts as lost. */
const statusWithinMs = 1000;

type Exit = NonNullable<DriverInstance['exit']>;

/** One instance as its driver holds it in memory; the disk and /proc are the truth. */
export class ProcessInstance {
  readonly id: string;
  readonly log: LogFile;
  readonly #layout: Layout;
  readonly #token: string;
  intent: Intent;
  #state: RunState = 'starting';
  #record: RunRecord | undefined;
  #exit: Exit | undefined;
  #seen = false;
  #goneSinceMs: number | undefined;
  #settling: Promise<void> | undefined;
  #stopping = false;

  constructor(intent: Intent, log: LogFile, layout: Layout, token: string) {
    this.id = intent.request.id;
    this.intent = intent;
    this.log = log;
    this.#layout = layout;
    this.#token = token;
  }

  get state(): RunState {
    return this.#state;
  }

  get family(): Family {
    return {
      marker: `${markerVariable}=${markerOf(this.id, this.#token)}`,
      ...(this.#record === undefined ? {} : this.#record),
      seen: this.#seen,
    };
  }

  /** A new attempt is on disk and about to run. */
  begin(intent: Intent): void {
    this.intent = intent;
    this.#state = 'starting';
    this.#record = undefined;
    this.#exit = undefined;
    this.#seen = false;
    this.#goneSinceMs = undefined;
  }

  /** The attempt is on record: its process exists, or did a moment ago. */
  started(record: RunRecord): void {
    this.#record = record;
    this.#seen = true;
    this.#state = 'running';
  }

  /** The attempt never became a process. */
  notStarted(): void {
    this.#state = 'exited';
    this.#exit = { reason: 'NotStarted' };
  }

  /**
   * What a daemon that starts finds of an attempt made by an earlier one. Adopted only when the boot, the pid and the
   * start ticks are those on record.
   */
  async recover(bootId: string): Promise<void> {
    const run = this.#layout.run(this.id, this.intent.attempt);
    if (this.intent.bootId !== bootId) {
      this.#state = 'exited';
      this.#exit = this.#writtenExit() ?? { reason: 'HostRestarted' };
      return;
    }
    let record = readRunRecord(run);
    // An attempt that has not begun shall not begin behind our back.
    if (record === 'pending' && !existsSync(run) && voidRunRecord(run)) record = 'void';
    if (record === 'void') {
      await terminate(this.family, 0);
      this.notStarted();
      return;
    }
    if (record === 'pending') {
      // It was killed between creating its record and filling it, in one system call's time.
      await terminate(this.family, 0);
      this.#state = 'exited';
      this.#exit = this.#writtenExit() ?? { reason: 'Unknown' };
      return;
    }
    this.#record = record;
    this.#seen = isAlive(record.workload) || isAlive(record.supervisor);
    this.#state = 'running';
    await this.refresh();
  }

  /**
   * Looks whether it still runs. When the command has ended, what it left behind is killed before the exit is told:
   * a restart would otherwise run beside it. True: the state changed.
   */
  async refresh(): Promise<boolean> {
    if (this.#settling !== undefined) {
      await this.#settling;
      return false;
    }
    // In a stop the rest of the family keeps its grace period after the command has ended.
    if (this.#state !== 'running' || this.#stopping) return false;
    const exit = this.#findExit();
    if (exit === undefined) return false;
    this.#settling = this.#settle(exit);
    try {
      await this.#settling;
    } finally {
      this.#settling = undefined;
    }
    return true;
  }

  /** Ends everything of it; resolves when nothing is left. */
  async terminate(graceMs: number): Promise<void> {
    await this.#settling;
    if (this.#state === 'exited') {
      if ((await livingMembers(this.family)).length > 0) await terminate(this.family, 0);
      return;
    }
    this.#stopping = true;
    try {
      await terminate(this.family, graceMs);
    } finally {
      this.#stopping = false;
    }
    this.#state = 'exited';
    this.#exit = this.#writtenExit() ?? { reason: 'Unknown' };
  }

  view(): DriverInstance {
    const { request, startedAt, ports } = this.intent;
    const running = this.#state === 'running' ? this.#record?.workload.pid : undefined;
    return {
      id: this.id,
      state: this.#state,
      ...(running === undefined ? {} : { pid: running }),
      ...(this.#exit?.reason === 'NotStarted' ? {} : { startedAt }),
      ...(this.#exit === undefined ? {} : { exit: this.#exit }),
      ports,
      templateHash: request.templateHash,
      labels: request.labels,
    };
  }

  async #settle(exit: Exit): Promise<void> {
    await terminate(this.family, 0);
    this.#exit = exit;
    this.#state = 'exited';
    this.log.wakeReaders();
  }

  #findExit(): Exit | undefined {
    const written = this.#writtenExit();
    if (written !== undefined || this.#record === undefined) return written;
    if (isAlive(this.#record.workload)) return undefined;
    // The shim writes the status right after it has seen the end; without a shim nobody will.
    this.#goneSinceMs ??= performance.now();
    const late = performance.now() - this.#goneSinceMs > statusWithinMs;
    if (!late && isAlive(this.#record.supervisor)) return undefined;
    return this.#writtenExit() ?? { reason: 'Unknown' };
  }

  #writtenExit(): Exit | undefined {
    return readExitStatus(this.#layout.exit(this.id, this.intent.attempt));
  }
}

/** The value of the marker variable: the id, and the root it belongs to, for ids repeat between daemons. */
export function markerOf(id: string, token: string): string {
  return `${id}.${token}`;
}
