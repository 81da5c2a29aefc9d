import { readdirSync, readFileSync } from 'node:fs';

/** proc(5), /proc/PID/stat: the fields that tell one process from the next with the same pid. */
export interface ProcessStat {
  readonly pid: number;
  /** Field 3: R, S, D, Z, … */
  readonly state: string;
  /** Field 5 and 6. */
  readonly group: number;
  readonly session: number;
  /** Field 22: clock ticks between the boot and its start; a reused pid has another value. */
  readonly startTicks: number;
}

/** One process for ever: pids are reused, pid and start together (within one boot) are not. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startTicks: number;
}

/** Undefined for anything that is no stat line. The name in parentheses may hold spaces and parentheses. */
export function parseStat(text: string): ProcessStat | undefined {
  const nameEnd = text.lastIndexOf(')');
  if (nameEnd < 0) return undefined;
  const pid = Number.parseInt(text, 10);
  const fields = text.slice(nameEnd + 2).split(' ');
  const [state = '', , group, session] = fields;
  const startTicks = Number(fields[19]);
  const stat = { pid, state, group: Number(group), session: Number(session), startTicks };
  const numbers = [stat.pid, stat.group, stat.session, stat.startTicks];
  return numbers.every(Number.isSafeInteger) && pid > 0 ? stat : undefined;
}

/** Undefined when there is no such process, or only its unreaped remains. */
export function readStat(pid: number): ProcessStat | undefined {
  try {
    const stat = parseStat(readFileSync(`/proc/${pid}/stat`, 'latin1'));
    return stat === undefined || 'ZXx'.includes(stat.state) ? undefined : stat;
  } catch {
    return undefined;
  }
}

/** Whether exactly this process runs. */
export function isAlive(process: ProcessIdentity): boolean {
  return readStat(process.pid)?.startTicks === process.startTicks;
}

/** The environment a process was started with, as it is in memory now; empty when it may not be read. */
export function readEnviron(pid: number): Buffer {
  try {
    return readFileSync(`/proc/${pid}/environ`);
  } catch {
    return Buffer.alloc(0);
  }
}

/** random(4): changes at every boot of the machine. */
export function readBootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
}

const scanBatch = 100;

/** All living processes that match, itself excepted. Gives way between batches, so that a daemon stays responsive. */
export async function findProcesses(
  matches: (stat: ProcessStat) => boolean,
): Promise<readonly ProcessStat[]> {
  const found: ProcessStat[] = [];
  let read = 0;
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const stat = readStat(pid);
    if (stat !== undefined && matches(stat)) found.push(stat);
    if (++read % scanBatch === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  return found;
}

/** Sends a signal to exactly this process; false when it is gone or not ours. */
export function signalProcess(target: ProcessIdentity, signal: NodeJS.Signals): boolean {
  if (!isAlive(target)) return false;
  try {
    process.kill(target.pid, signal);
    return true;
  } catch {
    return false;
  }
}
