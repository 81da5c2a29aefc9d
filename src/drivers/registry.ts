import { join } from 'node:path';
import type { Clock } from '../controller/clock.ts';
import type { Driver } from './driver.ts';
import { FakeDriver } from './fake/fake-driver.ts';
import { FakeMachine } from './fake/fake-machine.ts';
import { ProcessDriver } from './process/process-driver.ts';

/** What any driver may be made from. */
export interface DriverOptions {
  /** A short folder of the daemon; each driver works in one of its name below it. */
  readonly root: string;
  readonly clock: Clock;
  /** The daemon's environment; a driver hands on only what its contract says. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export type DriverFactory = (options: DriverOptions) => Driver;

/**
 * Every driver, the strongest isolation first: a template that names none gets the first that the member has and its
 * policy allows. A new driver is a folder and a line here; the conformance suite refuses a line without its rig.
 */
export const drivers: Readonly<Record<string, DriverFactory>> = {
  process: ({ root, environment }) =>
    new ProcessDriver({ root: join(root, 'process'), environment }),
  fake: ({ clock }) => new FakeDriver(new FakeMachine(clock)),
};

/** What a daemon uses unless its configuration names others: all that run real work. */
export const realDrivers: readonly string[] = Object.keys(drivers).filter(
  (name) => name !== 'fake',
);

/**
 * Makes the named drivers, the strongest first, whatever the order of the names.
 * @throws Error for a name that is not registered
 */
export function createDrivers(names: readonly string[], options: DriverOptions): readonly Driver[] {
  const unknown = names.filter((name) => drivers[name] === undefined);
  if (unknown.length > 0) {
    throw new Error(
      `no driver named ${unknown.join(', ')}; known are ${Object.keys(drivers).join(', ')}`,
    );
  }
  return Object.entries(drivers)
    .filter(([name]) => names.includes(name))
    .map(([, create]) => create(options));
}
