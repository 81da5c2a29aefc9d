import type { ApiObject } from '../object.ts';
import type { Uid } from '../ids.ts';

/** Lost is derived: the peer that ran it is dead. Backoff: it exited and waits to be started again. */
export type InstanceState =
  | 'Pending'
  | 'Starting'
  | 'Running'
  | 'Backoff'
  | 'Stopping'
  | 'Succeeded'
  | 'Failed'
  | 'Lost';

/** A thing that runs on one peer for one slice; its only writer is that peer. Name: `<slice>-<peer>`. */
export interface InstanceSpec {
  readonly slice: { readonly name: string; readonly uid: Uid };
  readonly peer: string;
  readonly peerId: string;
  readonly index: number;
  readonly driver: string;
  readonly templateHash: string;
}

export interface InstanceStatus {
  readonly peer: string;
  readonly state: InstanceState;
  readonly ready: boolean;
  readonly pid?: number;
  readonly startedAt?: string;
  readonly ports?: Readonly<Record<string, number>>;
  readonly restarts: number;
  readonly exitCode?: number;
  readonly signal?: string;
  readonly reason?: string;
  readonly message?: string;
}

export type Instance = ApiObject<InstanceSpec, InstanceStatus>;
