import { AddressBook, addressesPerPeerMax } from './address-book.ts';
import { announced, parseAddress } from './address.ts';
import { CallClient } from './call-client.ts';
import { CallServer } from './call-server.ts';
import { Dialler } from './dialler.ts';
import { Greeter, linkProtocol } from './greeter.ts';
import { Keeper } from './keeper.ts';
import { createHost } from './libp2p-host.ts';
import { Control } from './link-channel.ts';
import { Links } from './links.ts';
import { defaultLimits } from './network-options.ts';
import { RelayClient } from './relay-client.ts';
import { RelayError } from './relay-error.ts';
import { relayProtocol } from './relay-frames.ts';
import { RelayHandlers } from './relay-handlers.ts';
import { RelayServer } from './relay-server.ts';
import { SocketBytes } from './socket-bytes.ts';
import { containStreamRaces } from './stream-races.ts';
import type { Connection, Libp2p } from '@libp2p/interface';
import type { PeerId } from '../objects/ids.ts';
import type { DialOutcome } from './dialler.ts';
import type { Link, LinkLoss, Network, RelayHandler } from './network.ts';
import type { NetworkLimits, NetworkOptions } from './network-options.ts';
import type { PeerLink } from './peer-link.ts';

/** The address book is saved at most this often, and at the end. */
const saveEveryMs = 10_000;
/** How often a caller looks whether a link that is being recovered is back. */
const recoveryPollMs = 10;

/** A peer's network on libp2p, as `Network` says. Nothing is opened before `start`; it starts once. */
export function createNetwork(options: NetworkOptions): Network {
  return new Libp2pNetwork(options);
}

/** What exists between start and stop. */
interface Running {
  readonly libp2p: Libp2p;
  readonly dialler: Dialler;
  readonly greeter: Greeter;
  readonly keeper: Keeper;
  readonly ticker: NodeJS.Timeout;
}

class Libp2pNetwork implements Network {
  readonly self: PeerId;
  readonly #options: NetworkOptions;
  readonly #limits: NetworkLimits;
  readonly #bytes: SocketBytes = new SocketBytes();
  readonly #book: AddressBook;
  readonly #links: Links;
  readonly #handlers: RelayHandlers;
  readonly #calls: { readonly client: CallClient; readonly server: CallServer };
  readonly #server: RelayServer;
  readonly #client: RelayClient;
  #state: 'new' | 'starting' | 'running' | 'stopped' = 'new';
  #running: Running | undefined;
  #started: Promise<void> | undefined;
  #wanted: readonly PeerId[] | undefined;
  #releaseRaces: () => void = () => {};

  constructor(options: NetworkOptions) {
    const { log, events } = options;
    const limits = { ...defaultLimits, ...options.limits };
    this.self = options.credential.peer.peer;
    this.#options = options;
    this.#limits = limits;
    this.#book = new AddressBook(this.self);
    this.#links = new Links({
      self: this.self,
      log,
      limits,
      redial: (link, timeoutMs) => this.#redial(link, timeoutMs),
      events: {
        linkUp: (link) => {
          this.#book.confirm(link.peer, link.addresses, link.primaryAddress);
          this.#running?.keeper.linkUp(link);
          events.linkUp(link);
        },
        linkLost: (link, how) => {
          this.#running?.keeper.linkLost(link.peer, how, performance.now() - link.sinceMs);
          events.linkLost(link.peer, how);
        },
        frame: (from, family, payload) => events.frame(from, family, payload),
        unreachable: (peer, reason) => events.unreachable(peer, reason),
        call: (link, kind, body) => {
          const asked = kind === Control.call || kind === Control.cancel;
          this.#calls[asked ? 'server' : 'client'].heard(link, kind, body);
        },
        broken: (link) => {
          this.#calls.client.broken(link);
          this.#calls.server.broken(link);
        },
      },
    });
    this.#handlers = new RelayHandlers(log, limits.relaysPerPeerMax);
    const client = new CallClient(this.#links);
    this.#calls = { client, server: new CallServer(this.#links, this.#handlers, limits) };
    this.#server = new RelayServer({ limits, handlers: this.#handlers });
    this.#client = new RelayClient({
      limits,
      calls: client,
      connect: (peer, signal) => this.#connect(peer, signal),
    });
  }

  async start(): Promise<void> {
    if (this.#state !== 'new') throw new Error('a network starts once; create another');
    this.#state = 'starting';
    const start = this.#start();
    // Whoever stops meanwhile waits for the end of it, good or bad.
    this.#started = start.catch(() => {});
    await start;
  }

  async #start(): Promise<void> {
    this.#remember();
    this.#releaseRaces = containStreamRaces(this.#options.log);
    try {
      this.#running = await this.#open();
    } catch (error) {
      this.#state = 'stopped';
      this.#releaseRaces();
      throw error;
    }
    this.#state = 'running';
    if (this.#wanted !== undefined) this.#running.keeper.want(this.#wanted);
    this.#running.keeper.start();
  }

  async stop(): Promise<void> {
    if (this.#state === 'new') this.#state = 'stopped';
    if (this.#state === 'starting') await this.#started;
    const running = this.#running;
    if (this.#state !== 'running' || running === undefined) return;
    this.#state = 'stopped';
    running.keeper.stop();
    running.dialler.stop();
    running.greeter.stop();
    this.#server.stop();
    this.#calls.server.stop();
    clearInterval(running.ticker);
    await this.#links.stop();
    this.#save();
    await running.libp2p.stop();
    this.#running = undefined;
    this.#releaseRaces();
  }

  addresses(): readonly string[] {
    return this.#running === undefined ? [] : listening(this.#running.libp2p);
  }

  links(): readonly Link[] {
    return this.#links.all();
  }

  learn(peer: PeerId, addresses: readonly string[]): void {
    this.#book.learn(peer, addresses);
  }

  want(peers: readonly PeerId[]): void {
    this.#wanted = peers;
    this.#running?.keeper.want(peers);
  }

  send(to: PeerId, family: number, payload: Uint8Array): void {
    if (to === this.self || this.#links.send(to, family, payload) !== 'first') return;
    if (this.#running === undefined) this.#links.giveUp(to, 'closed');
    else void this.#running.keeper.deliver(to);
  }

  async request(
    to: PeerId,
    method: string,
    body: Uint8Array,
    options: { readonly timeoutMs: number; readonly signal?: AbortSignal },
  ): Promise<Uint8Array> {
    return this.#client.request(to, method, body, options);
  }

  stream(
    to: PeerId,
    method: string,
    body: Uint8Array,
    options: { readonly signal: AbortSignal },
  ): AsyncIterable<Uint8Array> {
    return this.#client.stream(to, method, body, options.signal);
  }

  handle(method: string, handler: RelayHandler): void {
    this.#handlers.handle(method, handler);
  }

  counters(): ReturnType<Network['counters']> {
    const { framesIn, framesOut } = this.#links;
    return { ...this.#bytes.total(), framesIn, framesOut };
  }

  async #open(): Promise<Running> {
    const { log, crypto, listen, cloudId, credential, boot, version, mdns } = this.#options;
    const limits = this.#limits;
    const libp2p = await createHost({
      privateKeySeed: this.#options.privateKeySeed,
      listen,
      cloudId,
      limits,
      bytes: this.#bytes,
      discovered: mdns ? (peer, at) => this.#discovered(peer as PeerId, at) : undefined,
    });
    if (libp2p.peerId.toString() !== this.self) {
      throw new Error(
        `cannot start as peer ${credential.peer.name}: its certificate is for ${this.self}, but the private key is that of ${libp2p.peerId.toString()}; use the key and the certificate of one bundle`,
      );
    }
    const links = this.#links;
    const greeter = new Greeter(
      { links, crypto, log, limits, addresses: () => listening(libp2p) },
      { credential, cloudId, boot, version },
    );
    const dialler = new Dialler({
      libp2p,
      greet: (connection, signal) => greeter.greet(connection, signal),
      isLinked: (peer) => links.get(peer)?.channel !== undefined,
    });
    const { self } = this;
    const keeper = new Keeper(
      { self, links, dialler, book: this.#book, limits, log },
      this.#options.bootstrap,
    );
    libp2p.addEventListener('connection:open', ({ detail }) => greeter.met(detail));
    libp2p.addEventListener('connection:close', ({ detail }) => this.#forget(libp2p, detail));
    await libp2p.handle(linkProtocol, (stream, connection) => greeter.answer(stream, connection), {
      maxInboundStreams: 2,
      maxOutboundStreams: 2,
    });
    // Twice what a peer may run, so that the one call too many gets a word instead of a reset.
    const streams = 2 * limits.relaysPerPeerMax;
    await libp2p.handle(
      relayProtocol,
      (stream, connection) => {
        const link = links.holderOf(connection);
        if (link === undefined) stream.abort(new Error('no hello has passed'));
        else this.#server.serve(stream, link);
      },
      { maxInboundStreams: streams, maxOutboundStreams: streams },
    );
    try {
      await libp2p.start();
    } catch (cause) {
      throw new Error(
        `cannot listen on ${listen.join(', ')}: ${cause instanceof Error ? cause.message : String(cause)}`,
        { cause },
      );
    }
    let savedAtMs = performance.now();
    const ticker = setInterval(() => {
      const nowMs = performance.now();
      links.tick(nowMs);
      keeper.tick(nowMs);
      if (nowMs - savedAtMs < saveEveryMs) return;
      savedAtMs = nowMs;
      this.#save();
    }, limits.tickMs);
    return { libp2p, dialler, greeter, keeper, ticker };
  }

  async #redial(link: PeerLink, timeoutMs: number): Promise<DialOutcome> {
    if (this.#state !== 'running' || this.#running === undefined) return 'unknown';
    const known = this.#book.addresses(link.peer);
    return this.#running.dialler.dial(link.peer, {
      primary: link.primaryAddress,
      addresses: [...new Set([...link.addresses, ...known])],
      timeoutMs,
    });
  }

  /** A connection on which a relayed call may be opened. */
  async #connect(peer: PeerId, signal: AbortSignal): Promise<Connection> {
    if (peer === this.self) throw new RelayError('unreachable', 'a peer does not relay to itself');
    const reached = (await this.#running?.keeper.reach(peer)) ?? 'closed';
    if (reached !== 'linked') {
      throw new RelayError('unreachable', `peer ${peer} cannot be reached: ${inWords[reached]}`);
    }
    for (;;) {
      const link = this.#links.get(peer);
      if (link?.channel !== undefined) return link.channel.connection;
      if (link === undefined || signal.aborted) {
        throw new RelayError('unreachable', `the link to peer ${peer} broke`);
      }
      await new Promise((resolve) => setTimeout(resolve, recoveryPollMs));
    }
  }

  #discovered(peer: PeerId, addresses: readonly string[]): void {
    const plain = addresses.map((address) => parseAddress(address)?.text ?? '');
    this.#book.learn(peer, announced(plain, addressesPerPeerMax));
    this.#running?.keeper.introduce(peer);
  }

  /** libp2p would remember every stranger's peer id for six hours. */
  #forget(libp2p: Libp2p, connection: Connection): void {
    const peer = connection.remotePeer;
    if (this.#links.get(peer.toString() as PeerId) !== undefined) return;
    libp2p.peerStore.delete(peer).catch(() => {});
  }

  #remember(): void {
    try {
      // Least recently used first, so that the most recent end up as such here.
      for (const { peer, addresses } of this.#options.addressBook?.load().toReversed() ?? []) {
        this.#book.learn(peer, addresses);
      }
    } catch (error) {
      this.#options.log.warn('the address book could not be read; it begins anew', { error });
    }
    this.#book.takeChanged();
  }

  #save(): void {
    if (this.#options.addressBook === undefined || !this.#book.takeChanged()) return;
    try {
      this.#options.addressBook.save(this.#book.peers());
    } catch (error) {
      this.#options.log.warn('the address book could not be saved', { error });
    }
  }
}

function listening(libp2p: Libp2p): readonly string[] {
  return announced(
    libp2p.getMultiaddrs().map((address) => address.toString()),
    addressesPerPeerMax,
  );
}

const inWords: Readonly<Record<LinkLoss | 'unknown', string>> = {
  refused: 'nothing listens at its addresses; its daemon does not run',
  reset: 'it, or something in between, broke the connection',
  closed: 'this daemon stops',
  silent: 'its addresses do not answer',
  unknown: 'no address of it is known here',
};
