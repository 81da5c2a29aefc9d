import type { ApiObject } from '../object.ts';

export interface PeerDriver {
  readonly name: string;
  readonly healthy: boolean;
  readonly message?: string;
}

/** What a machine says of itself. `metadata.name` is the name in its certificate; labels are its owner's. */
export interface PeerSpec {
  readonly owner: string;
  readonly peerId: string;
  readonly addresses: readonly string[];
}

/** Alive, Suspect (probes fail), Away (its daemon said that it stops), Dead: as the serving peer sees it. */
export type PeerState = 'Alive' | 'Suspect' | 'Away' | 'Dead' | 'Unknown';

export interface PeerStatus {
  /** Numbers as quantities: cores, cpuScore, memory, disk, uptime, load. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly drivers: readonly PeerDriver[];
  readonly version: string;
  readonly boot: number;
  readonly startedAt: string;
  /** Derived by the serving peer: */
  readonly state?: PeerState;
  readonly slice?: string;
  readonly incarnation?: number;
}

export type Peer = ApiObject<PeerSpec, PeerStatus>;
