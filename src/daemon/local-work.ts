import { readWorkLabels } from '../reconcilers/instance/work-labels.ts';
import type { Driver } from '../drivers/driver.ts';

/** Which driver of this machine has the work of a slice, and under which id. */
export async function findWork(
  drivers: readonly Driver[],
  slice: string,
): Promise<{ driver: Driver; id: string } | undefined> {
  for (const driver of drivers) {
    for (const instance of await driver.list()) {
      if (readWorkLabels(instance.labels)?.slice.uid === slice) return { driver, id: instance.id };
    }
  }
  return undefined;
}
