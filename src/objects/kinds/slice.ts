import type { ApiObject } from '../object.ts';
import type { Condition } from '../condition.ts';

export interface MatchExpression {
  readonly key: string;
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist' | 'Gt' | 'Lt';
  readonly values?: readonly string[];
}

/** Hard constraints on a peer's labels and attributes; attribute names are reserved and win over labels. */
export interface PeerSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly MatchExpression[];
}

export interface RankTerm {
  readonly attribute: string;
  /** Integer; negative means less is better. Default 1. */
  readonly weight?: number;
}

export interface SliceRank {
  readonly by?: readonly RankTerm[];
  /** 1..100: only the best part of those that fit `where`. */
  readonly topPercent?: number;
}

export interface InstancePort {
  readonly name: string;
}

export interface Readiness {
  readonly exec: { readonly command: readonly string[] };
  readonly periodSeconds?: number;
  readonly timeoutSeconds?: number;
  readonly initialDelaySeconds?: number;
  readonly failureThreshold?: number;
}

export interface EnvVar {
  readonly name: string;
  readonly value?: string;
}

/** What runs on each member. */
export interface InstanceTemplateSpec {
  /** Omitted: the strongest the member has and its policy allows. */
  readonly driver?: string;
  readonly command: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly EnvVar[];
  readonly workingDir?: string;
  /** Default `Always`. */
  readonly restartPolicy?: 'Always' | 'OnFailure' | 'Never';
  readonly ports?: readonly InstancePort[];
  readonly readiness?: Readiness;
  /** Seconds between the polite signal and SIGKILL. Default 10. */
  readonly terminationGracePeriodSeconds?: number;
}

export interface InstanceTemplate {
  readonly metadata?: {
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: InstanceTemplateSpec;
}

/** The wish: a named set of peers, and what runs on each of them. Exactly one of `size` and `percent`. */
export interface SliceSpec {
  /** 0..10000 */
  readonly size?: number;
  /** 1..100, of the live peers; desired = max(1, ceil(percent / 100 × live)). */
  readonly percent?: number;
  readonly where?: PeerSelector;
  readonly rank?: SliceRank;
  /** Names of peers that shall not be members. */
  readonly exclude?: readonly string[];
  /** How long the place of a reset daemon is kept for its return: a duration (`1500ms`, the default). */
  readonly replaceAfter?: string;
  readonly onPartition?: 'RunBoth';
  /** None: the peers are reserved and nothing runs. */
  readonly template?: InstanceTemplate;
}

/**
 * Offered claims are not members. Held: has the place, nothing ready yet. Running: its instance runs and is not
 * ready. Ready: what was asked for is there (with no template, the place itself). Away: its daemon said that it
 * stops and the place is kept. Leaving: it gives the place back.
 */
export type MemberState =
  | 'Held'
  | 'Running'
  | 'Ready'
  | 'Away'
  | 'Leaving'
  | 'Failed'
  | 'Succeeded';

export interface SliceMember {
  /** The peer's name. */
  readonly peer: string;
  readonly state: MemberState;
  readonly index: number;
  readonly instance?: string;
}

/** Derived on every peer by one pure function, never stored. */
export interface SliceStatus {
  readonly observedGeneration?: number;
  readonly specHash: string;
  readonly desiredMembers: number;
  /** Held claims of live peers. */
  readonly heldMembers: number;
  readonly readyMembers: number;
  readonly members: readonly SliceMember[];
  /** Label selector of its instances, for `/scale`. */
  readonly selector: string;
  readonly conditions: readonly Condition[];
}

export type Slice = ApiObject<SliceSpec, SliceStatus>;
