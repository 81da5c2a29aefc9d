import type { ApiObject } from '../object.ts';

/** Read-only; the one object is named `cloud`. Aggregated by gossip (Jelasity et al., TOCS 2005). */
export interface CloudStatusStatus {
  readonly cloudId: string;
  /** Aggregated number of live peers, rounded. */
  readonly size: number;
  /** Aggregated number of peers that are in no slice, rounded. */
  readonly freePeers: number;
  readonly slices: number;
  /** Mean of the peers' load attribute (runnable tasks a core), two decimals, as a string. */
  readonly meanLoad: string;
  /** Peers this peer knows by name, per state. */
  readonly known: {
    readonly alive: number;
    readonly suspect: number;
    readonly away: number;
    readonly dead: number;
  };
  readonly epoch: number;
}

export type CloudStatus = ApiObject<never, CloudStatusStatus>;
