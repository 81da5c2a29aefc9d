// A small network of whole gossip stacks under virtual time: latency, loss, silence, kills, partitions. One seed, one run.
import { gossipPresets } from '../../src/gossip/config.ts';
import { GossipStack } from '../../src/gossip/stack.ts';
import { Heap } from '../../src/lib/heap.ts';
import { mix53 } from '../../src/lib/mix.ts';
import { SeededRandom } from '../../src/lib/seeded-random.ts';
import { peerIdFromPublicKey } from '../../src/trust/peer-id.ts';
import type { AntiEntropyLike, OwnValues } from '../../src/gossip/stack.ts';
import type { GossipConfig } from '../../src/gossip/config.ts';
import type { LinkLoss } from '../../src/gossip/link-loss.ts';
import type { PeerId } from '../../src/objects/ids.ts';

export interface SimulatedPeer {
  readonly index: number;
  readonly id: PeerId;
  stack: GossipStack;
  boot: number;
  /** running; silent: neither hears nor speaks; stopped: gone, redials are refused. */
  condition: 'running' | 'silent' | 'stopped';
  links: Set<SimulatedPeer>;
  values: OwnValues;
  bytesIn: number;
  bytesOut: number;
  /** Frozen: nothing is processed before. */
  stalledUntilMs: number;
  wakes: number;
}

interface SimulatedEvent {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

const silentRecords: AntiEntropyLike = {
  cycle: () => undefined,
  receive: () => undefined,
  unreachable: () => undefined,
  linkUp: () => undefined,
  linkLost: () => undefined,
};

export function peerIdOf(index: number): PeerId {
  const key = new Uint8Array(32);
  for (let i = 0; i < 32; i++) key[i] = mix53(`key ${index} ${i}`) & 255;
  return peerIdFromPublicKey(key);
}

export class SimulatedCloud {
  readonly random: SeededRandom;
  readonly peers: SimulatedPeer[] = [];
  readonly config: GossipConfig;
  nowMs = 0;
  /** Share of frames that vanish. */
  loss = 0;
  latencyMs: readonly [number, number] = [1, 5];
  /** Peers in different groups cannot reach each other. */
  group: (peer: SimulatedPeer) => number = () => 0;
  /** A fold over everything ever delivered. */
  trace = 0;
  readonly #byId = new Map<PeerId, SimulatedPeer>();
  readonly #queue = new Heap<SimulatedEvent>((a, b) => a.atMs - b.atMs || a.order - b.order);
  #order = 0;

  constructor(seed: string, config: GossipConfig = gossipPresets.lan) {
    this.random = new SeededRandom(seed);
    this.config = config;
  }

  get running(): SimulatedPeer[] {
    return this.peers.filter(({ condition }) => condition === 'running');
  }

  byId(id: PeerId): SimulatedPeer {
    const peer = this.#byId.get(id);
    if (peer === undefined) throw new Error(`no peer ${id}`);
    return peer;
  }

  add(count: number, contacts: (index: number) => readonly number[] = () => [0]): void {
    for (let n = 0; n < count; n++) {
      const index = this.peers.length;
      const values = { load: index, free: true, attributes: { cores: index } };
      const peer: SimulatedPeer = {
        index,
        id: peerIdOf(index),
        stack: undefined as unknown as GossipStack,
        boot: 0,
        condition: 'stopped',
        links: new Set(),
        values,
        bytesIn: 0,
        bytesOut: 0,
        stalledUntilMs: 0,
        wakes: 0,
      };
      this.peers.push(peer);
      this.#byId.set(peer.id, peer);
      this.startPeer(peer, contacts(index));
    }
  }

  startPeer(peer: SimulatedPeer, contacts: readonly number[]): void {
    peer.boot++;
    peer.condition = 'running';
    peer.stack = new GossipStack({
      self: peer.id,
      boot: peer.boot,
      random: this.random.fork(`peer ${peer.index} ${peer.boot}`),
      antiEntropy: silentRecords,
      addresses: () => [`/ip4/127.0.0.1/tcp/${10_000 + peer.index}`],
      values: () => peer.values,
      config: this.config,
    });
    const known = contacts
      .map((index) => this.peers[index])
      .filter((contact) => contact !== undefined && contact !== peer)
      .map((contact) => ({
        peer: (contact as SimulatedPeer).id,
        addresses: ['/ip4/127.0.0.1/tcp/1'],
      }));
    peer.stack.start(known, this.nowMs);
    this.flush(peer);
  }

  /** SIGKILL: its kernel resets the connections and refuses redials. */
  kill(peer: SimulatedPeer, how: LinkLoss = 'refused'): void {
    peer.condition = 'stopped';
    this.#cut(peer, how);
  }

  /** Everything of it stops, and nobody is told. */
  silence(peer: SimulatedPeer): void {
    peer.condition = 'silent';
  }

  stall(peer: SimulatedPeer, forMs: number): void {
    peer.stalledUntilMs = this.nowMs + forMs;
  }

  partition(group: (peer: SimulatedPeer) => number): void {
    this.group = group;
    for (const peer of this.peers) {
      for (const other of peer.links) {
        if (group(other) !== group(peer)) this.#unlink(peer, other, 'silent');
      }
    }
  }

  /** After any call on a stack. */
  flush(peer: SimulatedPeer): void {
    if (peer.condition !== 'running') return;
    for (const { to, family, payload } of peer.stack.drain()) {
      const other = this.#byId.get(to);
      peer.bytesOut += payload.length + 1;
      if (other === undefined || !this.#reaches(peer, other)) {
        if (other?.condition !== 'silent') {
          this.#later(5, () => this.#with(peer, () => peer.stack.unreachable(to, this.nowMs)));
        }
        continue;
      }
      if (this.random.next() < this.loss) continue;
      const [low, high] = this.latencyMs;
      this.#later(low + (high - low) * this.random.next(), () => {
        if (!this.#reaches(peer, other)) return;
        this.trace = mix53(
          `${this.trace} ${peer.index} ${other.index} ${family} ${payload.join()}`,
        );
        other.bytesIn += payload.length + 1;
        this.#with(other, () => other.stack.frame(peer.id, family, payload, this.nowMs));
      });
    }
    this.#connect(peer);
    const wake = ++peer.wakes;
    this.#at(Math.max(this.nowMs + 1, peer.stack.nextWakeMs()), () => {
      if (wake === peer.wakes) this.#with(peer, () => peer.stack.tick(this.nowMs));
    });
  }

  /** Runs until the condition holds, looking every 10 ms; the time it took, or undefined. */
  runUntil(isDone: () => boolean, limitMs: number): number | undefined {
    const startMs = this.nowMs;
    while (this.nowMs - startMs <= limitMs) {
      if (isDone()) return this.nowMs - startMs;
      this.run(10);
    }
    return undefined;
  }

  run(forMs: number): void {
    const untilMs = this.nowMs + forMs;
    for (;;) {
      const next = this.#queue.peek();
      if (next === undefined || next.atMs > untilMs) break;
      this.#queue.pop();
      this.nowMs = next.atMs;
      next.run();
    }
    this.nowMs = untilMs;
  }

  #with(peer: SimulatedPeer, act: () => void): void {
    if (peer.condition !== 'running') return;
    if (peer.stalledUntilMs > this.nowMs) {
      this.#at(peer.stalledUntilMs, () => this.#with(peer, act));
      return;
    }
    act();
    this.flush(peer);
  }

  #reaches(peer: SimulatedPeer, other: SimulatedPeer): boolean {
    const isUp = peer.condition === 'running' && other.condition === 'running';
    return isUp && this.group(peer) === this.group(other);
  }

  #connect(peer: SimulatedPeer): void {
    for (const id of peer.stack.wanted()) {
      const other = this.#byId.get(id);
      if (other === undefined || peer.links.has(other) || !this.#reaches(peer, other)) continue;
      peer.links.add(other);
      other.links.add(peer);
      const { boot: peerBoot } = peer;
      const { boot: otherBoot } = other;
      this.#later(this.latencyMs[1], () => {
        const isStill = peer.links.has(other) && peer.boot === peerBoot && other.boot === otherBoot;
        if (!isStill || !this.#reaches(peer, other)) return;
        const addresses = (of: SimulatedPeer): string[] => [
          `/ip4/127.0.0.1/tcp/${10_000 + of.index}`,
        ];
        this.#with(peer, () =>
          peer.stack.linkUp(other.id, otherBoot, addresses(other), this.nowMs),
        );
        this.#with(other, () => other.stack.linkUp(peer.id, peerBoot, addresses(peer), this.nowMs));
      });
    }
  }

  #cut(peer: SimulatedPeer, how: LinkLoss): void {
    for (const other of peer.links) this.#unlink(peer, other, how);
  }

  #unlink(peer: SimulatedPeer, other: SimulatedPeer, how: LinkLoss): void {
    peer.links.delete(other);
    other.links.delete(peer);
    for (const [one, two] of [
      [peer, other],
      [other, peer],
    ] as const) {
      this.#later(5, () => this.#with(one, () => one.stack.linkLost(two.id, how, this.nowMs)));
    }
  }

  #later(delayMs: number, run: () => void): void {
    this.#at(this.nowMs + delayMs, run);
  }

  #at(atMs: number, run: () => void): void {
    this.#queue.push({ atMs, order: this.#order++, run });
  }
}

/** Every member's successor names it as predecessor, and the ring is one. */
export function isOneRing(members: readonly SimulatedPeer[], uid: string): boolean {
  const first = members[0];
  if (first === undefined) return true;
  const byId = new Map(members.map((member) => [member.id, member]));
  const seen = new Set<SimulatedPeer>();
  for (let at: SimulatedPeer | undefined = first; at !== undefined && !seen.has(at);) {
    seen.add(at);
    const ring = at.stack.ring(uid);
    const next: SimulatedPeer | undefined = ring && byId.get(ring.successor);
    if (next?.stack.ring(uid)?.predecessor !== at.id) return false;
    at = next;
  }
  return seen.size === members.length;
}

/** Enters these peers into one slice; each knows the others, or only the first. */
export function enterAll(
  cloud: SimulatedCloud,
  members: readonly SimulatedPeer[],
  uid: string,
  knownTo: (member: SimulatedPeer) => readonly SimulatedPeer[] = () => members,
): void {
  for (const member of members) {
    const contacts = knownTo(member).filter((other) => other !== member);
    member.stack.enterOverlay(
      uid,
      contacts.map(({ id }) => ({ peer: id, addresses: [] })),
      cloud.nowMs,
    );
    cloud.flush(member);
  }
}
