import { parseAddress } from './address.ts';
import { Backoff } from './backoff.ts';
import type { PeerId } from '../objects/ids.ts';
import type { AddressBook } from './address-book.ts';
import type { Dialler, DialOutcome } from './dialler.ts';
import type { Links } from './links.ts';
import type { Link, LinkLoss } from './network.ts';
import type { NetworkLimits, NetworkLog } from './network-options.ts';

/** A link that lived for so long was a success: the next dial of that peer starts without a pause. */
const stableMs = 5_000;
/** A message to a peer whose last dial failed so recently fails at once, with the same reason. */
const sendAgainMs = 1_000;
/** Remembered peers tried while there is no link at all. */
const rememberedMax = 32;
/**
 * Who wants a peer with a smaller id waits about so long for it to dial first: two that learn of each other at once
 * would both dial, and a handshake costs 10 ms of CPU.
 */
const courtesyMs = 100;
/** Strangers from the LAN are dialled while there are fewer links than this. */
const introductionsBelow = 8;

export interface KeeperComponents {
  readonly self: PeerId;
  readonly links: Links;
  readonly dialler: Dialler;
  readonly book: AddressBook;
  readonly limits: NetworkLimits;
  readonly log: NetworkLog;
}

/**
 * Keeps links to the peers that are wanted, to anybody while there is no link, and closes those that neither side
 * wants. Never dials one peer more often than its backoff allows.
 */
export class Keeper {
  readonly #components: KeeperComponents;
  readonly #backoff: Backoff;
  readonly #bootstrap: ReadonlyMap<PeerId, readonly string[]>;
  /** Undefined until somebody says what is wanted: until then every link is. */
  #wanted: ReadonlySet<PeerId> | undefined;
  /** When peers with smaller ids were first wanted. */
  readonly #wantedAtMs = new Map<PeerId, number>();
  /** Bootstrap peers that this run has had a link to. */
  readonly #met = new Set<PeerId>();
  #reunionAtMs = 0;
  /** Of a peer that may be on the other side of a split. */
  #reunion: PeerId | undefined;
  #timer: NodeJS.Timeout | undefined;
  #running = false;

  constructor(components: KeeperComponents, bootstrap: readonly string[]) {
    this.#components = components;
    this.#backoff = new Backoff(components.limits);
    this.#bootstrap = byPeer(bootstrap, components);
  }

  start(): void {
    this.#running = true;
    this.#reunionAtMs = performance.now() + this.#components.limits.reunionMs;
    this.#wake();
  }

  stop(): void {
    this.#running = false;
    clearTimeout(this.#timer);
  }

  want(peers: readonly PeerId[]): void {
    const { self, limits } = this.#components;
    const before = this.#wanted;
    this.#wanted = new Set(peers.filter((peer) => peer !== self).slice(0, limits.linksMax));
    const nowMs = performance.now();
    for (const peer of this.#wanted) {
      if (before?.has(peer) !== true && peer < self) this.#wantedAtMs.set(peer, nowMs);
    }
    for (const peer of this.#wantedAtMs.keys()) {
      if (!this.#wanted.has(peer)) this.#wantedAtMs.delete(peer);
    }
    this.#tellWishes();
    this.#wake();
  }

  linkUp(link: Link): void {
    if (this.#bootstrap.has(link.peer)) this.#met.add(link.peer);
    if (this.#reunion === link.peer) this.#reunion = undefined;
    this.#components.links.get(link.peer)?.wish(this.#isWanted(link.peer));
    this.#wake();
  }

  linkLost(peer: PeerId, how: LinkLoss, livedMs: number): void {
    if (livedMs >= stableMs) this.#backoff.forget(peer);
    if (livedMs < stableMs || how !== 'closed') {
      this.#backoff.failed(peer, how, performance.now());
    }
    this.#wake();
  }

  /** A peer that showed itself on the LAN. */
  introduce(peer: PeerId): void {
    const { links, self } = this.#components;
    if (peer === self || !this.#running || links.size >= introductionsBelow) return;
    if (this.#backoff.notBeforeMs(peer) <= performance.now()) void this.#dial(peer);
  }

  /** Links a peer to which frames wait, or gives them up. */
  async deliver(peer: PeerId): Promise<void> {
    const outcome = await this.reach(peer);
    if (outcome !== 'linked') this.#components.links.giveUp(peer, outcome);
  }

  /** A link to this peer now, or why there is none. */
  async reach(peer: PeerId): Promise<'linked' | LinkLoss | 'unknown'> {
    if (this.#components.links.get(peer) !== undefined) return 'linked';
    const { dialler } = this.#components;
    const recent = this.#backoff.failedWithin(peer, sendAgainMs, performance.now());
    if (recent !== undefined && !dialler.isDialling(peer)) return recent;
    return this.#running ? this.#dial(peer) : 'closed';
  }

  /** To be called about once a second. */
  tick(nowMs: number): void {
    const { links, limits, log } = this.#components;
    this.#tellWishes();
    if (nowMs >= this.#reunionAtMs) this.#seekReunion(nowMs);
    this.#wake();
    if (this.#wanted === undefined) return;
    for (const link of links.all()) {
      if (link.wished || nowMs - link.busyAtMs < limits.surplusAfterMs) continue;
      if (link.channel === undefined || link.channel.otherStreams > 0) continue;
      if (link.openCalls > 0) continue;
      log.debug('closing a link that nobody wants', { peer: link.peer });
      void links.close(link.peer, 1000);
    }
  }

  /**
   * Now and then somebody known of old is dialled who has no link: halves of a cloud that believe each other dead would
   * otherwise never speak again. One dial in half a minute is all that it costs.
   */
  #seekReunion(nowMs: number): void {
    const { book, links, limits } = this.#components;
    this.#reunionAtMs = nowMs + limits.reunionMs * (0.75 + Math.random() / 2);
    const old = new Set([...this.#bootstrap.keys(), ...book.peers().map(({ peer }) => peer)]);
    const absent = [...old].filter((peer) => links.get(peer) === undefined);
    this.#reunion = absent[Math.floor(Math.random() * absent.length)];
  }

  #isWanted(peer: PeerId): boolean {
    return this.#wanted === undefined || this.#wanted.has(peer);
  }

  #tellWishes(): void {
    for (const link of this.#components.links.all()) link.wish(this.#isWanted(link.peer));
  }

  /** Dials whoever is due, and comes back when the next one is. */
  #wake(): void {
    if (!this.#running) return;
    clearTimeout(this.#timer);
    const { links, dialler, limits } = this.#components;
    const nowMs = performance.now();
    let nextMs = Infinity;
    for (const peer of this.#candidates()) {
      if (links.size + dialler.running >= limits.linksMax) break;
      if (links.get(peer) !== undefined || dialler.isDialling(peer)) continue;
      const dueMs = Math.max(this.#backoff.notBeforeMs(peer), this.#courtesyEndMs(peer));
      // Whoever waits for a free dial is woken by the end of one, or by the next tick.
      if (dueMs > nowMs) nextMs = Math.min(nextMs, dueMs);
      else if (dialler.running < limits.dialsMax) void this.#dial(peer);
    }
    if (nextMs === Infinity) return;
    this.#timer = setTimeout(() => this.#wake(), Math.max(1, nextMs - nowMs));
  }

  /** With no link at all there is no time for courtesy. */
  #courtesyEndMs(peer: PeerId): number {
    const wantedAtMs = this.#wantedAtMs.get(peer);
    if (wantedAtMs === undefined || this.#components.links.size === 0) return 0;
    return wantedAtMs + courtesyMs * (0.5 + Math.random());
  }

  #candidates(): readonly PeerId[] {
    const { book, links, self } = this.#components;
    const wanted = [...(this.#wanted ?? [])].filter((peer) => this.#addresses(peer).length > 0);
    if (links.size > 0) {
      // A few that started together may have found each other and nobody else: a link is not yet the cloud.
      const unmet = [...this.#bootstrap.keys()].filter((peer) => !this.#met.has(peer));
      const reunion = this.#reunion === undefined ? [] : [this.#reunion];
      return [...new Set([...wanted, ...unmet, ...reunion])];
    }
    const remembered = book
      .peers()
      .slice(0, rememberedMax)
      .map(({ peer }) => peer);
    return [...new Set([...this.#bootstrap.keys(), ...wanted, ...remembered])].filter(
      (peer) => peer !== self,
    );
  }

  #addresses(peer: PeerId): readonly string[] {
    const known = this.#components.book.addresses(peer);
    const configured = this.#bootstrap.get(peer) ?? [];
    return [...known, ...configured.filter((address) => !known.includes(address))];
  }

  async #dial(peer: PeerId): Promise<'linked' | LinkLoss | 'unknown'> {
    const { dialler, limits, log } = this.#components;
    const outcome = await dialler.dial(peer, {
      addresses: this.#addresses(peer),
      timeoutMs: limits.dialMs,
    });
    const result = lossOf(outcome);
    if (result !== 'linked' && this.#running) {
      log.debug('dial failed', { peer, outcome });
      this.#backoff.failed(peer, result, performance.now());
    }
    // The dialler counts this dial until its promise has settled everywhere.
    setImmediate(() => this.#wake());
    return result;
  }
}

function lossOf(outcome: DialOutcome): 'linked' | LinkLoss | 'unknown' {
  return outcome === 'rejected' ? 'reset' : outcome;
}

function byPeer(
  bootstrap: readonly string[],
  { log, self }: KeeperComponents,
): ReadonlyMap<PeerId, readonly string[]> {
  const peers = new Map<PeerId, string[]>();
  for (const text of bootstrap) {
    const address = parseAddress(text);
    if (address?.peer === undefined) {
      log.warn('bootstrap address ignored: it is not of the form /ip4/HOST/tcp/PORT/p2p/ID', {
        address: text,
      });
    } else if (address.peer !== self) {
      peers.set(address.peer, [...(peers.get(address.peer) ?? []), address.text]);
    }
  }
  return peers;
}
