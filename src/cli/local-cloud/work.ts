import { existsSync } from 'node:fs';

import { runningDaemon } from './daemon-process.ts';
import type { CloudFolder } from './cloud-folder.ts';
import type { ProcessDriver } from '../../drivers/process/process-driver.ts';

const graceMs = 5_000;

/** Opens the process driver of a peer whose daemon is down: two at once would be in each other's way. */
async function withDriver<T>(
  folder: CloudFolder,
  peer: string,
  use: (driver: ProcessDriver) => Promise<T>,
): Promise<T | undefined> {
  const root = folder.processes(peer);
  if (!existsSync(root) || runningDaemon(folder, peer) !== undefined) return undefined;
  const { ProcessDriver: Driver } = await import('../../drivers/process/process-driver.ts');
  const driver = new Driver({ root });
  try {
    return await use(driver);
  } finally {
    await driver.close();
  }
}

const idsOf = async (driver: ProcessDriver): Promise<readonly string[]> =>
  (await driver.list()).flatMap(({ id, state }) => (state === 'exited' ? [] : [id]));

/** How many instances of stopped peers still run. */
export async function runningWork(folder: CloudFolder, peers: readonly string[]): Promise<number> {
  let count = 0;
  for (const peer of peers) count += (await withDriver(folder, peer, idsOf))?.length ?? 0;
  return count;
}

/** Stops the instances of stopped peers, politely first; how many there were. */
export async function stopWork(
  folder: CloudFolder,
  peers: readonly string[],
  report: (text: string) => void,
): Promise<number> {
  let ended = 0;
  await Promise.all(
    peers.map((peer) =>
      withDriver(folder, peer, async (driver) => {
        await Promise.all(
          (await idsOf(driver)).map(async (id) => {
            await driver.stop(id, { graceMs });
            ended += 1;
            report(`${ended} stopped`);
          }),
        );
      }),
    ),
  );
  return ended;
}
