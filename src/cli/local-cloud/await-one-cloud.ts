import { setTimeout as delay } from 'node:timers/promises';

import { CliError, ExitCode } from '../cli-error.ts';
import { HttpClient } from '../../client/http-client.ts';
import { isAlive } from '../../drivers/process/proc.ts';
import { lastLogLines } from './daemon-process.ts';
import type { Bundle } from '../../trust/bundle.ts';
import type { CloudFolder } from './cloud-folder.ts';
import type { ProcessIdentity } from '../../drivers/process/proc.ts';

/** A daemon that was started, or ran already. */
export interface RunningPeer {
  readonly bundle: Bundle;
  readonly process: ProcessIdentity;
}

/** The answer of `/p2pcs/v1/info`, the part that matters here. */
interface Info {
  readonly peer: string;
  readonly synced: boolean;
  /** Live peers that it knows, itself included. */
  readonly alive: number;
}

const pollMs = 150;
/** Peers asked at once: on a busy machine each answer takes from the starts of the others. */
const askedAtOnce = 4;
const answerTimeoutMs = 2_000;

function clientFor({ api }: Bundle): HttpClient {
  const [client] = api.clients;
  return new HttpClient({
    server: `https://${api.host}:${api.port}`,
    ca: api.ca,
    ...(client === undefined ? {} : { certificate: client.certificate, key: client.key }),
  });
}

async function ask(client: HttpClient, signal: AbortSignal): Promise<Info | undefined> {
  try {
    const { body } = await client.request({
      path: '/p2pcs/v1/info',
      timeoutMs: answerTimeoutMs,
      signal,
    });
    return body as unknown as Info;
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}

function refuseDead(folder: CloudFolder, peers: readonly RunningPeer[]): void {
  const dead = peers.find(({ process }) => !isAlive(process));
  if (dead === undefined) return;
  const { name } = dead.bundle.peer;
  throw new CliError(`${name} ended while it started`, ExitCode.failed, [
    ...lastLogLines(folder, name, 5),
    `all it said: ${folder.log(name)}`,
  ]);
}

/**
 * Waits until each of `peers` knows `expected` live peers and has exchanged its records with another one. `report` is
 * told how many are that far. Exit code 3 when it takes longer than `timeoutMs`.
 */
export async function awaitOneCloud(
  folder: CloudFolder,
  peers: readonly RunningPeer[],
  expected: number,
  options: {
    readonly timeoutMs: number;
    readonly signal: AbortSignal;
    readonly report: (ready: number) => void;
  },
): Promise<void> {
  const waiting = new Map(peers.map((peer) => [peer, clientFor(peer.bundle)]));
  const last = new Map<string, Info | undefined>();
  const askedMs = new Map<RunningPeer, number>();
  const untilMs = performance.now() + options.timeoutMs;
  try {
    for (;;) {
      refuseDead(folder, peers);
      const round = [...waiting].toSorted(
        ([a], [b]) => (askedMs.get(a) ?? 0) - (askedMs.get(b) ?? 0),
      );
      await Promise.all(
        round.slice(0, askedAtOnce).map(async ([peer, client]) => {
          askedMs.set(peer, performance.now());
          const info = await ask(client, options.signal);
          last.set(peer.bundle.peer.name, info);
          if (info === undefined || !info.synced || info.alive < expected) return;
          client.close();
          waiting.delete(peer);
        }),
      );
      options.report(peers.length - waiting.size);
      if (waiting.size === 0) return;
      if (performance.now() > untilMs) break;
      const isEveryoneAsked = [...waiting.keys()].every((peer) => askedMs.has(peer));
      await delay(isEveryoneAsked ? pollMs : 10, undefined, { signal: options.signal });
    }
  } finally {
    for (const client of waiting.values()) client.close();
  }
  const lines = [...waiting.keys()].map(({ bundle }) => {
    const info = last.get(bundle.peer.name);
    const state =
      info === undefined
        ? 'does not answer'
        : `knows ${info.alive} of ${expected} live peers${info.synced ? '' : ' and has not synced'}`;
    return `${bundle.peer.name} ${state}; its log: ${folder.log(bundle.peer.name)}`;
  });
  throw new CliError(
    `after ${Math.round(options.timeoutMs / 1000)} s the peers are not one cloud`,
    ExitCode.timedOut,
    lines,
  );
}
