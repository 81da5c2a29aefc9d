import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { constants } from 'node:os';
import { parseStat, type ProcessIdentity } from './proc.ts';

export interface RunRecord {
  /** Leads the session and the process group that the workload starts in; absent when its line is lost. */
  readonly supervisor: ProcessIdentity;
  readonly workload: ProcessIdentity;
}

export interface ExitStatus {
  readonly code: number;
  /** As POSIX shells tell it: a code of 128 + n stands for signal n. */
  readonly signal?: string;
}

const recordBytesMax = 4096;
const voided = 'void\n';

function readSmall(path: string): string | undefined {
  try {
    const text = readFileSync(path, 'latin1');
    return text.length <= recordBytesMax ? text : undefined;
  } catch {
    return undefined;
  }
}

/** What an attempt wrote of itself. `pending`: nothing yet, or not all of it. `void`: a daemon gave it up before it ran. */
export function readRunRecord(path: string): RunRecord | 'pending' | 'void' {
  const text = readSmall(path);
  if (text === voided) return 'void';
  const lines = text?.split('\n') ?? [];
  const supervisor = parseStat(lines[0] ?? '');
  const workload = parseStat(lines[1] ?? '');
  if (lines.length !== 3 || supervisor === undefined || workload === undefined) return 'pending';
  return {
    supervisor: { pid: supervisor.pid, startTicks: supervisor.startTicks },
    workload: { pid: workload.pid, startTicks: workload.startTicks },
  };
}

/** Takes an attempt away from its shim. False: the attempt was faster, and its record counts. */
export function voidRunRecord(path: string): boolean {
  let file: number;
  try {
    file = openSync(path, 'wx', 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
  try {
    writeSync(file, voided);
  } finally {
    closeSync(file);
  }
  return true;
}

const signalNames = new Map(
  Object.entries(constants.signals).map(([name, number]) => [number, name]),
);

/** The exit status that the shim wrote; undefined while there is none, or not all of it. */
export function readExitStatus(path: string): ExitStatus | undefined {
  const found = /^(\d{1,3})\n$/.exec(readSmall(path) ?? '');
  if (found === null) return undefined;
  const code = Number(found[1]);
  const signal = code > 128 ? signalNames.get(code - 128) : undefined;
  return signal === undefined ? { code } : { code, signal };
}
