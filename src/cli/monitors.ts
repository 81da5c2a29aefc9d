import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { isAlive, readStat } from '../drivers/process/proc.ts';
import type { ProcessIdentity } from '../drivers/process/proc.ts';

/*
 * A running monitor has a file beside the kubeconfig, so that unmonitor-instances finds it. The start time in it tells
 * the monitor from a later process with the same number, which is never signalled.
 */

const folderOf = (kubeconfig: string): string => join(dirname(kubeconfig), 'monitors');

/** Announces this process as a monitor; the answer takes that back. */
export function registerMonitor(kubeconfig: string): () => void {
  const folder = folderOf(kubeconfig);
  const file = join(folder, `${process.pid}.json`);
  const identity: ProcessIdentity = {
    pid: process.pid,
    startTicks: readStat(process.pid)?.startTicks ?? 0,
  };
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(file, `${JSON.stringify(identity)}\n`, { mode: 0o600 });
  return () => rmSync(file, { force: true });
}

function readIdentity(file: string): ProcessIdentity | undefined {
  try {
    const { pid, startTicks } = JSON.parse(readFileSync(file, 'utf8')) as Partial<ProcessIdentity>;
    return Number.isInteger(pid) && pid! > 1 && Number.isInteger(startTicks)
      ? { pid: pid!, startTicks: startTicks! }
      : undefined;
  } catch {
    return undefined;
  }
}

/** Ends every monitor of this kubeconfig that still runs, and forgets those that do not. How many were ended. */
export function endMonitors(kubeconfig: string): number {
  const folder = folderOf(kubeconfig);
  let names: readonly string[];
  try {
    names = readdirSync(folder).filter((name) => /^\d+\.json$/.test(name));
  } catch {
    return 0;
  }
  let ended = 0;
  for (const file of names.map((name) => join(folder, name))) {
    const identity = readIdentity(file);
    if (identity !== undefined && isAlive(identity)) {
      process.kill(identity.pid, 'SIGTERM');
      ended += 1;
    } else rmSync(file, { force: true });
  }
  return ended;
}
