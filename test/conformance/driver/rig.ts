import type { Driver, DriverInstance, InstanceRequest } from '../../../src/drivers/driver.ts';

/** One machine for the suite: what each driver needs to be put through the same promises. */
export interface DriverRig {
  /** A driver as a daemon that has just started would make it, on this rig's machine. */
  open(): Driver;
  readonly commands: {
    /** Runs until stopped, and stops at SIGTERM. */
    readonly forever: readonly string[];
    /** Ignores SIGTERM, and so do its children. */
    readonly ignoreTerm: readonly string[];
    /** No such program. */
    readonly missing: readonly string[];
    exit(code: number): readonly string[];
    /** Prints one line, then runs on. */
    print(line: string): readonly string[];
  };
  /** SIGKILL to the instance's pid, as its user might send it. */
  kill(instance: DriverInstance): void;
  /** A daemon that starts this request and dies by SIGKILL right after. */
  startAndCrash(request: InstanceRequest): Promise<void>;
  /** The machine is switched off and on. */
  reboot(): Promise<void>;
  /** Processes of this rig's machine that belong to instances. */
  countProcesses(): number;
  dispose(): Promise<void>;
}
