import type { JsonObject } from '../objects/json.ts';
import type { ApiObject } from '../objects/object.ts';
import { StatusError } from '../objects/status-error.ts';
import type { Catalog, CatalogEvent } from '../store/catalog.ts';
import type { Accepted } from './accept.ts';
import { formatOf } from './api-request.ts';
import type { ApiRequest } from './api-request.ts';
import { apiVersionOf } from './kind-info.ts';
import type { KindInfo } from './kind-info.ts';
import { includedOf, selectorOf, shownBy } from './list.ts';
import type { Selector } from './list.ts';
import { parseCount, parseFlag, parseResourceVersion, tooOld } from './resource-version.ts';
import { toPartial, toTable } from './table.ts';
import type { IncludedObject } from './table.ts';

type EventType = 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';

const watchesMax = 1000;
/** A client that does not read is let go when this much waits for it; it will list again. */
const unreadBytesMax = 8 * 1024 * 1024;
const bookmarkEveryMs = 60_000;
const initialEventsEnd = 'k8s.io/initial-events-end';

/** What a change is to a client that sees only what its selector lets through. */
function seenAs(
  event: CatalogEvent,
  kind: KindInfo,
  selects: Selector | undefined,
): [EventType, JsonObject] | undefined {
  const now = shownBy(kind, event.object);
  if (selects === undefined) return [event.type, now];
  const before = event.previous === undefined ? undefined : shownBy(kind, event.previous);
  const isSeen = event.type !== 'DELETED' && selects(now);
  const wasSeen = event.type !== 'ADDED' && selects(before ?? now);
  if (isSeen) return [wasSeen ? 'MODIFIED' : 'ADDED', now];
  if (!wasSeen) return undefined;
  const metadata = {
    ...((before ?? now)['metadata'] as JsonObject),
    resourceVersion: String(event.resourceVersion),
  };
  return ['DELETED', { ...(before ?? now), metadata }];
}

/** Writes one client's watch, in the shape it asked for. */
class WatchStream {
  readonly #request: ApiRequest;
  readonly #kind: KindInfo;
  readonly #accepted: Accepted;
  readonly #include: IncludedObject;
  #isFirst = true;

  constructor(request: ApiRequest, kind: KindInfo) {
    this.#request = request;
    this.#kind = kind;
    this.#accepted = formatOf(request);
    this.#include = includedOf(request.query);
  }

  open(): void {
    this.#request.response.writeHead(200, {
      'Content-Type': 'application/json',
      'Cache-Control': 'no-cache, private',
    });
    this.#request.response.flushHeaders();
  }

  send(type: EventType, object: JsonObject): void {
    const { response } = this.#request;
    if (response.writableEnded || response.destroyed) return;
    response.write(`${JSON.stringify({ type, object: this.#present(type, object) })}\n`);
    if (response.writableLength > unreadBytesMax) response.destroy();
  }

  bookmark(resourceVersion: number, isInitialEnd: boolean): void {
    const annotations = isInitialEnd ? { annotations: { [initialEventsEnd]: 'true' } } : {};
    const metadata = {
      resourceVersion: String(resourceVersion),
      creationTimestamp: null,
      ...annotations,
    };
    this.send('BOOKMARK', {
      kind: this.#kind.kind,
      apiVersion: apiVersionOf(this.#kind),
      metadata,
    });
  }

  end(): void {
    this.#request.response.end();
  }

  #present(type: EventType, object: JsonObject): JsonObject {
    const { as, version } = this.#accepted;
    if (type === 'ERROR' || as === 'object') return object;
    if (as === 'metadata') return toPartial(object, version);
    const rows = type === 'BOOKMARK' ? [] : [object];
    const metadata = object['metadata'] as JsonObject;
    const { resourceVersion, annotations } = metadata;
    const shown = type === 'BOOKMARK' ? { resourceVersion, annotations } : { resourceVersion };
    const withColumns = this.#isFirst;
    this.#isFirst = false;
    return toTable(this.#kind.columns, rows, shown, {
      version,
      include: this.#include,
      nowMs: Date.now(),
      withColumns,
    });
  }
}

function checkInitialEvents(query: URLSearchParams): boolean {
  if (!query.has('sendInitialEvents')) return false;
  const match = query.get('resourceVersionMatch');
  if (match !== 'NotOlderThan') {
    throw new StatusError(
      'Invalid',
      'sendInitialEvents: Forbidden: resourceVersionMatch must be NotOlderThan',
    );
  }
  const wanted = parseFlag(query, 'sendInitialEvents');
  if (wanted && !parseFlag(query, 'allowWatchBookmarks')) {
    throw new StatusError(
      'Invalid',
      'sendInitialEvents: Forbidden: allowWatchBookmarks must be true',
    );
  }
  return wanted;
}

/** Serves watches: changes of a kind, as seen through a client's selectors, from a version on. */
export class Watches {
  readonly #catalog: Catalog;
  #open = 0;

  constructor(catalog: Catalog) {
    this.#catalog = catalog;
  }

  /** Answers with a stream that ends when the client leaves, the server stops or the asked time is over. */
  serve(request: ApiRequest, kind: KindInfo, namespace: string | undefined): void {
    if (this.#open >= watchesMax) {
      throw new StatusError(
        'TooManyRequests',
        `more than ${watchesMax} watches are open; close some`,
        { retryAfterSeconds: 1 },
      );
    }
    const { query, signal, response } = request;
    const selects = selectorOf(kind, query);
    const from = parseResourceVersion(query.get('resourceVersion'));
    const timeoutSeconds = parseCount(query, 'timeoutSeconds');
    const wantsInitial = checkInitialEvents(query);
    const wantsBookmarks = parseFlag(query, 'allowWatchBookmarks');
    const stream = new WatchStream(request, kind);
    const isHere = (object: ApiObject): boolean =>
      namespace === undefined || object.metadata.namespace === namespace;
    const deliver = (event: CatalogEvent): void => {
      if (event.kind !== kind.key || !isHere(event.object)) return;
      const seen = seenAs(event, kind, selects);
      if (seen !== undefined) stream.send(...seen);
    };

    stream.open();
    if (from === undefined || wantsInitial) {
      for (const object of this.#catalog.list(kind.key, namespace)) {
        const shown = shownBy(kind, object);
        if (selects?.(shown) !== false) stream.send('ADDED', shown);
      }
      if (wantsInitial) stream.bookmark(this.#catalog.resourceVersion(), true);
    } else {
      const missed = this.#catalog.since(kind.key, from);
      if (missed === 'expired') {
        stream.send('ERROR', tooOld(from).toStatus());
        stream.end();
        return;
      }
      for (const event of missed) deliver(event);
    }

    this.#open += 1;
    const unsubscribe = this.#catalog.subscribe(deliver);
    const bookmarks = wantsBookmarks
      ? setInterval(() => stream.bookmark(this.#catalog.resourceVersion(), false), bookmarkEveryMs)
      : undefined;
    const finish = (): void => {
      if (wantsBookmarks) stream.bookmark(this.#catalog.resourceVersion(), false);
      stream.end();
    };
    const timer =
      timeoutSeconds === undefined || timeoutSeconds === 0
        ? undefined
        : setTimeout(finish, Math.min(timeoutSeconds, 86_400) * 1000);
    signal.addEventListener('abort', () => stream.end(), { once: true });
    response.once('close', () => {
      this.#open -= 1;
      unsubscribe();
      clearInterval(bookmarks);
      clearTimeout(timer);
    });
    if (signal.aborted) stream.end();
  }
}
