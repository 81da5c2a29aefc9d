import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

import { CliError, ExitCode } from '../cli-error.ts';
import { isAlive, readStat } from '../../drivers/process/proc.ts';
import type { CloudFolder } from './cloud-folder.ts';
import type { ProcessIdentity } from '../../drivers/process/proc.ts';

const waitMaxMs = 60_000;
const pollMs = 100;

function holderOf(path: string): ProcessIdentity | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as ProcessIdentity;
  } catch {
    return undefined;
  }
}

/**
 * One p2pctl at a time changes a local cloud; another one waits for it. The lock of a process that is gone is broken.
 * The answer gives the lock back.
 */
export async function lockCloud(folder: CloudFolder, signal: AbortSignal): Promise<() => void> {
  mkdirSync(folder.path, { recursive: true, mode: 0o700 });
  const own = { pid: process.pid, startTicks: readStat(process.pid)?.startTicks ?? 0 };
  for (
    const untilMs = performance.now() + waitMaxMs;
    ;
    await delay(pollMs, undefined, { signal })
  ) {
    try {
      writeFileSync(folder.lock, JSON.stringify(own), { flag: 'wx', mode: 0o600 });
      return () => rmSync(folder.lock, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const holder = holderOf(folder.lock);
    if (holder !== undefined && !isAlive(holder)) rmSync(folder.lock, { force: true });
    else if (performance.now() > untilMs) {
      throw new CliError(
        `another p2pctl (pid ${holder?.pid ?? '?'}) is at work on ${folder.path}`,
        ExitCode.timedOut,
        [`if it is not: rm ${folder.lock}`],
      );
    }
  }
}
