import { canonicalJson } from '../lib/canonical-json.ts';
import { objectValue } from '../store/stored-object.ts';
import { makePeerRecord } from '../store/make-record.ts';
import type { Crypto, Signer } from '../lib/crypto.ts';
import type { KindKey, Uid } from '../objects/ids.ts';
import type { ApiObject } from '../objects/object.ts';
import type { PeerCredential } from '../trust/certificates.ts';
import type { ReplicatedStore } from './replicated-store.ts';

/**
 * Writes what this peer says of itself: its Peer, Claims and Instances. Ordered by [boot, revision], so that no clock
 * has a part in it.
 */
export class OwnRecords {
  readonly #store: ReplicatedStore;
  readonly #signer: Signer;
  readonly #credential: PeerCredential;
  readonly #crypto: Crypto;
  readonly #boot: number;
  #revision = 0;
  /** Content last written, by key: saying the same again writes nothing. */
  readonly #said = new Map<string, string>();

  constructor(
    components: {
      store: ReplicatedStore;
      signer: Signer;
      credential: PeerCredential;
      crypto: Crypto;
    },
    boot: number,
  ) {
    this.#store = components.store;
    this.#signer = components.signer;
    this.#credential = components.credential;
    this.#crypto = components.crypto;
    this.#boot = boot;
  }

  /**
   * Resolves when the object is on its way to others; durable: when it was on disk before.
   * @throws Error when it cannot be a record of this peer: our mistake.
   */
  async put(
    kind: KindKey,
    object: ApiObject,
    options: { readonly durable: boolean },
  ): Promise<void> {
    const { name, namespace = '', uid } = object.metadata;
    const key = `${kind}|${namespace}|${name}|${uid}`;
    const content = canonicalJson(objectValue(object));
    if (this.#said.get(key) === content) return;
    this.#said.set(key, content);
    try {
      await this.#write(kind, namespace, name, uid, 'object', objectValue(object), options.durable);
    } catch (error) {
      this.#said.delete(key);
      throw error;
    }
  }

  /** Takes it back for good. */
  async remove(kind: KindKey, namespace: string, name: string, uid: Uid): Promise<void> {
    this.#said.delete(`${kind}|${namespace}|${name}|${uid}`);
    await this.#write(kind, namespace, name, uid, 'tombstone', { at: Date.now() }, false);
  }

  /** A uid that is the same whenever this peer speaks of the same thing. */
  uidOf(...parts: readonly string[]): Uid {
    const hash = this.#crypto.hash(
      new TextEncoder().encode([this.#credential.peer.peer, ...parts].join('\n')),
    );
    const hex = Buffer.from(hash).toString('hex');
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}` as Uid;
  }

  async #write(
    kind: KindKey,
    namespace: string,
    name: string,
    uid: Uid,
    slot: 'object' | 'tombstone',
    value: ReturnType<typeof objectValue>,
    durable: boolean,
  ): Promise<void> {
    this.#revision += 1;
    const made = makePeerRecord(
      this.#signer,
      { owner: this.#credential.owner.encoded, peer: this.#credential.peer.encoded },
      { kind, namespace, name, uid, slot, order: [this.#boot, this.#revision], value },
      this.#crypto,
    );
    if (made.record === undefined) throw new Error(made.reason);
    if (durable) await this.#store.commit([made.record]);
    else this.#store.say([made.record]);
  }
}
