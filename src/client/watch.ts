import { jsonText } from './json-text.ts';
import { PeerUnreachable } from './http-client.ts';
import { StatusError } from '../objects/status-error.ts';
import { readJsonLines } from './json-lines.ts';
import { resourcePath } from './discovery.ts';
import type { ApiObject } from '../objects/object.ts';
import type { ApiResource } from './discovery.ts';
import type { HttpClient } from './http-client.ts';
import type { JsonObject } from '../objects/json.ts';
import type { StatusReason } from '../objects/status-error.ts';

export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: JsonObject;
}

export interface WatchScope {
  readonly resource: ApiResource;
  readonly namespace?: string;
  readonly name?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Where the watch begins; 0: with what there is now. */
  readonly resourceVersion: string;
  readonly accept?: string;
  readonly signal: AbortSignal;
}

/** The longest wait between two attempts to watch again. */
const reconnectMaxMs = 2_000;

function selector(scope: WatchScope): string | undefined {
  const byName = scope.name === undefined ? undefined : `metadata.name=${scope.name}`;
  return [byName, scope.fieldSelector].filter((part) => part !== undefined).join(',') || undefined;
}

/** Events until the peer closes or `signal` aborts. An ERROR event is thrown as the StatusError that it carries. */
export async function* watchOnce(
  client: HttpClient,
  scope: WatchScope,
): AsyncGenerator<WatchEvent, void, void> {
  const chunks = client.stream({
    path: resourcePath(scope.resource, scope.namespace),
    query: {
      watch: true,
      resourceVersion: scope.resourceVersion,
      labelSelector: scope.labelSelector,
      fieldSelector: selector(scope),
      allowWatchBookmarks: false,
    },
    signal: scope.signal,
    ...(scope.accept === undefined ? {} : { accept: scope.accept }),
  });
  for await (const line of readJsonLines(chunks)) {
    const { type, object } = line as unknown as { type: string; object: JsonObject };
    if (type === 'ERROR') {
      throw new StatusError(object['reason'] as StatusReason, jsonText(object['message']));
    }
    if (type !== 'BOOKMARK') yield { type, object } as WatchEvent;
  }
}

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((done) => {
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', () => (clearTimeout(timer), done()), { once: true });
  });

/**
 * The states that one object goes through, first the present one; undefined while it does not exist. Goes on after a
 * lost connection, an expired history or a restarted peer: states may be skipped, the last one is never missed. Only
 * a peer that never answered is an error.
 */
export async function* watchObject(
  client: HttpClient,
  scope: Omit<WatchScope, 'resourceVersion' | 'accept'> & { readonly name: string },
): AsyncGenerator<ApiObject | undefined, void, void> {
  const path = resourcePath(scope.resource, scope.namespace);
  let isKnown = false;
  for (let quiet = 0; !scope.signal.aborted; quiet++) {
    try {
      const { body } = await client.request({
        path,
        query: { fieldSelector: `metadata.name=${scope.name}` },
        signal: scope.signal,
      });
      const list = body as unknown as {
        items: readonly ApiObject[];
        metadata: { resourceVersion: string };
      };
      isKnown = true;
      yield list.items[0];
      const from = { ...scope, resourceVersion: list.metadata.resourceVersion };
      for await (const event of watchOnce(client, from)) {
        quiet = 0;
        yield event.type === 'DELETED' ? undefined : (event.object as unknown as ApiObject);
      }
    } catch (error) {
      if (scope.signal.aborted) return;
      const expired = error instanceof StatusError && error.code === 410;
      const lost = error instanceof PeerUnreachable && isKnown;
      if (!expired && !lost) throw error;
    }
    await pause(Math.min(50 * 2 ** quiet, reconnectMaxMs), scope.signal);
  }
}
