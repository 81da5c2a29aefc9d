import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { spawn } from 'node:child_process';

import { CliError } from '../cli-error.ts';
import { isAlive, readStat, signalProcess } from '../../drivers/process/proc.ts';
import type { CloudFolder } from './cloud-folder.ts';
import type { ProcessIdentity } from '../../drivers/process/proc.ts';

const pollMs = 25;
/** Small young generations keep a daemon's memory low; it makes little garbage. */
const nodeOptions = ['--max-semi-space-size=1'];

/** The daemon's bundle, beside ours or, when we run from sources, in dist/. */
function daemonScript(): string {
  const places = [
    join(import.meta.dirname, 'p2pcsd.mjs'),
    join(import.meta.dirname, '../../../dist/p2pcsd.mjs'),
  ];
  const found = places.find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new CliError(
    `cannot start peers: there is no p2pcsd.mjs beside ${import.meta.dirname}`,
    1,
    ['build it: npm run build'],
  );
}

function commandLineOf(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return [];
  }
}

/** The running daemon of a peer. A pid file alone proves nothing: the process must be p2pcsd with this home. */
export function runningDaemon(folder: CloudFolder, peer: string): ProcessIdentity | undefined {
  let pid: number;
  try {
    pid = Number(readFileSync(folder.pid(peer), 'utf8').trim());
  } catch {
    return undefined;
  }
  if (!Number.isSafeInteger(pid) || pid <= 1) return undefined;
  const stat = readStat(pid);
  const words = commandLineOf(pid);
  const home = words[words.indexOf('--home') + 1];
  const isOurs =
    words.some((word) => /p2pcsd/.test(word)) &&
    words.includes('--home') &&
    home !== undefined &&
    resolve(home) === folder.peer(peer);
  return stat !== undefined && isOurs ? { pid, startTicks: stat.startTicks } : undefined;
}

/** Starts a daemon that outlives us, in a session of its own; what it says goes to its log. */
export function spawnDaemon(folder: CloudFolder, peer: string): ProcessIdentity {
  mkdirSync(folder.peer(peer), { recursive: true, mode: 0o700 });
  const log = openSync(folder.log(peer), 'a', 0o600);
  try {
    const child = spawn(
      process.execPath,
      [...nodeOptions, daemonScript(), '--home', folder.peer(peer)],
      { detached: true, stdio: ['ignore', log, log], cwd: folder.peer(peer) },
    );
    child.on('error', () => {});
    child.unref();
    const { pid } = child;
    const startTicks = pid === undefined ? undefined : readStat(pid)?.startTicks;
    if (pid === undefined || startTicks === undefined) {
      throw new CliError(`cannot start ${peer}: ${process.execPath} did not run`);
    }
    return { pid, startTicks };
  } finally {
    closeSync(log);
  }
}

/** The last lines of a peer's log, for an error message. */
export function lastLogLines(folder: CloudFolder, peer: string, count: number): readonly string[] {
  try {
    return readFileSync(folder.log(peer), 'utf8').trimEnd().split('\n').slice(-count);
  } catch {
    return [];
  }
}

async function waitForEnd(daemon: ProcessIdentity, timeoutMs: number): Promise<boolean> {
  for (
    const untilMs = performance.now() + timeoutMs;
    performance.now() < untilMs;
    await delay(pollMs)
  ) {
    if (!isAlive(daemon)) return true;
  }
  return !isAlive(daemon);
}

/** Asks a daemon to announce its stop and go; forces it after `graceMs`. */
export async function stopDaemon(
  daemon: ProcessIdentity,
  graceMs: number,
): Promise<'stopped' | 'forced' | 'left'> {
  signalProcess(daemon, 'SIGTERM');
  if (await waitForEnd(daemon, graceMs)) return 'stopped';
  signalProcess(daemon, 'SIGKILL');
  return (await waitForEnd(daemon, 5_000)) ? 'forced' : 'left';
}
