import type { Network } from '../network/network.ts';
import type { ForeignEvent, EventLog } from './event-log.ts';

const eventsPerPeerMax = 200;
const answerBytesMax = 256 * 1024;
const timeoutMs = 400;
/** Who asks again so soon gets what came last time. */
const everyMs = 500;
const textMax = 1024;

/**
 * Events are kept where they happen. When somebody here wants to see them, the neighbours are asked for theirs: what
 * happened to a slice happened on its members.
 */
export class EventRelay {
  readonly #network: Network;
  readonly #events: EventLog;
  #askedMs = -Infinity;
  #asking: Promise<void> | undefined;

  constructor(components: { network: Network; events: EventLog }) {
    this.#network = components.network;
    this.#events = components.events;
    components.network.handle('events', async () =>
      new TextEncoder().encode(JSON.stringify(this.#events.own(eventsPerPeerMax))),
    );
  }

  /** Resolves when the neighbours' events are in the catalog, or could not be had in time. */
  refresh(): Promise<void> {
    if (this.#asking !== undefined) return this.#asking;
    if (performance.now() - this.#askedMs < everyMs) return Promise.resolve();
    this.#asking = this.#ask().finally(() => {
      this.#askedMs = performance.now();
      this.#asking = undefined;
    });
    return this.#asking;
  }

  async #ask(): Promise<void> {
    await Promise.all(
      this.#network.links().map(async ({ peer, credential }) => {
        try {
          const answer = await this.#network.request(peer, 'events', new Uint8Array(), {
            timeoutMs,
          });
          const events = answer.length > answerBytesMax ? undefined : readEvents(answer);
          if (events !== undefined) this.#events.learn(credential.peer.name, events, Date.now());
        } catch {
          // Its events are missing from the list; they are no reason to fail it.
        }
      }),
    );
  }
}

function readEvents(bytes: Uint8Array): readonly ForeignEvent[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
  if (!Array.isArray(value) || value.length > eventsPerPeerMax) return undefined;
  return (value as readonly unknown[]).every(isEvent)
    ? (value as readonly ForeignEvent[])
    : undefined;
}

function isEvent(value: unknown): boolean {
  const event = value as Partial<Record<keyof ForeignEvent, unknown>> | null;
  const texts = [
    event?.apiVersion,
    event?.kind,
    event?.namespace,
    event?.name,
    event?.uid,
    event?.reason,
    event?.message,
    event?.firstTimestamp,
    event?.lastTimestamp,
  ];
  return (
    texts.every((text) => typeof text === 'string' && text.length <= textMax) &&
    (event?.type === 'Normal' || event?.type === 'Warning') &&
    Number.isSafeInteger(event.count)
  );
}
