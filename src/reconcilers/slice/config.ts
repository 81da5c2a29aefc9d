/**
 * The nine rules that make self-selection exact, each of which can be taken out so that its test can be seen to fail.
 * A daemon keeps all of them.
 */
export interface AllocatorRules {
  /** 1. Read the claims of rivals and neighbours before holding a place. */
  readonly readBeforeHold: boolean;
  /** 2. Settle for twice the dissemination time: an Offer must travel, and the Held that answers it. */
  readonly settleTwice: boolean;
  /** 3. Claimants tell each other directly, and an Offer is answered with one's own claim. */
  readonly claimantsTalk: boolean;
  /** 4. A timer that fired late is not a timer: settle again by half. */
  readonly lateGuard: boolean;
  /** 5. Among Held claims seniority goes before score. */
  readonly seniority: boolean;
  /** 6. A claim belongs to one boot; a new boot syncs before it claims. */
  readonly bootBound: boolean;
  /** 7. Volunteering is delayed by the logarithm of one's position among the free eligible peers. */
  readonly logDelay: boolean;
  /** 8. A free peer volunteers only for the first short slice that it fits. */
  readonly sliceOrder: boolean;
}

export interface AllocatorConfig {
  /** Unit of the volunteer delay, ms. More: fewer spare Offers; less: faster fills. */
  readonly tauMs: number;
  /** Spreads equal delays, ms. */
  readonly jitterMs: number;
  /** Least settle time, ms: twice the time in which news reaches every peer of a quiet network. */
  readonly settleMs: number;
  /** Settle is at least this many one-way latencies (p99). */
  readonly settleLatencies: number;
  /** Slices of more places than this settle longer … */
  readonly largeSlicePlaces: number;
  /** … by this, ms. */
  readonly largeSliceMs: number;
  /** No measured latency makes settling longer than this, ms. */
  readonly settleLongestMs: number;
  readonly readDeadlineMs: number;
  /** Answers after which a read is complete. */
  readonly readEnough: number;
  readonly readRivals: number;
  readonly readNeighbours: number;
  /** A timer is late after this, ms. */
  readonly lateGuardMs: number;
  /** After so many late timers in a row a machine is slow, not stalled; the read must do. */
  readonly lateTimersMax: number;
  /** Claimants to whom a claim is sent directly. */
  readonly directSendsMax: number;
  /** How long a member that merge or luck made surplus waits before it leaves, ms. */
  readonly surplusGraceMs: number;
  /** After this a boot volunteers without having synced, ms: all may have started at once. */
  readonly syncLimitMs: number;
  /** How long the place of a daemon that died by a reset is kept; `spec.replaceAfter` overrides it, ms. */
  readonly replaceAfterMs: number;
  /** How long the place of a daemon that announced its stop is kept at most, ms. */
  readonly awayLongestMs: number;
  /** How long a claim may be ahead of the failure detector's news of its peer, ms: also the time in which the holders of a cloud that was down come back. */
  readonly strangerMs: number;
  /** After a withdrawal: uniform between these two, in settle times. */
  readonly backoffSettles: readonly [number, number];
  /** How long the population must differ before a percent slice follows it, ms. */
  readonly populationHoldMs: number;
  readonly rules: AllocatorRules;
}

/** For one site: links of 1-20 ms. */
export const lanAllocator: AllocatorConfig = {
  tauMs: 100,
  jitterMs: 20,
  settleMs: 200,
  settleLatencies: 8,
  largeSlicePlaces: 64,
  largeSliceMs: 150,
  settleLongestMs: 3000,
  readDeadlineMs: 120,
  readEnough: 2,
  readRivals: 2,
  readNeighbours: 2,
  lateGuardMs: 50,
  lateTimersMax: 10,
  directSendsMax: 16,
  surplusGraceMs: 300,
  syncLimitMs: 2000,
  replaceAfterMs: 1500,
  awayLongestMs: 60_000,
  strangerMs: 10_000,
  backoffSettles: [1, 3],
  populationHoldMs: 30_000,
  rules: {
    readBeforeHold: true,
    settleTwice: true,
    claimantsTalk: true,
    lateGuard: true,
    seniority: true,
    bootBound: true,
    logDelay: true,
    sliceOrder: true,
  },
};

/** For links of 50-100 ms. */
export const wanAllocator: AllocatorConfig = {
  ...lanAllocator,
  tauMs: 400,
  jitterMs: 100,
  settleMs: 700,
  readDeadlineMs: 600,
  surplusGraceMs: 1200,
  syncLimitMs: 6000,
  replaceAfterMs: 3000,
};
