import { readUint32 } from './frame-decoder.ts';
import { Control } from './link-channel.ts';
import { SendQueue } from './send-queue.ts';
import type { PeerId } from '../objects/ids.ts';
import type { PeerCredential } from '../trust/certificates.ts';
import type { Hello } from './hello.ts';
import type { LinkChannel } from './link-channel.ts';
import type { Link } from './network.ts';

/** Soon, so that the round trip is known early, but not among the first frames. */
const firstPingMs = 500;
/** One write to a stream. */
const batchBytes = 64 * 1024;
/** Bodies and answers of calls that wait to be sent; beyond it calls take streams of their own. */
const callBytesMax = 1024 * 1024;
/** Room beyond that for refusals, of which every call under way may need one. */
const callWordBytesMax = 512 * 1024;
/** Channels that a peer may have given up at once; more of them is a peer that dials without need. */
const fadingMax = 4;
/** Pings without any frame back after which the other side is taken for gone. */
const pingsMissedMax = 3;
/** Pings of a new link go out with every tick, so that its round trip is known soon. */
const firstPings = 5;
/** After so long a channel that was given up for another is closed, although the other side has not moved yet. */
const moveMs = 5_000;

/**
 * The link with one peer. It outlives its connection: when that breaks without a word, the same link goes on over
 * the next one, unless the peer turns out to have restarted or to be gone.
 */
export class PeerLink implements Link {
  readonly peer: PeerId;
  readonly boot: number;
  readonly sinceMs: number;
  readonly queue: SendQueue;
  readonly #calls: SendQueue = new SendQueue(callBytesMax + callWordBytesMax);
  /** Calls under way on this link, either way. */
  openCalls = 0;
  credential: PeerCredential;
  addresses: readonly string[];
  rttMs?: number;

  /** What carries the link; undefined while it is being recovered. */
  channel: LinkChannel | undefined;
  /** Given up for another, still read until the other side has moved too. */
  readonly fading: Map<LinkChannel, { readonly sinceMs: number }> = new Map();
  /** The address that reached the peer last, if we know one: a refusal there means that the process is gone. */
  primaryAddress: string | undefined;
  /** Name of the channel that broke last. */
  lostLinkId: string | undefined;
  /** The last frame of a protocol, either way. */
  busyAtMs: number;
  wishedByThem = false;
  #wishTold: boolean | undefined;
  #ping: { readonly id: number; readonly sentAtMs: number } | undefined;
  #pings = 0;
  #pingsMissed = 0;
  #pingAtMs: number;

  constructor(peer: PeerId, hello: Hello, queue: SendQueue, nowMs: number) {
    this.peer = peer;
    this.boot = hello.boot;
    this.sinceMs = nowMs;
    this.busyAtMs = nowMs;
    this.#pingAtMs = nowMs + firstPingMs;
    this.queue = queue;
    this.credential = hello.credential;
    this.addresses = hello.addresses;
  }

  /** Carries the link over `channel` from now on; the one before, if it lives, fades. */
  use(channel: LinkChannel, hello: Hello, nowMs: number): void {
    const before = this.channel;
    this.channel = channel;
    this.credential = hello.credential;
    this.addresses = hello.addresses;
    this.primaryAddress = channel.dialledByUs
      ? channel.remoteAddress
      : hello.addresses.find((address) => sameHost(address, channel.remoteAddress));
    this.#ping = undefined;
    this.#wishTold = undefined;
    if (before === undefined) return;
    if (hello.lostLinkId === before.id) before.abort('the other side lost this connection');
    else this.fade(before, nowMs);
  }

  /** Sends nothing more over `channel`, and closes it once the other side does the same. */
  fade(channel: LinkChannel, nowMs: number): void {
    const [oldest] = this.fading.keys();
    if (this.fading.size >= fadingMax && oldest !== undefined) {
      this.fading.delete(oldest);
      oldest.abort('too many connections of one peer');
    }
    this.fading.set(channel, { sinceMs: nowMs });
    channel.movedSent = true;
    channel.sendControl(Control.moved);
    this.#retire(channel, nowMs);
  }

  /** Queues a frame of a call: a `body`, which may be large, or a `word` about it. False when there is no room. */
  queueCall(frame: Uint8Array, what: 'body' | 'word'): boolean {
    if (what === 'body' && this.#calls.bytes + frame.length > callBytesMax) return false;
    return this.#calls.push(frame);
  }

  /** Writes what is queued, as far as the stream takes it, frames and calls in turn; how many frames left. */
  pump(): number {
    const before = this.queue.frames;
    while (this.channel?.isWritable === true) {
      const frames = this.queue.takeBatch(batchBytes);
      const calls = this.#calls.takeBatch(batchBytes);
      if (frames !== undefined) this.channel.write(frames);
      if (calls !== undefined) this.channel.write(calls);
      if (frames === undefined && calls === undefined) break;
    }
    return before - this.queue.frames;
  }

  /** Tells the other side, when it changed, whether we want this link; a link that neither wants may be closed. */
  wish(wanted: boolean): void {
    if (this.#wishTold === wanted || this.channel === undefined) return;
    this.#wishTold = wanted;
    this.channel.sendControl(Control.wish, Uint8Array.of(wanted ? 1 : 0));
  }

  get wished(): boolean {
    return this.#wishTold === true || this.wishedByThem;
  }

  /** Pings when it is time, and closes channels that have faded long enough. */
  tick(nowMs: number, pingEveryMs: number): void {
    for (const channel of this.fading.keys()) this.#retire(channel, nowMs);
    if (nowMs < this.#pingAtMs || this.channel === undefined) return;
    const isNew = this.#pings < firstPings;
    this.#pingAtMs = isNew ? nowMs : nowMs + pingEveryMs * (0.75 + Math.random() / 2);
    this.#pingsMissed++;
    this.#ping = { id: ++this.#pings, sentAtMs: nowMs };
    const id = new Uint8Array(4);
    new DataView(id.buffer).setUint32(0, this.#ping.id);
    this.channel.sendControl(Control.ping, id);
  }

  /**
   * The other side has answered nothing for several pings. A machine that lost its power would otherwise stay linked
   * for as long as the kernel retransmits, which is a quarter of an hour.
   */
  get isMute(): boolean {
    return this.#pingsMissed > pingsMissedMax;
  }

  /** Anything at all came from the other side. */
  heard(): void {
    this.#pingsMissed = 0;
  }

  /**
   * Down at once, up by an eighth of each new sample: a round trip that took long was mostly a machine that was busy,
   * and links are made when machines are busiest, at the start.
   */
  pong(id: Uint8Array, nowMs: number): void {
    if (this.#ping === undefined || id.length !== 4 || readUint32(id, 0) !== this.#ping.id) return;
    const sampleMs = nowMs - this.#ping.sentAtMs;
    this.#ping = undefined;
    const known = this.rttMs ?? sampleMs;
    this.rttMs = Math.min(sampleMs, known + (sampleMs - known) / 8);
  }

  moved(channel: LinkChannel, nowMs: number): void {
    channel.movedReceived = true;
    this.#retire(channel, nowMs);
  }

  #retire(channel: LinkChannel, nowMs: number): void {
    const fade = this.fading.get(channel);
    if (fade === undefined || channel.otherStreams > 0) return;
    if (!channel.movedReceived && nowMs - fade.sinceMs < moveMs) return;
    this.fading.delete(channel);
    void channel.close(1000);
  }
}

function sameHost(address: string, remote: string | undefined): boolean {
  return remote !== undefined && address.split('/')[2] === remote.split('/')[2];
}
