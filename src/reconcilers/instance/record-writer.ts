import type { Clock } from '../../controller/clock.ts';
import { canonicalJson } from '../../lib/canonical-json.ts';
import type { Instance } from '../../objects/kinds/instance.ts';
import type { Json } from '../../objects/json.ts';
import type { InstanceDraft } from './ports.ts';

interface Slot {
  wanted: InstanceDraft | undefined;
  /** What the store has, as far as we know; undefined: nothing. */
  written: string | undefined;
  record: Instance | undefined;
  busy: boolean;
  notBeforeMs: number;
}

export interface RecordWriterPorts {
  write(draft: InstanceDraft): Promise<void>;
  remove(record: Instance): Promise<void>;
  failed(name: string, error: unknown): void;
  /** Look again: a write has ended, or may be tried again. */
  again(): void;
}

/**
 * Brings the Instance records of this peer to what is wanted: one write at a time for each, none when nothing changed,
 * the newest wish only, failures again after a pause.
 */
export class RecordWriter {
  readonly #ports: RecordWriterPorts;
  readonly #clock: Clock;
  readonly #retryMs: number;
  readonly #slots = new Map<string, Slot>();

  constructor(ports: RecordWriterPorts, clock: Clock, retryMs: number) {
    this.#ports = ports;
    this.#clock = clock;
    this.#retryMs = retryMs;
  }

  /**
   * Takes the whole wish, and the records as the store shows them. Records not wished for are removed. Returns when to
   * call again, monotonic ms.
   */
  sync(wanted: readonly InstanceDraft[], records: readonly Instance[]): number | undefined {
    const wishes = new Map(wanted.map((draft) => [keyOf(draft.namespace, draft.name), draft]));
    const shown = new Map(
      records.map((record) => [
        keyOf(record.metadata.namespace ?? '', record.metadata.name),
        record,
      ]),
    );
    let wakeAtMs: number | undefined;
    for (const key of new Set([...wishes.keys(), ...shown.keys(), ...this.#slots.keys()])) {
      const slot = this.#slot(key, shown.get(key));
      slot.wanted = wishes.get(key);
      const dueMs = this.#act(key, slot);
      if (dueMs !== undefined) wakeAtMs = Math.min(wakeAtMs ?? Infinity, dueMs);
    }
    return wakeAtMs;
  }

  #slot(key: string, record: Instance | undefined): Slot {
    let slot = this.#slots.get(key);
    if (slot === undefined) {
      const written = record === undefined ? undefined : textOfRecord(record);
      slot = { wanted: undefined, written, record, busy: false, notBeforeMs: 0 };
      this.#slots.set(key, slot);
    }
    slot.record = record ?? slot.record;
    // Somebody else has removed it; it is written again, not at once, in case the store only lags.
    if (record === undefined && slot.written !== undefined && !slot.busy) {
      slot.written = undefined;
      slot.notBeforeMs = Math.max(slot.notBeforeMs, this.#clock.nowMs() + this.#retryMs);
    }
    return slot;
  }

  #act(key: string, slot: Slot): number | undefined {
    if (slot.busy) return undefined;
    const text = slot.wanted === undefined ? undefined : textOfDraft(slot.wanted);
    if (text === slot.written) {
      if (text === undefined) this.#slots.delete(key);
      return undefined;
    }
    if (this.#clock.nowMs() < slot.notBeforeMs) return slot.notBeforeMs;
    slot.busy = true;
    void this.#perform(key, slot, text);
    return undefined;
  }

  async #perform(key: string, slot: Slot, text: string | undefined): Promise<void> {
    try {
      if (slot.wanted !== undefined) await this.#ports.write(slot.wanted);
      else if (slot.record !== undefined) await this.#ports.remove(slot.record);
      slot.written = text;
      if (text === undefined) slot.record = undefined;
    } catch (error) {
      slot.notBeforeMs = this.#clock.nowMs() + this.#retryMs;
      this.#ports.failed(key, error);
    } finally {
      slot.busy = false;
      this.#ports.again();
    }
  }
}

function keyOf(namespace: string, name: string): string {
  return `${namespace}/${name}`;
}

function textOfDraft({ labels, annotations = {}, spec, status }: InstanceDraft): string {
  return canonicalJson({ labels, annotations, spec, status } as unknown as Json);
}

function textOfRecord({ metadata, spec, status }: Instance): string {
  const { labels = {}, annotations = {} } = metadata;
  return canonicalJson({ labels, annotations, spec, status } as unknown as Json);
}
