// Papers count cycles: every living peer cycles once, in random order, and messages arrive within the cycle.
import { drawSome } from '../../src/lib/draw.ts';
import { SeededRandom } from '../../src/lib/seeded-random.ts';
import type { GossipContext, Protocol } from '../../src/gossip/protocol.ts';
import type { PeerId } from '../../src/objects/ids.ts';

interface Host<P> {
  readonly protocol: P;
  readonly random: SeededRandom;
  isAlive: boolean;
}

const cycleMs = 1000;

export class Cycles<P extends Protocol> {
  readonly random: SeededRandom;
  readonly #hosts = new Map<PeerId, Host<P>>();
  /** Share of messages that vanish. */
  loss = 0;
  /** Peers in different groups cannot reach each other. */
  group: (peer: PeerId) => number = () => 0;
  /** Whether a sender is told that its message could not be handed over. */
  tellsUnreachable = true;
  bytes = 0;
  messages = 0;
  count = 0;

  constructor(seed: string) {
    this.random = new SeededRandom(seed);
  }

  add(peer: PeerId, protocol: P): void {
    const random = new SeededRandom(`${this.random.int(2 ** 31)} ${peer}`);
    this.#hosts.set(peer, { protocol, random, isAlive: true });
  }

  kill(peer: PeerId): void {
    const host = this.#hosts.get(peer);
    if (host !== undefined) host.isAlive = false;
  }

  get living(): PeerId[] {
    return [...this.#hosts].filter(([, host]) => host.isAlive).map(([peer]) => peer);
  }

  isAlive(peer: PeerId): boolean {
    return this.#hosts.get(peer)?.isAlive === true;
  }

  of(peer: PeerId): P {
    const host = this.#hosts.get(peer);
    if (host === undefined) throw new Error(`no peer ${peer}`);
    return host.protocol;
  }

  /** Calls into one peer outside a cycle, then delivers. */
  call(peer: PeerId, act: (protocol: P, context: GossipContext) => void): void {
    const queue: [PeerId, PeerId, Uint8Array][] = [];
    const context = this.#context(peer, queue);
    act(this.of(peer), context);
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const [from, to, message] = next;
      const receiver = this.#hosts.get(to);
      const reachable = receiver?.isAlive === true && this.group(from) === this.group(to);
      this.bytes += message.length;
      this.messages++;
      if (!reachable) {
        if (this.tellsUnreachable) this.of(from).unreachable(to, this.#context(from, queue));
      } else if (this.random.next() >= this.loss) {
        receiver.protocol.receive(from, message, this.#context(to, queue));
      }
    }
  }

  cycle(times = 1): void {
    for (let i = 0; i < times; i++) {
      this.count++;
      const living = this.living;
      for (const peer of drawSome(living, living.length, this.random)) {
        if (this.isAlive(peer)) this.call(peer, (protocol, context) => protocol.cycle(context));
      }
    }
  }

  /** Cycles until it holds; how many, or undefined. */
  cycleUntil(isDone: () => boolean, max: number): number | undefined {
    for (let i = 0; i <= max; i++) {
      if (isDone()) return i;
      this.cycle();
    }
    return undefined;
  }

  #context(peer: PeerId, queue: [PeerId, PeerId, Uint8Array][]): GossipContext {
    const { random } = this.#hosts.get(peer) as Host<P>;
    const send = (to: PeerId, message: Uint8Array): number => queue.push([peer, to, message]);
    return { nowMs: this.count * cycleMs, random, send };
  }
}

export const plainId = (index: number): PeerId => `p${index}` as PeerId;
