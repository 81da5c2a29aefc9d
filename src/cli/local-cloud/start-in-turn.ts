import { availableParallelism } from 'node:os';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

import { isAlive } from '../../drivers/process/proc.ts';
import type { RunningPeer } from './await-one-cloud.ts';

const pollMs = 20;
/**
 * Enough for a small cloud to come back as one: who comes first does not know that the others are on their way, and
 * takes places that were theirs.
 */
const startsAtOnce = 16;
/** A daemon that has not opened its API by then no longer keeps others from starting. */
const patienceMs = 10_000;

/**
 * Starts daemons some at a time, the next when one before it has opened its API. A start is a second of computing:
 * all at once they would starve each other, and those that run already, so that healthy peers look dead.
 */
export async function startInTurn<T>(
  items: readonly T[],
  start: (item: T) => RunningPeer,
  signal: AbortSignal,
): Promise<readonly RunningPeer[]> {
  const atOnce = Math.max(startsAtOnce, 2 * availableParallelism());
  const started: RunningPeer[] = [];
  const opening = new Set<Promise<void>>();
  for (const item of items) {
    while (opening.size >= atOnce) await Promise.race(opening);
    signal.throwIfAborted();
    const peer = start(item);
    started.push(peer);
    const opened = untilOpen(peer, signal).finally(() => opening.delete(opened));
    opening.add(opened);
  }
  await Promise.all(opening);
  return started;
}

/** Resolves when the API's port takes connections, the daemon is gone, or patience ends. */
async function untilOpen({ bundle, process }: RunningPeer, signal: AbortSignal): Promise<void> {
  const untilMs = performance.now() + patienceMs;
  while (performance.now() < untilMs && !signal.aborted && isAlive(process)) {
    if (await isOpen(bundle.api.host, bundle.api.port)) return;
    await delay(pollMs);
  }
}

function isOpen(host: string, port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect({ host, port });
    const end = (open: boolean): void => {
      socket.destroy();
      done(open);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
  });
}
