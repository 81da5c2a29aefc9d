import type { NetworkLog } from './network-options.ts';

/** What libp2p throws where nobody can catch it, when a stream or connection closes at an unlucky moment. */
const raceNames: readonly string[] = [
  'AbortError',
  'ConnectionClosedError',
  'ConnectionClosingError',
  'MuxerClosedError',
  'StreamAbortedError',
  'StreamBufferError',
  'StreamClosedError',
  'StreamResetError',
  'StreamStateError',
  'TimeoutError',
  'UnexpectedEOFError',
];
const raceCodes: readonly string[] = ['ECONNRESET', 'EPIPE', 'ERR_STREAM_DESTROYED'];

const logs = new Set<NetworkLog>();

/**
 * Keeps such errors from ending the process: a remote peer could cause them. Every other error ends it as before.
 * Returns how to stop.
 */
export function containStreamRaces(log: NetworkLog): () => void {
  if (logs.size === 0) {
    process.on('uncaughtException', contain);
    process.on('unhandledRejection', contain);
  }
  logs.add(log);
  return () => {
    if (!logs.delete(log) || logs.size > 0) return;
    process.off('uncaughtException', contain);
    process.off('unhandledRejection', contain);
  };
}

function contain(error: unknown): void {
  const { name, code } = (error ?? {}) as { name?: string; code?: string };
  if ((name !== undefined && raceNames.includes(name)) || raceCodes.includes(code ?? '')) {
    for (const log of logs) log.warn('libp2p lost track of a closing stream', { error });
    return;
  }
  // Not ours: others who listen decide, and if there are none, it must end the process as if we did not listen.
  if (process.listenerCount('uncaughtException') > 1) return;
  process.off('uncaughtException', contain);
  process.off('unhandledRejection', contain);
  setImmediate(() => {
    throw error;
  });
}
