import { encodeFrame } from './frame-decoder.ts';
import { Control } from './link-channel.ts';
import { PeerLink } from './peer-link.ts';
import { SendQueue } from './send-queue.ts';
import type { Connection } from '@libp2p/interface';
import type { PeerId } from '../objects/ids.ts';
import type { DialOutcome } from './dialler.ts';
import type { Hello } from './hello.ts';
import type { LinkChannel, LinkChannelEvents } from './link-channel.ts';
import type { LinkLoss, NetworkEvents } from './network.ts';
import type { NetworkLimits, NetworkLog } from './network-options.ts';

export interface LinksEvents extends Pick<NetworkEvents, 'frame' | 'unreachable'> {
  linkUp(link: PeerLink): void;
  linkLost(link: PeerLink, how: LinkLoss): void;
  /** A control frame about a call. */
  call(link: PeerLink, kind: number, body: Uint8Array): void;
  /** What was sent lately, either way, may be lost, whether or not the link goes on. */
  broken(link: PeerLink): void;
}

export interface LinksComponents {
  readonly self: PeerId;
  readonly events: LinksEvents;
  readonly log: NetworkLog;
  readonly limits: NetworkLimits;
  /** Dials a peer whose connection broke, at once. */
  redial(link: PeerLink, timeoutMs: number): Promise<DialOutcome>;
}

/**
 * All links, one a peer, and the frames on them.
 *
 *   no link ── hello passed ──> up ── connection broke ──> recovering ── same boot again ──> up
 *   up ── bye either way ──> lost(closed)         up ── writes stuck ──> lost(silent)
 *   up or recovering ── a newer boot says hello ──> lost(reset), then up
 *   recovering ── redial refused ──> lost(refused)   ── timed out ──> lost(silent)   ── else ──> lost(reset)
 *
 * linkUp and linkLost alternate. Of two connections between a pair both sides keep the same one: that of the dialler
 * with the smaller peer id, or the newer one of the same dialler. What was written to the other still arrives.
 */
export class Links implements LinkChannelEvents {
  readonly #links = new Map<PeerId, PeerLink>();
  /** Frames for peers that are being dialled. */
  readonly #waiting = new Map<PeerId, SendQueue>();
  readonly #full = new Set<PeerId>();
  readonly #dirty = new Set<PeerLink>();
  #flush: NodeJS.Immediate | undefined;
  readonly #components: LinksComponents;
  readonly #limits: NetworkLimits;
  #stopped = false;
  framesIn = 0;
  framesOut = 0;

  constructor(components: LinksComponents) {
    this.#components = components;
    this.#limits = components.limits;
  }

  get(peer: PeerId): PeerLink | undefined {
    return this.#links.get(peer);
  }

  all(): readonly PeerLink[] {
    return [...this.#links.values()];
  }

  get size(): number {
    return this.#links.size;
  }

  /** The link that this connection serves, if its hello has passed. */
  holderOf(connection: Connection): PeerLink | undefined {
    const link = this.#links.get(connection.remotePeer.toString() as PeerId);
    const channels = link === undefined ? [] : [link.channel, ...link.fading.keys()];
    return channels.some((channel) => channel?.connection === connection) ? link : undefined;
  }

  /** Why this peer's hello, which is sound, is not wanted now; undefined when it is. */
  refusal(peer: PeerId, hello: Hello): string | undefined {
    const link = this.#links.get(peer);
    if (this.#stopped) return 'this daemon stops';
    if (link !== undefined && hello.boot < link.boot) {
      return 'a later start of the same peer is linked: two daemons use one bundle, or an old process lives on';
    }
    if (link === undefined && this.#links.size >= this.#limits.linksMax) {
      return `there are ${this.#limits.linksMax} links already`;
    }
    return undefined;
  }

  /** Takes a channel whose hello passed both ways. */
  adopt(channel: LinkChannel, hello: Hello): void {
    const nowMs = performance.now();
    channel.open(hello, this);
    const known = this.#links.get(channel.peer);
    if (known !== undefined && hello.boot > known.boot) this.#lose(known, 'reset');
    const link = this.#links.get(channel.peer);
    if (link === undefined) {
      this.#begin(channel, hello, nowMs);
    } else if (link.channel === undefined || this.#replaces(channel, hello, link.channel)) {
      if (hello.lostLinkId === link.channel?.id) this.#break(link);
      link.use(channel, hello, nowMs);
      this.#soon(link);
    } else {
      link.fade(channel, nowMs);
    }
  }

  /** Queues one frame; false when there is neither link nor place to wait, or no room. */
  send(to: PeerId, family: number, payload: Uint8Array): 'queued' | 'first' | 'overflow' {
    const link = this.#links.get(to);
    const waiting = this.#waiting.get(to);
    const queue = link?.queue ?? waiting ?? new SendQueue(this.#limits.queueBytesMax);
    const fits =
      payload.length < this.#limits.frameBytesMax &&
      (link !== undefined ||
        waiting !== undefined ||
        this.#waiting.size < this.#limits.queuedPeersMax) &&
      queue.push(encodeFrame(family, payload));
    if (!fits) {
      this.#announceOverflow(to);
      return 'overflow';
    }
    if (link !== undefined) {
      link.busyAtMs = performance.now();
      this.#soon(link);
      return 'queued';
    }
    if (waiting !== undefined) return 'queued';
    this.#waiting.set(to, queue);
    return 'first';
  }

  /** Queues a frame of a call on a link that is up; false when it is not, or there is no room. */
  sendCall(link: PeerLink, frame: Uint8Array, what: 'body' | 'word'): boolean {
    if (this.#links.get(link.peer) !== link || !link.queueCall(frame, what)) return false;
    this.#soon(link);
    return true;
  }

  /** Gives up what waits for a peer that could not be linked. */
  giveUp(peer: PeerId, reason: LinkLoss | 'unknown'): void {
    const queue = this.#waiting.get(peer);
    this.#waiting.delete(peer);
    if (queue?.clear() === true) this.#announceUnreachable(peer, reason);
  }

  /** Says bye, after what is queued as far as the stream takes it, and closes; never rejects. */
  async close(peer: PeerId, timeoutMs: number): Promise<void> {
    const link = this.#links.get(peer);
    if (link === undefined) return;
    this.#count(link.pump());
    const { channel } = link;
    if (channel !== undefined) {
      channel.saidBye = true;
      channel.sendControl(Control.bye);
    }
    const channels = [...link.fading.keys(), ...(channel === undefined ? [] : [channel])];
    this.#lose(link, 'closed', true);
    await Promise.all(channels.map(async (one) => one.close(timeoutMs)));
  }

  /** Closes every link politely and takes no more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const peer of this.#waiting.keys()) this.giveUp(peer, 'closed');
    await Promise.all([...this.#links.keys()].map((peer) => this.close(peer, 500)));
    clearImmediate(this.#flush);
  }

  /** To be called about once a second. */
  tick(nowMs: number): void {
    for (const link of this.all()) {
      link.tick(nowMs, this.#limits.pingEveryMs);
      const stuckMs = link.channel?.stuckMs(nowMs) ?? 0;
      if (stuckMs > this.#limits.stuckMs || link.isMute) this.#lose(link, 'silent');
    }
  }

  hello(channel: LinkChannel): void {
    channel.abort('a second hello');
  }

  frame(channel: LinkChannel, family: number, payload: Uint8Array): void {
    const link = this.#links.get(channel.peer);
    if (link === undefined) return;
    this.framesIn++;
    link.heard();
    link.busyAtMs = performance.now();
    this.#tell(() => this.#components.events.frame(channel.peer, family, payload));
  }

  control(channel: LinkChannel, kind: number, body: Uint8Array): void {
    const link = this.#links.get(channel.peer);
    if (link === undefined) return;
    link.heard();
    switch (kind) {
      case Control.ping:
        if (body.length === 4) channel.sendControl(Control.pong, body);
        return;
      case Control.pong:
        link.pong(body, performance.now());
        return;
      case Control.moved:
        link.moved(channel, performance.now());
        return;
      case Control.wish:
        link.wishedByThem = body[0] === 1;
        return;
      case Control.bye:
        channel.saidBye = true;
        this.#lose(link, 'closed');
        return;
      case Control.call:
      case Control.answer:
      case Control.failure:
      case Control.elsewhere:
      case Control.cancel:
        link.busyAtMs = performance.now();
        this.#tell(() => this.#components.events.call(link, kind, body));
        return;
      default:
      // A newer daemon's word; it must do without an answer.
    }
  }

  writable(channel: LinkChannel): void {
    const link = this.#links.get(channel.peer);
    if (link?.channel === channel) this.#soon(link);
  }

  ended(channel: LinkChannel, wrong: string | undefined): void {
    const link = this.#links.get(channel.peer);
    if (link === undefined) return;
    if (link.fading.delete(channel)) {
      // After its `moved` nothing more was to come; before that something may have been lost.
      if (!channel.movedReceived) this.#break(link);
      return;
    }
    if (link.channel !== channel) return;
    link.channel = undefined;
    link.lostLinkId = channel.id;
    this.#break(link);
    if (wrong !== undefined) {
      this.#components.log.warn('link closed', { peer: channel.peer, because: wrong });
      channel.abort(wrong);
      this.#lose(link, 'reset');
      return;
    }
    void this.#recover(link);
  }

  #begin(channel: LinkChannel, hello: Hello, nowMs: number): void {
    const { peer } = channel;
    const queue = this.#waiting.get(peer) ?? new SendQueue(this.#limits.queueBytesMax);
    this.#waiting.delete(peer);
    const link = new PeerLink(peer, hello, queue, nowMs);
    link.use(channel, hello, nowMs);
    this.#links.set(peer, link);
    this.#soon(link);
    this.#tell(() => this.#components.events.linkUp(link));
  }

  #replaces(fresh: LinkChannel, hello: Hello, current: LinkChannel): boolean {
    if (hello.lostLinkId === current.id || fresh.dialledByUs === current.dialledByUs) return true;
    return this.#components.self < fresh.peer === fresh.dialledByUs;
  }

  /** The connection broke without a bye: what a redial meets tells a dead process from a broken wire. */
  async #recover(link: PeerLink): Promise<void> {
    const untilMs = performance.now() + this.#limits.recoverMs;
    let how: LinkLoss = 'reset';
    for (let pauseMs = 5; ; pauseMs = Math.min(200, pauseMs * 2)) {
      const leftMs = untilMs - performance.now();
      if (leftMs <= 0) break;
      const outcome = await this.#components.redial(link, leftMs);
      // Meanwhile the peer may have said hello by itself, or anew, or we may have stopped.
      if (link.channel !== undefined || this.#links.get(link.peer) !== link) return;
      if (outcome === 'refused') {
        how = 'refused';
        break;
      }
      how = outcome === 'silent' ? 'silent' : 'reset';
      // A dying process may accept a connection that its kernel resets a moment later: ask again.
      await new Promise((resolve) => setTimeout(resolve, Math.min(pauseMs, leftMs)));
      if (link.channel !== undefined || this.#links.get(link.peer) !== link) return;
    }
    this.#lose(link, how);
  }

  #lose(link: PeerLink, how: LinkLoss, closing = false): void {
    const channels = [link.channel, ...link.fading.keys()];
    this.#links.delete(link.peer);
    this.#dirty.delete(link);
    this.#full.delete(link.peer);
    link.channel = undefined;
    link.fading.clear();
    if (!closing) {
      for (const channel of channels) {
        if (how === 'closed') void channel?.close(1000);
        else channel?.abort(`link lost: ${how}`);
      }
    }
    this.#break(link);
    const dropped = link.queue.clear();
    this.#tell(() => this.#components.events.linkLost(link, how));
    if (dropped) this.#announceUnreachable(link.peer, how);
  }

  #break(link: PeerLink): void {
    this.#tell(() => this.#components.events.broken(link));
  }

  /** Frames of one turn of the event loop leave in one write. */
  #soon(link: PeerLink): void {
    this.#dirty.add(link);
    this.#flush ??= setImmediate(() => {
      this.#flush = undefined;
      const links = [...this.#dirty];
      this.#dirty.clear();
      for (const one of links) {
        this.#count(one.pump());
        if (one.queue.bytes < this.#limits.queueBytesMax / 2) this.#full.delete(one.peer);
      }
    });
  }

  #count(frames: number): void {
    this.framesOut += frames;
  }

  /** Once a full queue, not once a frame. */
  #announceOverflow(peer: PeerId): void {
    if (this.#full.has(peer)) return;
    this.#full.add(peer);
    this.#announceUnreachable(peer, 'overflow');
  }

  /** Later, since whoever sends is not ready to hear at once that it failed. */
  #announceUnreachable(peer: PeerId, reason: LinkLoss | 'overflow' | 'unknown'): void {
    queueMicrotask(() => {
      if (reason === 'overflow' && this.#links.get(peer) === undefined) this.#full.delete(peer);
      this.#tell(() => this.#components.events.unreachable(peer, reason));
    });
  }

  /** A listener's mistake must not break the connection that happened to bring the news. */
  #tell(event: () => void): void {
    try {
      event();
    } catch (error) {
      this.#components.log.error('a listener of the network failed', { error });
    }
  }
}
