import type { Driver } from '../../drivers/driver.ts';
import type { AvailableDriver, FoundWork } from './world.ts';
import { readWorkLabels } from './work-labels.ts';

export interface Listing {
  readonly found: readonly FoundWork[];
  /** As the drivers are given: strongest isolation first. */
  readonly drivers: readonly AvailableDriver[];
}

/**
 * Everything that the drivers of this machine have for slices. A driver that says it cannot work here has nothing; one
 * that can and does not answer makes the whole listing fail, for half a list would look like work that is gone.
 */
export async function listWork(drivers: readonly Driver[]): Promise<Listing> {
  const listings = await Promise.all(drivers.map(listDriver));
  return {
    found: listings.flatMap(({ found }) => found),
    drivers: listings.map(({ driver }) => driver),
  };
}

async function listDriver(
  driver: Driver,
): Promise<{ readonly driver: AvailableDriver; readonly found: readonly FoundWork[] }> {
  const health = await driver.health();
  const available = { name: driver.name, ...health };
  if (!health.healthy) return { driver: available, found: [] };
  const found: FoundWork[] = [];
  for (const instance of await driver.list()) {
    const labels = readWorkLabels(instance.labels);
    if (labels === undefined) continue;
    const { id, state, pid, startedAt, exit, ports, templateHash } = instance;
    found.push({
      ...labels,
      driver: driver.name,
      id,
      state,
      ports,
      templateHash,
      ...(pid === undefined ? {} : { pid }),
      ...(startedAt === undefined ? {} : { startedAt }),
      ...(exit === undefined ? {} : { exit }),
    });
  }
  return { driver: available, found };
}
