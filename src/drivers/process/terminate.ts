import { setTimeout as delay } from 'node:timers/promises';
import {
  findProcesses,
  isAlive,
  readEnviron,
  signalProcess,
  type ProcessIdentity,
  type ProcessStat,
} from './proc.ts';

/** All that can belong to one instance. */
export interface Family {
  /** `P2PCS_INSTANCE_ID=…` as it stands in the environment. */
  readonly marker: string;
  /** Leads session and process group; never signalled with the rest, for it writes the exit status. */
  readonly supervisor?: ProcessIdentity;
  readonly workload?: ProcessIdentity;
  /** Whether one of the two was seen alive by this daemon: only then its session number is surely not reused. */
  readonly seen: boolean;
}

const pollMinMs = 5;
const pollMaxMs = 200;
const scanEveryMs = 1000;
const forceWithinMs = 10_000;
const supervisorWithinMs = 2000;

/** Whether one variable, whole, is in an environment as /proc shows it. */
function hasVariable(environ: Buffer, variable: string): boolean {
  return `\0${environ.toString('latin1')}`.includes(`\0${variable}\0`);
}

/** What of an instance runs, its shim apart: by session, by process group, by the mark in the environment. */
export async function livingMembers(family: Family): Promise<readonly ProcessStat[]> {
  const { supervisor, workload } = family;
  const session = family.seen ? supervisor?.pid : undefined;
  return findProcesses((stat) => {
    if (stat.pid === supervisor?.pid && stat.startTicks === supervisor.startTicks) return false;
    if (stat.pid === workload?.pid) return stat.startTicks === workload.startTicks;
    if (session !== undefined && (stat.session === session || stat.group === session)) return true;
    return hasVariable(readEnviron(stat.pid), family.marker);
  });
}

/**
 * Ends an instance: SIGTERM to each of its processes once, also to those that appear later (a second SIGTERM makes
 * many programs give up their graceful end), SIGKILL after `graceMs`. Resolves when none is left and the shim has
 * written the exit status.
 *
 * @throws Error naming the processes that survived SIGKILL
 */
export async function terminate(family: Family, graceMs: number): Promise<void> {
  const start = performance.now();
  if (graceMs > 0) await terminateGently(family, start + graceMs);
  const forceUntil = performance.now() + forceWithinMs;
  for (let waitMs = pollMinMs; ; waitMs = Math.min(2 * waitMs, pollMaxMs)) {
    const members = await livingMembers(family);
    if (members.length === 0) break;
    if (performance.now() > forceUntil) throw new Error(`${describe(members)} outlived SIGKILL`);
    for (const member of members) signalProcess(member, 'SIGKILL');
    await delay(waitMs);
  }
  await endSupervisor(family.supervisor);
}

async function terminateGently(family: Family, untilMs: number): Promise<void> {
  const told = new Set<string>();
  let scannedMs = -Infinity;
  for (
    let waitMs = pollMinMs;
    performance.now() < untilMs;
    waitMs = Math.min(2 * waitMs, pollMaxMs)
  ) {
    const { workload } = family;
    const mainLives = workload !== undefined && isAlive(workload);
    if (!mainLives || performance.now() - scannedMs > scanEveryMs) {
      const members = await livingMembers(family);
      if (members.length === 0) return;
      scannedMs = performance.now();
      for (const member of members) {
        const name = `${member.pid} ${member.startTicks}`;
        if (told.has(name)) continue;
        told.add(name);
        signalProcess(member, 'SIGTERM');
        // A stopped process acts on nothing but SIGKILL.
        if (member.state === 'T') signalProcess(member, 'SIGCONT');
      }
    }
    await delay(Math.min(waitMs, Math.max(1, untilMs - performance.now())));
  }
}

async function endSupervisor(supervisor: ProcessIdentity | undefined): Promise<void> {
  if (supervisor === undefined) return;
  const untilMs = performance.now() + supervisorWithinMs;
  while (isAlive(supervisor)) {
    if (performance.now() > untilMs) signalProcess(supervisor, 'SIGKILL');
    await delay(pollMinMs);
  }
}

function describe(members: readonly ProcessStat[]): string {
  const shown = members.slice(0, 5).map(({ pid, state }) => `${pid} (state ${state})`);
  const more = members.length > shown.length ? ` and ${members.length - shown.length} more` : '';
  return `process ${shown.join(', ')}${more}`;
}
