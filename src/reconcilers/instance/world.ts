import type { Instance } from '../../objects/kinds/instance.ts';
import type { InstanceTemplate } from '../../objects/kinds/slice.ts';
import type { PeerId, PeerName, Uid } from '../../objects/ids.ts';
import type { RolloutMember } from './rollout.ts';

export interface SliceName {
  readonly uid: Uid;
  readonly namespace: string;
  readonly name: string;
}

/** One place that this peer has in a slice: a reason for work to run here. There is no other. */
export interface Place {
  readonly slice: SliceName;
  /**
   * held: my claim of this boot is Held and not leaving; the work shall run. kept: the place is still open to work of
   * an earlier boot (syncing, or offered again); what runs may go on, nothing is started, restarted or replaced.
   */
  readonly hold: 'held' | 'kept';
  /** From the claim; undefined only while kept. */
  readonly index?: number;
  /** Undefined: the place is reserved and nothing runs (held), or the slice is not known yet (kept). */
  readonly template?: InstanceTemplate;
  /** Of the template's spec; there when the template is. */
  readonly templateHash?: string;
  /** Drivers that the policies of this machine let the slice's owner use. */
  readonly allowedDrivers: readonly string[];
  /** The slice's other members, for a rolling replacement. */
  readonly members: readonly RolloutMember[];
}

/** What the instances of this peer are decided from. */
export interface InstanceWorld {
  readonly peer: PeerName;
  readonly peerId: PeerId;
  readonly places: readonly Place[];
  /** The Instance objects that this peer has written, of whatever boot. */
  readonly records: readonly Instance[];
}

/** A driver of this machine. */
export interface AvailableDriver {
  readonly name: string;
  readonly healthy: boolean;
  readonly message?: string;
}

/** One instance that a driver of this machine has, and of which slice it is. */
export interface FoundWork {
  readonly driver: string;
  readonly id: string;
  readonly slice: SliceName;
  readonly index: number;
  readonly state: 'starting' | 'running' | 'exited';
  readonly pid?: number;
  readonly startedAt?: string;
  readonly exit?: { readonly code?: number; readonly signal?: string; readonly reason?: string };
  readonly ports: Readonly<Record<string, number>>;
  readonly templateHash: string;
  /** Its own grace period, also when the template says another by now. */
  readonly graceMs: number;
  /** As they were when it was started. */
  readonly restarts: number;
  readonly failures: number;
}

/**
 * none: nothing of this slice runs here and nothing will start. running: something does, or may start at any moment.
 * stopping: it was told to stop and may still run.
 */
export type WorkState = 'none' | 'running' | 'stopping';
