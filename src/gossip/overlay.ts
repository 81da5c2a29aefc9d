import { mix53 } from '../lib/mix.ts';
import { Activity } from './activity.ts';
import { decodeFields, encodeFields, isCount, isText } from './codec.ts';
import { PeerSampler } from './peer-sampling/peer-sampler.ts';
import { decodeTMan, encodeTMan } from './t-man/message.ts';
import { TMan } from './t-man/t-man.ts';
import type { GossipConfig } from './config.ts';
import type { GossipContext } from './protocol.ts';
import type { MemberView } from './membership.ts';
import type { PeerId } from '../objects/ids.ts';
import type { PeerIdWire } from './peer-id-wire.ts';
import type { Random } from '../lib/random.ts';

export interface Contact {
  readonly peer: PeerId;
  readonly addresses: readonly string[];
}

interface Components {
  readonly self: PeerId;
  readonly uid: string;
  readonly own: () => { readonly boot: number; readonly incarnation: number };
  readonly member: (peer: PeerId) => MemberView | undefined;
  readonly isBusy: () => boolean;
  readonly random: Random;
  readonly wire: PeerIdWire;
}

/** A frame of family `overlay`: [slice uid, protocol, message]. */
export interface OverlayFrame {
  readonly uid: string;
  readonly protocol: 'sampling' | 't-man';
  readonly message: Uint8Array;
}

const bounds = { maxBytes: 64 * 1024, maxDepth: 1, maxItems: 4 };

export function decodeOverlay(bytes: Uint8Array): OverlayFrame | undefined {
  const [uid, protocol, message] = decodeFields(bytes, bounds) ?? [];
  if (!isText(uid, 64) || !isCount(protocol, 1) || !(message instanceof Uint8Array))
    return undefined;
  return { uid, protocol: protocol === 0 ? 'sampling' : 't-man', message };
}

/** "I am not in that slice", to a member that asked; undefined where no answer is due. */
export function encodeNotMember(
  frame: OverlayFrame,
  own: { readonly peer: PeerId; readonly boot: number; readonly incarnation: number },
  wire: PeerIdWire,
): Uint8Array | undefined {
  if (frame.protocol === 'sampling' || decodeTMan(frame.message, wire)?.type !== 'ask')
    return undefined;
  const leave = encodeTMan({ type: 'leave', entries: [own], tombstones: [] }, wire);
  return encodeFields([frame.uid, 1, leave]);
}

/**
 * One slice's overlay at one member: a peer-sampling instance among the members, and the T-Man ring fed by it. A
 * peer's position on the ring is a hash of the slice's uid and the peer's id, so that rings differ from slice to slice.
 */
export class Overlay {
  readonly #uid: string;
  readonly #member: (peer: PeerId) => MemberView | undefined;
  readonly #random: Random;
  readonly #sampler: PeerSampler;
  readonly #tMan: TMan;
  readonly #activities: readonly Activity[];
  readonly #ringActivity: Activity;

  constructor(components: Components, config: GossipConfig, nowMs: number) {
    const { self, uid, own, member, isBusy, random, wire } = components;
    this.#uid = uid;
    this.#member = member;
    this.#random = random;
    this.#sampler = new PeerSampler({ self, addresses: () => [], wire }, config.overlaySampling);
    const position = (peer: PeerId): number => mix53(`${uid}/${peer}`);
    const isLiving = (peer: PeerId): boolean => {
      const state = member(peer)?.state;
      return state !== 'dead' && state !== 'away';
    };
    const samples = (count: number, draw: Random): readonly PeerId[] =>
      this.#sampler.sample(count, draw);
    this.#tMan = new TMan({ self, position, own, isLiving, samples, wire }, config.tMan);
    this.#ringActivity = new Activity(
      {
        pace: config.pace.tMan,
        isBusy: () => !this.#tMan.isSettled,
        run: (context) => this.#tMan.cycle(this.#wrap(1, context)),
      },
      nowMs,
      random.next(),
    );
    const sampling = new Activity(
      {
        pace: config.pace.overlaySampling,
        isBusy: () => isBusy() || this.#sampler.isHealing,
        run: (context) => {
          this.#sampler.quiet = !isBusy();
          this.#sampler.cycle(this.#wrap(0, context));
        },
      },
      nowMs,
      random.next(),
    );
    this.#activities = [this.#ringActivity, sampling];
  }

  get predecessor(): PeerId {
    return this.#tMan.predecessor;
  }

  get successor(): PeerId {
    return this.#tMan.successor;
  }

  get view(): readonly PeerId[] {
    return this.#tMan.view;
  }

  get dropped(): number {
    return this.#tMan.dropped + this.#sampler.dropped;
  }

  addContacts(contacts: readonly Contact[]): void {
    this.#sampler.add(contacts, this.#random);
    this.#tMan.add(contacts.map(({ peer }) => ({ peer, boot: this.#member(peer)?.boot ?? 0 })));
  }

  nextWakeMs(): number {
    return Math.min(...this.#activities.map((activity) => activity.dueMs()));
  }

  tick(context: GossipContext): void {
    for (const activity of this.#activities) activity.tick(context);
  }

  /** The ring's cycle now: a member that enters makes itself known at once. */
  announce(context: GossipContext): void {
    this.#ringActivity.run(context);
  }

  receive(from: PeerId, frame: OverlayFrame, context: GossipContext): void {
    if (frame.protocol === 'sampling') {
      this.#sampler.receive(from, frame.message, this.#wrap(0, context));
      return;
    }
    this.#tMan.receive(from, frame.message, this.#wrap(1, context));
    if (!this.#tMan.view.includes(from)) this.#sampler.forgetForGood(from);
  }

  unreachable(peer: PeerId, context: GossipContext): void {
    this.#sampler.unreachable(peer, this.#wrap(0, context));
  }

  /** `peer` in `boot` is dead or away. */
  bury(peer: PeerId, boot: number): void {
    this.#tMan.bury(peer, boot);
    this.#sampler.forget(peer);
  }

  revive(peer: PeerId): void {
    this.#tMan.revive(peer);
  }

  leave(context: GossipContext): void {
    this.#tMan.leave(this.#wrap(1, context));
  }

  #wrap(protocol: 0 | 1, context: GossipContext): GossipContext {
    return {
      nowMs: context.nowMs,
      random: context.random,
      send: (to, message) => context.send(to, encodeFields([this.#uid, protocol, message])),
    };
  }
}
