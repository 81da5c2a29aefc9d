import { watchObject } from '../client/watch.ts';
import type { ApiObject } from '../objects/object.ts';
import type { ApiResource } from '../client/discovery.ts';
import type { Cli } from './cli.ts';
import type { Connection } from './connection.ts';

/**
 * Watches one object (undefined while it does not exist) until `isReached`; false when `timeoutMs` passed first.
 * Undefined: as long as it takes. 0: only look once.
 */
export async function waitUntil(
  cli: Cli,
  connection: Connection,
  item: {
    readonly resource: ApiResource;
    readonly namespace?: string | undefined;
    readonly name: string;
  },
  timeoutMs: number | undefined,
  isReached: (object: ApiObject | undefined) => boolean,
): Promise<boolean> {
  const timer = new AbortController();
  const running =
    timeoutMs === undefined || timeoutMs === 0
      ? undefined
      : setTimeout(() => timer.abort(), timeoutMs);
  const signal = AbortSignal.any([cli.signal, timer.signal]);
  try {
    const states = watchObject(connection.client, {
      resource: item.resource,
      name: item.name,
      signal,
      ...(item.namespace === undefined ? {} : { namespace: item.namespace }),
    });
    for await (const object of states) {
      if (isReached(object)) return true;
      if (timeoutMs === 0) return false;
    }
  } catch (error) {
    if (!timer.signal.aborted) throw error;
  } finally {
    clearTimeout(running);
    timer.abort();
  }
  cli.signal.throwIfAborted();
  return false;
}
