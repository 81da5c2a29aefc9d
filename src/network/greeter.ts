import { randomBytes } from 'node:crypto';
import { fromHex, toHex } from '../lib/hex.ts';
import { encodeCredential } from '../trust/credential.ts';
import { isLoopback, parseAddress } from './address.ts';
import { checkHello, encodeHello, helloBytesMax } from './hello.ts';
import { LinkChannel } from './link-channel.ts';
import { TokenBucket } from './token-bucket.ts';
import type { Connection, Stream } from '@libp2p/interface';
import type { Crypto } from '../lib/crypto.ts';
import type { CloudId } from '../objects/ids.ts';
import type { PeerCredential } from '../trust/certificates.ts';
import type { Hello } from './hello.ts';
import type { LinkChannelEvents } from './link-channel.ts';
import type { Links } from './links.ts';
import type { NetworkLimits, NetworkLog } from './network-options.ts';

/** The protocol of links: one stream a connection, opened by the dialler. */
export const linkProtocol = '/p2pcs/link/1';

export interface GreeterComponents {
  readonly links: Links;
  readonly crypto: Crypto;
  readonly log: NetworkLog;
  readonly limits: NetworkLimits;
  /** What we announce, at the time of asking. */
  addresses(): readonly string[];
}

export interface GreeterConfig {
  readonly credential: PeerCredential;
  readonly cloudId: CloudId;
  readonly boot: number;
  readonly version: string;
}

/**
 * The exchange of hellos, before which nothing else is answered. The dialler speaks first; the listener answers only
 * when that hello has passed, so that a stranger learns no more than that somebody listens. An `open` connection
 * says nothing: the other side may be about to close it.
 */
export class Greeter {
  readonly #components: GreeterComponents;
  readonly #config: GreeterConfig;
  readonly #credential: Uint8Array;
  /** Connections whose hello is awaited, with the end of our patience. */
  readonly #strangers = new Map<Connection, NodeJS.Timeout>();
  /** The log is no place for a stranger to write to at will. */
  readonly #logs: TokenBucket = new TokenBucket({ perSecond: 1, burst: 20 }, performance.now());

  constructor(components: GreeterComponents, config: GreeterConfig) {
    this.#components = components;
    this.#config = config;
    this.#credential = encodeCredential(config.credential);
    const { length } = this.#hello(new Uint8Array(8), null);
    if (length >= helloBytesMax) {
      throw new RangeError(
        `the hello of this peer has ${length} bytes and peers read ${helloBytesMax}: its certificates are too long`,
      );
    }
  }

  /** Starts the clock of a connection that somebody else opened. */
  met(connection: Connection): void {
    if (connection.direction !== 'inbound') return;
    const { helloMs, strangersMax } = this.#components.limits;
    if (this.#strangers.size >= strangersMax) {
      connection.abort(new Error('too many strangers'));
      return;
    }
    const timer = setTimeout(() => {
      this.#strangers.delete(connection);
      this.#refuse(connection, 'it said no hello in time');
      connection.abort(new Error('no hello in time'));
    }, helloMs);
    this.#strangers.set(connection, timer);
    connection.addEventListener('close', () => this.#known(connection));
  }

  /** A link stream that the other side opened. */
  answer(stream: Stream, connection: Connection): void {
    if (connection.direction !== 'inbound' || !this.#strangers.has(connection)) {
      stream.abort(new Error('one link a connection, opened by its dialler'));
      return;
    }
    const events = this.#awaitHello((channel, hello) => {
      this.#known(connection);
      channel.id = hello.linkId;
      const linkId = fromHex(hello.linkId) ?? new Uint8Array(8);
      channel.sendHello(this.#hello(linkId, null));
      this.#components.links.adopt(channel, hello);
    });
    new LinkChannel(stream, connection, events, this.#components.limits);
  }

  /**
   * Opens the link on a connection that we dialled; whether the other side took it. Never rejects. It waits for as
   * long as the dial may last, not for the time that strangers get: the other side has the link from the moment it
   * answers, and a slow machine that gave up here would take that back.
   */
  async greet(connection: Connection, signal: AbortSignal): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const giveUp = (): void => resolve(false);
    signal.addEventListener('abort', giveUp);
    connection.addEventListener('close', giveUp);
    try {
      const stream = await connection.newStream(linkProtocol, { signal });
      const linkId = randomBytes(8);
      const events = this.#awaitHello((channel, hello) => {
        if (hello.linkId !== channel.id) {
          channel.abort('the answer is to another hello');
          return;
        }
        this.#components.links.adopt(channel, hello);
        resolve(true);
      }, giveUp);
      const channel = new LinkChannel(stream, connection, events, this.#components.limits);
      channel.id = toHex(linkId);
      const lost = this.#components.links.get(channel.peer)?.lostLinkId;
      channel.sendHello(this.#hello(linkId, lost === undefined ? null : (fromHex(lost) ?? null)));
      const linked = await promise;
      if (!linked) channel.abort('no hello came back');
      return linked;
    } catch {
      connection.abort(new Error('the link could not be opened'));
      return false;
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  }

  stop(): void {
    for (const [connection, timer] of this.#strangers) {
      clearTimeout(timer);
      connection.abort(new Error('this daemon stops'));
    }
    this.#strangers.clear();
  }

  #awaitHello(
    passed: (channel: LinkChannel, hello: Hello) => void,
    failed: () => void = () => {},
  ): LinkChannelEvents {
    return {
      hello: (channel, bytes) => {
        const { links, crypto } = this.#components;
        const checked = checkHello(bytes, channel.peer, this.#config.cloudId, crypto);
        const reason = checked.reason ?? links.refusal(channel.peer, checked.ok);
        if (checked.ok === undefined || reason !== undefined) {
          this.#refuse(channel.connection, reason ?? 'its hello cannot be read');
          channel.abort('refused');
          return;
        }
        passed(channel, reachable(checked.ok, channel));
      },
      ended: (channel, wrong) => {
        if (wrong !== undefined) {
          this.#refuse(channel.connection, wrong);
          channel.abort('refused');
        }
        failed();
      },
      control: () => {},
      frame: () => {},
      writable: () => {},
    };
  }

  #hello(linkId: Uint8Array, lostLinkId: Uint8Array | null): Uint8Array {
    return encodeHello({
      cloud: this.#config.cloudId,
      credential: this.#credential,
      boot: this.#config.boot,
      addresses: this.#components.addresses(),
      software: this.#config.version,
      linkId,
      lostLinkId,
    });
  }

  #known(connection: Connection): void {
    clearTimeout(this.#strangers.get(connection));
    this.#strangers.delete(connection);
  }

  #refuse(connection: Connection, reason: string): void {
    if (!this.#logs.tryTake(performance.now())) return;
    this.#components.log.warn('connection refused', {
      peer: connection.remotePeer.toString(),
      address: connection.remoteAddr.toString(),
      because: reason,
    });
  }
}

/** A peer on another machine that announces loopback means its own. */
function reachable(hello: Hello, channel: LinkChannel): Hello {
  const remote =
    channel.remoteAddress === undefined ? undefined : parseAddress(channel.remoteAddress);
  if (remote === undefined || isLoopback(remote)) return hello;
  const addresses = hello.addresses.filter((text) => {
    const address = parseAddress(text);
    return address !== undefined && !isLoopback(address);
  });
  return { ...hello, addresses };
}
