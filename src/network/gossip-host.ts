import type { GossipStack } from '../gossip/stack.ts';
import type { Link, LinkLoss, Network } from './network.ts';
import type { PeerId } from '../objects/ids.ts';

/**
 * Drives the pure stack with real time and real links: call, drain, send. It decides nothing; what is queued is sent
 * in the order in which the protocols queued it.
 */
export class GossipHost {
  readonly #stack: GossipStack;
  readonly #network: Network;
  readonly #nowMs: () => number;
  #timer: NodeJS.Timeout | undefined;
  #running = false;
  /** Links are asked for again at most this often. */
  #wantedAtMs = -Infinity;

  constructor(components: { stack: GossipStack; network: Network; nowMs: () => number }) {
    this.#stack = components.stack;
    this.#network = components.network;
    this.#nowMs = components.nowMs;
  }

  start(contacts: readonly { peer: PeerId; addresses: readonly string[] }[]): void {
    this.#running = true;
    this.#stack.start(contacts, this.#nowMs());
    this.flush();
  }

  stop(): void {
    this.#running = false;
    clearTimeout(this.#timer);
  }

  linkUp(link: Link): void {
    this.#network.learn(link.peer, link.addresses);
    this.#stack.linkUp(link.peer, link.boot, link.addresses, this.#nowMs());
    this.flush();
  }

  linkLost(peer: PeerId, how: LinkLoss): void {
    this.#stack.linkLost(peer, how, this.#nowMs());
    this.flush();
  }

  frame(from: PeerId, family: number, payload: Uint8Array): void {
    this.#stack.frame(from, family, payload, this.#nowMs());
    this.flush();
  }

  unreachable(peer: PeerId): void {
    this.#stack.unreachable(peer, this.#nowMs());
    this.flush();
  }

  /** Sends what the protocols queued and sets the next wake; to be called after anything touched the stack. */
  flush(): void {
    if (!this.#running) return;
    const linked = new Set(this.#network.links().map(({ peer }) => peer));
    for (const { to, family, payload } of this.#stack.drain()) {
      if (!linked.has(to)) this.#network.learn(to, this.#stack.addressesOf(to));
      this.#network.send(to, family, payload);
    }
    const nowMs = this.#nowMs();
    if (nowMs - this.#wantedAtMs > 200) {
      this.#wantedAtMs = nowMs;
      this.#want();
    }
    clearTimeout(this.#timer);
    this.#timer = setTimeout(
      () => {
        this.#stack.tick(this.#nowMs());
        this.flush();
      },
      Math.max(1, Math.min(1000, this.#stack.nextWakeMs() - nowMs)),
    );
  }

  #want(): void {
    const wanted = this.#stack.wanted();
    for (const peer of wanted) this.#network.learn(peer, this.#stack.addressesOf(peer));
    this.#network.want(wanted);
  }
}
