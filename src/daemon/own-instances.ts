import { apiVersion, kindKeys } from '../objects/kind-keys.ts';
import type { Instance } from '../objects/kinds/instance.ts';
import type { ApiObject } from '../objects/object.ts';
import type { PeerId } from '../objects/ids.ts';
import type { RecordStore } from '../store/record-store.ts';
import type { InstanceDraft } from '../reconcilers/instance/ports.ts';
import type { OwnRecords } from './own-records.ts';
import { uuidV7 } from './uuid-v7.ts';

/** The Instance objects that this peer writes. */
export class OwnInstances {
  readonly #records: OwnRecords;
  readonly #store: RecordStore;
  readonly #self: PeerId;
  readonly #wallMs: () => number;

  constructor(components: {
    records: OwnRecords;
    store: RecordStore;
    self: PeerId;
    wallMs: () => number;
  }) {
    this.#records = components.records;
    this.#store = components.store;
    this.#self = components.self;
    this.#wallMs = components.wallMs;
  }

  /** Those of this peer, of whatever boot. */
  list(): readonly Instance[] {
    return this.#store
      .objects(kindKeys.instance)
      .filter(({ signer }) => signer === this.#self)
      .map(({ object }) => object as unknown as Instance);
  }

  async write(draft: InstanceDraft): Promise<void> {
    const known = this.list().find(
      ({ metadata, spec }) =>
        metadata.namespace === draft.namespace &&
        metadata.name === draft.name &&
        spec?.slice.uid === draft.spec.slice.uid,
    );
    const nowMs = this.#wallMs();
    const instance: Instance = {
      apiVersion,
      kind: 'Instance',
      metadata: {
        name: draft.name,
        namespace: draft.namespace,
        uid: known?.metadata.uid ?? uuidV7(nowMs),
        creationTimestamp:
          known?.metadata.creationTimestamp ??
          new Date(nowMs).toISOString().replace(/\.\d+Z$/, 'Z'),
        labels: draft.labels,
        ...(draft.annotations === undefined ? {} : { annotations: draft.annotations }),
        ownerReferences: draft.ownerReferences,
      },
      spec: draft.spec,
      status: draft.status,
    };
    await this.#records.put(kindKeys.instance, instance as unknown as ApiObject, {
      durable: false,
    });
  }

  async remove(instance: Instance): Promise<void> {
    const { namespace = '', name, uid } = instance.metadata;
    await this.#records.remove(kindKeys.instance, namespace, name, uid);
  }
}
