import { watchOnce } from '../client/watch.ts';
import type { ApiResource } from '../client/discovery.ts';
import type { Cli } from './cli.ts';
import type { Connection } from './connection.ts';

/** core/v1 Event, the part that is printed. */
export interface CoreEvent {
  readonly metadata: {
    readonly namespace?: string;
    readonly name: string;
    readonly creationTimestamp?: string;
  };
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  readonly count?: number;
  readonly firstTimestamp?: string;
  readonly lastTimestamp?: string;
  readonly eventTime?: string;
  readonly involvedObject: {
    readonly kind?: string;
    readonly name?: string;
    readonly uid?: string;
  };
}

export interface EventScope {
  /** Undefined: all. */
  readonly namespace?: string;
  readonly kind?: string;
  readonly name?: string;
}

const resource: ApiResource = {
  group: '',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  singular: 'event',
  shortNames: [],
  categories: [],
  namespaced: true,
  verbs: [],
  subresources: [],
};

function fieldSelector(scope: EventScope): string | undefined {
  const parts = [
    scope.kind === undefined ? undefined : `involvedObject.kind=${scope.kind}`,
    scope.name === undefined ? undefined : `involvedObject.name=${scope.name}`,
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? undefined : parts.join(',');
}

const seenAt = (event: CoreEvent): string =>
  event.lastTimestamp ?? event.eventTime ?? event.metadata.creationTimestamp ?? '';

/** Events of a namespace or about one object, oldest first. */
export async function listEvents(
  connection: Connection,
  scope: EventScope,
): Promise<{ readonly events: readonly CoreEvent[]; readonly resourceVersion: string }> {
  const inside =
    scope.namespace === undefined ? '' : `/namespaces/${encodeURIComponent(scope.namespace)}`;
  const list = (await connection.client.json(`/api/v1${inside}/events`, {
    fieldSelector: fieldSelector(scope),
  })) as unknown as { items: readonly CoreEvent[]; metadata: { resourceVersion: string } };
  return {
    events: list.items.toSorted((a, b) => (seenAt(a) < seenAt(b) ? -1 : 1)),
    resourceVersion: list.metadata.resourceVersion,
  };
}

/** New and repeated events from `resourceVersion` on, until the user interrupts. */
export async function* watchEvents(
  cli: Cli,
  connection: Connection,
  scope: EventScope,
  resourceVersion: string,
): AsyncGenerator<CoreEvent, void, void> {
  const selector = fieldSelector(scope);
  const found = watchOnce(connection.client, {
    resource,
    resourceVersion,
    signal: cli.signal,
    ...(scope.namespace === undefined ? {} : { namespace: scope.namespace }),
    ...(selector === undefined ? {} : { fieldSelector: selector }),
  });
  for await (const { type, object } of found) {
    if (type !== 'DELETED') yield object as unknown as CoreEvent;
  }
}

/** How long ago an event was seen last: `12s`, `3m`, `1h`. */
export function eventAge(event: CoreEvent): string {
  const seen = Date.parse(
    event.lastTimestamp ?? event.eventTime ?? event.metadata.creationTimestamp ?? '',
  );
  if (Number.isNaN(seen)) return '<unknown>';
  const seconds = Math.max(0, Math.round((Date.now() - seen) / 1000));
  if (seconds < 120) return `${seconds}s`;
  return seconds < 7200 ? `${Math.floor(seconds / 60)}m` : `${Math.floor(seconds / 3600)}h`;
}
