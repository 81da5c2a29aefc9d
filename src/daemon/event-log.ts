import { randomUUID } from 'node:crypto';
import { kindKeys } from '../objects/kind-keys.ts';
import type { Uid } from '../objects/ids.ts';
import type { ApiObject } from '../objects/object.ts';
import type { LiveCatalog } from '../store/live-catalog.ts';

const eventsMax = 5000;
const lifeMs = 60 * 60 * 1000;

export interface EventInput {
  readonly regarding: ApiObject;
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

/** An event as it travels from the peer that it happened on. */
export interface ForeignEvent {
  readonly apiVersion: string;
  readonly kind: string;
  /** Empty for what has none. */
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
  readonly firstTimestamp: string;
  readonly lastTimestamp: string;
  readonly count: number;
}

interface Entry {
  readonly event: ForeignEvent;
  readonly object: ApiObject;
  /** The peer that it happened on. */
  readonly reporter: string;
  readonly atMs: number;
}

/**
 * Local, bounded events (5,000, one hour), shown through the catalog and never replicated; those of other peers are
 * shown when they were asked for. The same event again only counts up.
 */
export class EventLog {
  readonly #catalog: LiveCatalog;
  readonly #reporter: string;
  /** Insertion order is age order: a repeated event moves to the end. */
  readonly #events = new Map<string, Entry>();

  constructor(catalog: LiveCatalog, reporter: string) {
    this.#catalog = catalog;
    this.#reporter = reporter;
  }

  record({ regarding, type, reason, message }: EventInput, nowMs: number): void {
    const { metadata } = regarding;
    const at = new Date(nowMs).toISOString().replace(/\.\d+Z$/, 'Z');
    const event: ForeignEvent = {
      apiVersion: regarding.apiVersion,
      kind: regarding.kind,
      namespace: metadata.namespace ?? '',
      name: metadata.name,
      uid: metadata.uid,
      type,
      reason,
      message: message.slice(0, 1024),
      firstTimestamp: at,
      lastTimestamp: at,
      count: 1,
    };
    const known = this.#events.get(keyOf(event, this.#reporter))?.event;
    const counted =
      known === undefined
        ? event
        : { ...event, firstTimestamp: known.firstTimestamp, count: known.count + 1 };
    this.#put(counted, this.#reporter, nowMs);
  }

  /** What happened here, newest last. */
  own(max: number): readonly ForeignEvent[] {
    return [...this.#events.values()]
      .filter(({ reporter }) => reporter === this.#reporter)
      .map(({ event }) => event)
      .slice(-max);
  }

  /** Takes in what happened on another peer. */
  learn(reporter: string, events: readonly ForeignEvent[], nowMs: number): void {
    for (const event of events) {
      const known = this.#events.get(keyOf(event, reporter));
      if (known?.event.count === event.count) continue;
      const atMs = Math.min(nowMs, Date.parse(event.lastTimestamp));
      if (Number.isFinite(atMs) && nowMs - atMs < lifeMs) this.#put(event, reporter, atMs);
    }
  }

  /** Forgets what is older than an hour or beyond the bound. */
  expire(nowMs: number): void {
    for (const [key, { object, atMs }] of this.#events) {
      if (this.#events.size <= eventsMax && nowMs - atMs < lifeMs) continue;
      this.#events.delete(key);
      this.#catalog.drop(kindKeys.event, object.metadata.namespace ?? '', object.metadata.name);
    }
  }

  #put(event: ForeignEvent, reporter: string, atMs: number): void {
    const key = keyOf(event, reporter);
    const known = this.#events.get(key);
    const object = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: known?.object.metadata ?? {
        name: `${event.name}.${randomUUID().slice(0, 13)}`,
        namespace: event.namespace === '' ? 'default' : event.namespace,
        uid: randomUUID() as Uid,
        creationTimestamp: event.firstTimestamp,
      },
      involvedObject: {
        apiVersion: event.apiVersion,
        kind: event.kind,
        name: event.name,
        ...(event.namespace === '' ? {} : { namespace: event.namespace }),
        uid: event.uid,
      },
      type: event.type,
      reason: event.reason,
      message: event.message,
      source: { component: 'p2pcsd', host: reporter },
      reportingComponent: 'p2pcsd',
      reportingInstance: reporter,
      firstTimestamp: event.firstTimestamp,
      lastTimestamp: event.lastTimestamp,
      count: event.count,
    } as ApiObject;
    this.#events.delete(key);
    this.#events.set(key, { event, object, reporter, atMs });
    this.#catalog.put(kindKeys.event, object);
    if (this.#events.size > eventsMax) this.expire(atMs);
  }
}

function keyOf(event: ForeignEvent, reporter: string): string {
  return [reporter, event.kind, event.uid, event.type, event.reason, event.message].join('\n');
}
