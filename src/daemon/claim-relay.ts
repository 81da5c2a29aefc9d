import { encode } from 'cborg';
import { decodeBounded } from '../lib/bounded-cbor.ts';
import { RelayError } from '../network/relay-error.ts';
import { kindKeys } from '../objects/kind-keys.ts';
import type { MemberView, Membership } from '../gossip/membership.ts';
import type { Network } from '../network/network.ts';
import type { PeerId, Uid } from '../objects/ids.ts';
import type { ClaimSpec } from '../objects/kinds/claim.ts';
import type { ReplicatedStore } from './replicated-store.ts';
import type { StoredObject } from '../store/stored-object.ts';

const claimsMax = 2_000;
const deathsMax = 1_000;
const answerBounds = {
  maxBytes: 16 * 2 ** 20,
  maxDepth: 3,
  maxItems: 3 + claimsMax + 4 * deathsMax,
};
const sendTimeoutMs = 400;
const sendAttempts = 3;

interface Components {
  readonly network: Network;
  readonly store: ReplicatedStore;
  readonly membership: Membership;
  /** A claim came directly; answers with one's own claim if the sender must hear it. */
  readonly onClaim: (claim: ClaimSpec) => ClaimSpec | undefined;
  /** Another peer believes this one dead; a hint, to be checked and not to be believed. */
  readonly onDeath: (peer: PeerId, boot: number, incarnation: number) => void;
}

/**
 * Claimants' direct talk (allocation rules 1 and 3): sending one's claim to rivals, who answer with theirs, and
 * reading all claims of a slice from a few peers before a place is held.
 */
export class ClaimRelay {
  readonly #components: Components;

  constructor(components: Components) {
    this.#components = components;
    components.network.handle('claim', async (from, body) => this.#received(from.peer, body));
    components.network.handle('claims', async (_, body) =>
      this.#read(new TextDecoder().decode(body)),
    );
  }

  /** Sends this peer's claim of a slice straight to others, a few times if need be; their answers are merged. */
  send(to: readonly PeerId[], slice: Uid): void {
    const own = this.#claimsOf(slice).find(
      ({ signer }) => signer === this.#components.network.self,
    );
    const bytes = own === undefined ? undefined : this.#bytesOf(own);
    if (bytes === undefined) return;
    for (const peer of to) void this.#sendTo(peer, bytes);
  }

  /** Resolves with the number of answers, as soon as `enough` came or the time is over. */
  async read(
    peers: readonly PeerId[],
    slice: Uid,
    timeoutMs: number,
    enough: number,
  ): Promise<number> {
    if (peers.length === 0) return 0;
    const body = new TextEncoder().encode(slice);
    const abort = new AbortController();
    let answers = 0;
    await new Promise<void>((done) => {
      let open = peers.length;
      for (const peer of peers) {
        this.#components.network
          .request(peer, 'claims', body, { timeoutMs, signal: abort.signal })
          .then((answer) => {
            if (!abort.signal.aborted && this.#merge(answer, peer)) answers += 1;
          })
          .catch(() => undefined)
          .finally(() => {
            open -= 1;
            if (answers >= enough || open === 0) done();
          });
      }
    });
    abort.abort();
    return answers;
  }

  async #sendTo(peer: PeerId, bytes: Uint8Array): Promise<void> {
    for (let attempt = 0; attempt < sendAttempts; attempt += 1) {
      try {
        const answer = await this.#components.network.request(peer, 'claim', bytes, {
          timeoutMs: sendTimeoutMs,
        });
        if (answer.length > 0) this.#components.store.receive(answer, peer);
        return;
      } catch {
        if (this.#components.membership.get(peer)?.state === 'dead') return;
      }
    }
  }

  #received(from: PeerId, bytes: Uint8Array): Uint8Array {
    const { store, network, onClaim } = this.#components;
    if (store.receive(bytes, from) === 'rejected')
      throw new RelayError('refused', 'the claim was refused');
    // What was received is one slot of one object of its sender: find it by who wrote it.
    const answer = store.records
      .objects(kindKeys.claim)
      .filter((stored) => stored.signer === from)
      .map((stored) => onClaim(stored.object.spec as unknown as ClaimSpec))
      .find((claim) => claim !== undefined);
    if (answer === undefined) return new Uint8Array();
    const own = this.#claimsOf(answer.slice.uid).find(({ signer }) => signer === network.self);
    return (own === undefined ? undefined : this.#bytesOf(own)) ?? new Uint8Array();
  }

  #read(slice: string): Uint8Array {
    const claims = this.#claimsOf(slice as Uid).slice(0, claimsMax);
    const deaths = this.#components.membership
      .all()
      .filter((member: MemberView) => member.state === 'dead')
      .slice(0, deathsMax);
    return encode([
      claims.map((stored) => this.#bytesOf(stored)).filter((bytes) => bytes !== undefined),
      deaths.map(({ peer, boot, incarnation }) => [peer, boot, incarnation]),
    ]);
  }

  #merge(answer: Uint8Array, from: PeerId): boolean {
    const parts = decodeBounded(answer, answerBounds);
    if (!Array.isArray(parts) || parts.length !== 2) return false;
    const [claims, deaths] = parts as readonly unknown[];
    if (!Array.isArray(claims) || claims.length > claimsMax) return false;
    if (!Array.isArray(deaths) || deaths.length > deathsMax) return false;
    for (const bytes of claims as readonly unknown[]) {
      if (bytes instanceof Uint8Array) this.#components.store.receive(bytes, from);
    }
    for (const death of deaths as readonly unknown[]) {
      if (!Array.isArray(death)) continue;
      const [peer, boot, incarnation] = death as readonly unknown[];
      if (
        typeof peer === 'string' &&
        Number.isSafeInteger(boot) &&
        Number.isSafeInteger(incarnation)
      ) {
        this.#components.onDeath(peer as PeerId, boot as number, incarnation as number);
      }
    }
    return true;
  }

  #claimsOf(slice: Uid): readonly StoredObject[] {
    return this.#components.store.records
      .objects(kindKeys.claim)
      .filter(
        (stored) => (stored.object.spec as unknown as ClaimSpec | undefined)?.slice?.uid === slice,
      );
  }

  #bytesOf(stored: StoredObject): Uint8Array | undefined {
    return this.#components.store.records.slotOf(stored, 'object')?.bytes;
  }
}
