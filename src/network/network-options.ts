import type { Crypto } from '../lib/crypto.ts';
import type { CloudId } from '../objects/ids.ts';
import type { PeerCredential } from '../trust/certificates.ts';
import type { AddressBookStore } from './address-book.ts';
import type { NetworkEvents } from './network.ts';

/** What the network tells its log; the daemon's logger fits. */
export interface NetworkLog {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

export interface NetworkOptions {
  /** Ed25519 seed, 32 bytes, of the key that `credential.peer` certifies. */
  readonly privateKeySeed: Uint8Array;
  readonly credential: PeerCredential;
  readonly cloudId: CloudId;
  /** Must exceed that of every earlier start of this peer. */
  readonly boot: number;
  /** Multiaddresses; port 0 lets the system choose. */
  readonly listen: readonly string[];
  /** Multiaddresses with `/p2p/ID`: dialled until there is a link, and again whenever there is none. */
  readonly bootstrap: readonly string[];
  /** Where known addresses outlive the process; without it they do not. */
  readonly addressBook?: AddressBookStore;
  /** Looks for peers of this cloud on the LAN; tells the LAN our addresses and a piece of the cloud id. */
  readonly mdns: boolean;
  readonly crypto: Crypto;
  readonly log: NetworkLog;
  readonly events: NetworkEvents;
  /** Version of the software, for the other side's log. */
  readonly version: string;
  readonly limits?: Partial<NetworkLimits>;
}

/** Every bound of the network, and how long it waits for what. */
export interface NetworkLimits {
  /** Links held at once. More costs 150 kB each; fewer makes a large cloud's gossip dial. */
  readonly linksMax: number;
  /** Connections that have not said hello; beyond it the newest are closed. */
  readonly strangersMax: number;
  /** Connections a second from one IP address. All daemons of a local cloud, or of an office, share one. */
  readonly connectionsPerSecondPerIp: number;
  /** One frame, its family byte included. */
  readonly frameBytesMax: number;
  /** Queued for one peer; more is `overflow`. */
  readonly queueBytesMax: number;
  /** Peers that messages wait for while they are dialled. */
  readonly queuedPeersMax: number;
  /** A peer that sends faster than this is read more slowly. */
  readonly framesPerSecond: number;
  readonly bytesPerSecond: number;
  /** From the connection to a hello that passed. */
  readonly helloMs: number;
  /** One dial over all addresses of a peer. */
  readonly dialMs: number;
  /** From a broken connection to the verdict, if no redial gave one. */
  readonly recoverMs: number;
  /** First and longest pause between two dials of one peer. */
  readonly backoffFirstMs: number;
  readonly backoffMaxMs: number;
  /** Dials under way that are not recoveries. */
  readonly dialsMax: number;
  /** Mean pause between two dials of somebody known of old without a link. */
  readonly reunionMs: number;
  /** A link that neither side wants is closed after so long without a frame. */
  readonly surplusAfterMs: number;
  /** Writes that make no progress for so long end the link. */
  readonly stuckMs: number;
  /** How often what is due is looked for: pings, stuck writes, links that nobody wants. */
  readonly tickMs: number;
  /** Mean pause between two pings of one link. */
  readonly pingEveryMs: number;
  /** Relayed calls at once per peer, each way. */
  readonly relaysPerPeerMax: number;
  /** A relayed request's body. */
  readonly relayBodyBytesMax: number;
  /** One chunk of a relayed answer. */
  readonly relayChunkBytesMax: number;
}

export const defaultLimits: NetworkLimits = {
  linksMax: 120,
  strangersMax: 50,
  connectionsPerSecondPerIp: 100,
  frameBytesMax: 512 * 1024,
  queueBytesMax: 4 * 1024 * 1024,
  queuedPeersMax: 64,
  framesPerSecond: 20_000,
  bytesPerSecond: 32 * 1024 * 1024,
  helloMs: 3_000,
  dialMs: 5_000,
  recoverMs: 2_000,
  backoffFirstMs: 100,
  backoffMaxMs: 30_000,
  dialsMax: 8,
  reunionMs: 30_000,
  surplusAfterMs: 30_000,
  stuckMs: 10_000,
  tickMs: 1_000,
  pingEveryMs: 20_000,
  relaysPerPeerMax: 16,
  relayBodyBytesMax: 1024 * 1024,
  relayChunkBytesMax: 16 * 1024 * 1024,
};
