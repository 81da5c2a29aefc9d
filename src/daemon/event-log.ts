import type { ApiObject } from '../objects/object.ts';
import type { Uid } from '../objects/ids.ts';
import type { LiveCatalog } from '../store/live-catalog.ts';
import { kindKeys } from '../objects/kind-keys.ts';
import { randomUUID } from 'node:crypto';

const eventsMax = 5000;
const lifeMs = 60 * 60 * 1000;

export interface EventInput {
  readonly regarding: ApiObject;
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

/** A core/v1 Event as it is shown; the parts that we count with are named. */
type EventObject = ApiObject & {
  readonly count: number;
  readonly lastTimestamp: string;
};

/**
 * Local, bounded events (5,000, one hour), shown through the catalog and never replicated. The same event again
 * only counts up.
 */
export class EventLog {
  readonly #catalog: LiveCatalog;
  readonly #reporter: string;
  /** Insertion order is age order: a repeated event moves to the end. */
  readonly #events = new Map<string, { object: EventObject; atMs: number }>();

  constructor(catalog: LiveCatalog, reporter: string) {
    this.#catalog = catalog;
    this.#reporter = reporter;
  }

  record(event: EventInput, nowMs: number): void {
    this.expire(nowMs);
    const { metadata } = event.regarding;
    const key = [event.regarding.kind, metadata.uid, event.type, event.reason, event.message].join(
      '\n',
    );
    const known = this.#events.get(key);
    const at = new Date(nowMs).toISOString().replace(/\.\d+Z$/, 'Z');
    const namespace = metadata.namespace ?? 'default';
    const object = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: known?.object.metadata ?? {
        name: `${metadata.name}.${randomUUID().slice(0, 13)}`,
        namespace,
        uid: randomUUID() as Uid,
        creationTimestamp: at,
      },
      involvedObject: {
        apiVersion: event.regarding.apiVersion,
        kind: event.regarding.kind,
        name: metadata.name,
        ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
        uid: metadata.uid,
      },
      type: event.type,
      reason: event.reason,
      message: event.message,
      source: { component: 'p2pcsd', host: this.#reporter },
      reportingComponent: 'p2pcsd',
      reportingInstance: this.#reporter,
      firstTimestamp:
        (known?.object as { firstTimestamp?: string } | undefined)?.firstTimestamp ?? at,
      lastTimestamp: at,
      count: (known?.object.count ?? 0) + 1,
    } as EventObject;
    this.#events.delete(key);
    this.#events.set(key, { object, atMs: nowMs });
    this.#catalog.put(kindKeys.event, object);
  }

  /** Forgets what is older than an hour or beyond the bound. */
  expire(nowMs: number): void {
    for (const [key, { object, atMs }] of this.#events) {
      if (this.#events.size <= eventsMax && nowMs - atMs < lifeMs) return;
      this.#events.delete(key);
      this.#catalog.drop(kindKeys.event, object.metadata.namespace ?? '', object.metadata.name);
    }
  }
}
