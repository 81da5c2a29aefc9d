import { drawSome } from '../lib/draw.ts';
import type { GossipConfig } from './config.ts';
import type { MemberTable } from './failure-detector/member-table.ts';
import type { Overlay } from './overlay.ts';
import type { PeerId } from '../objects/ids.ts';
import type { PeerSampler } from './peer-sampling/peer-sampler.ts';
import type { Random } from '../lib/random.ts';

interface Components {
  readonly self: PeerId;
  readonly table: MemberTable;
  readonly sampler: PeerSampler;
  readonly overlays: ReadonlyMap<string, Overlay>;
  readonly random: Random;
}

/**
 * Which links this peer wants: its neighbours on each slice's ring, on the cloud's ring (which is symmetric, so that
 * both ends want the link) and some random peers, which keep the whole connected and are kept for a while.
 */
export class WantedLinks {
  readonly #components: Components;
  readonly #config: GossipConfig;
  #samples: PeerId[] = [];
  #rotateAtMs = -Infinity;

  constructor(components: Components, config: GossipConfig) {
    this.#components = components;
    this.#config = config;
  }

  /** The most wanted first, at most `linksMax`. */
  list(nowMs: number): PeerId[] {
    const { self, table, overlays } = this.#components;
    const { cloudRingSide, linksMax } = this.#config;
    const wanted = new Set<PeerId>();
    for (const overlay of overlays.values()) wanted.add(overlay.successor).add(overlay.predecessor);
    for (const peer of table.ringNeighbours(cloudRingSide, 1)) wanted.add(peer);
    for (const peer of table.ringNeighbours(cloudRingSide, -1)) wanted.add(peer);
    wanted.delete(self);
    this.#refresh(wanted, nowMs);
    for (const peer of this.#samples) wanted.add(peer);
    return [...wanted].slice(0, linksMax);
  }

  /** Keeps the samples that still live, replaces one now and then, and fills up. */
  #refresh(taken: ReadonlySet<PeerId>, nowMs: number): void {
    const { self, table, sampler, random } = this.#components;
    const { samples, sampleRotationMs } = this.#config;
    // Peers of the view that the failure detector has not met yet are contacts to begin with.
    const isUseful = (peer: PeerId): boolean =>
      peer !== self && !taken.has(peer) && (table.get(peer) === undefined || table.isLiving(peer));
    this.#samples = this.#samples.filter(isUseful);
    if (nowMs >= this.#rotateAtMs) {
      this.#rotateAtMs = nowMs + sampleRotationMs * (0.75 + 0.5 * random.next());
      if (this.#samples.length >= samples) this.#samples.shift();
    }
    const fresh = sampler.peers().filter((peer) => isUseful(peer) && !this.#samples.includes(peer));
    this.#samples.push(...drawSome(fresh, samples - this.#samples.length, random));
  }
}
